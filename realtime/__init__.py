"""Live segmentation of irises, eyes and lips: numpy, OpenCV and ONNX Runtime only."""

__version__ = "0.1.0"
