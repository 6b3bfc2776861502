"""Turn a trained checkpoint into the ONNX file that the live program loads."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # as in realtime, whose import may come after ONNX Runtime's
