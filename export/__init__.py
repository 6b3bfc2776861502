"""Turn a trained checkpoint into the ONNX file that the live program loads."""
