"""Measurements that need more than the runtime, or minutes."""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # as in realtime, whose import may come after ONNX Runtime's
