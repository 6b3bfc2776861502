"""Live segmentation of irises, eyes and lips: numpy, OpenCV and ONNX Runtime only.

from realtime import Segmenter

segmenter = Segmenter()
for face in segmenter(frame_bgr):
    print(face.number, face.polygons)
"""

import os
from typing import TYPE_CHECKING

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # ONNX Runtime 1.29 and later reports home; read as it is imported

if TYPE_CHECKING:
    from realtime.face import Face as Face
    from realtime.segmenter import Segmenter as Segmenter

__version__ = "0.1.0"
__all__ = ["Face", "Segmenter"]


def __getattr__(name: str) -> object:
    """`Segmenter` and `Face`, imported when they are asked for: training needs the core without ONNX Runtime."""
    if name == "Segmenter":
        from realtime.segmenter import Segmenter

        return Segmenter
    if name == "Face":
        from realtime.face import Face

        return Face
    raise AttributeError(f"module 'realtime' has no attribute {name!r}")
