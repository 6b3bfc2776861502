"""The MediaPipe Face Landmarker: 478 points for each face of a photo, and which of them outline what."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage
from realtime.core.regions import Region

LANDMARKER_URL = (
    "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1/face_landmarker.task"
)
LANDMARKER_SHA256 = "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff"
MAX_FACES = 6
PAD_SHARES = (0.0, 0.4, 1.0)
"""Border added around the photo on each try, as a share of its longer side: tight crops need room around the face."""

Landmarks = npt.NDArray[np.float64]
"""(478, 2) points (x, y) in photo pixels."""

# Source of every index list: FACEMESH_RIGHT_EYE, FACEMESH_LEFT_EYE, FACEMESH_*_IRIS and FACEMESH_LIPS in
# mediapipe/python/solutions/face_mesh_connections.py, joined end to end. Left and right are the subject's own.
EYE_OUTLINE = {
    Region.RIGHT_EYE: (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    Region.LEFT_EYE: (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
}
IRIS_OF_EYE = {Region.RIGHT_EYE: Region.RIGHT_IRIS, Region.LEFT_EYE: Region.LEFT_IRIS}
IRIS_CENTER = {Region.RIGHT_IRIS: 468, Region.LEFT_IRIS: 473}
IRIS_EDGE = {Region.RIGHT_IRIS: (469, 470, 471, 472), Region.LEFT_IRIS: (474, 475, 476, 477)}
RIGHT_EAR, LEFT_EAR = 234, 454
"""Of FACEMESH_FACE_OVAL, before the ears."""
UPPER_LIP_TOP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_LIP_BOTTOM = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP_TOP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_LIP_BOTTOM = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
MOUTH_OUTLINE = UPPER_LIP_TOP + LOWER_LIP_BOTTOM[-2:0:-1]
EYE_POINTS = [index for outline in (*EYE_OUTLINE.values(), *IRIS_EDGE.values()) for index in outline]
MOUTH_POINTS = [*UPPER_LIP_TOP, *LOWER_LIP_BOTTOM[1:-1], *UPPER_LIP_BOTTOM, *LOWER_LIP_TOP[1:-1]]
"""Every landmark that eyes and irises, and lips, are drawn from, each once."""


def fetch_landmarker(path: Path | None) -> Path:
    """The landmarker's model file: the one given, else Google's, downloaded once and checked.

    Raises:
        FileNotFoundError: `path` is not a file.
        OSError, ValueError: the download failed, or has another SHA-256.
    """
    if path is None:
        import pooch

        cache = pooch.os_cache("eye-lip-segmenter")
        return Path(pooch.retrieve(LANDMARKER_URL, f"sha256:{LANDMARKER_SHA256}", "face_landmarker.task", cache))
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such face landmarker file")
    return path


class FaceLandmarker(AbstractContextManager["FaceLandmarker"]):
    """MediaPipe Face Landmarker (Tasks API, mediapipe >= 1.2) on single photos. Holds native memory until closed."""

    def __init__(self, model: Path) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        ignore_profiling()
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=model.read_bytes()), num_faces=MAX_FACES
        )
        with silent_stderr():
            self._landmarker = vision.FaceLandmarker.create_from_options(options)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._landmarker.close()

    def find(self, photo_bgr: BgrImage) -> list[Landmarks]:
        """The landmarks of every face, tried with more and more border until one is found; empty where none is."""
        return [points[:, :2] for points in self.find_in_depth(photo_bgr)]

    def find_in_depth(self, photo_bgr: BgrImage) -> list[npt.NDArray[np.float64]]:
        """(478, 3) of every face, as `find` finds them: the third number grows away from the camera, in pixels too."""
        for pad_share in PAD_SHARES:
            pad = round(pad_share * max(photo_bgr.shape[:2]))
            padded = cv2.copyMakeBorder(photo_bgr, pad, pad, pad, pad, cv2.BORDER_CONSTANT)
            faces = self._find_once(BgrImage(padded))
            if faces:
                return [points - (pad, pad, 0) for points in faces]
        return []

    def _find_once(self, photo_bgr: BgrImage) -> list[npt.NDArray[np.float64]]:
        import mediapipe

        rgb = np.ascontiguousarray(photo_bgr[:, :, ::-1])
        found = self._landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb))
        size = (photo_bgr.shape[1], photo_bgr.shape[0], photo_bgr.shape[1])  # depth is told in widths
        return [np.array([(point.x, point.y, point.z) for point in face]) * size for face in found.face_landmarks]


def head_yaw_deg(points: npt.NDArray[np.float64]) -> float:
    """How far a head is turned aside, in degrees; above 0 its left side is away from the camera.

    Args:
        points: (478, 3), as `FaceLandmarker.find_in_depth` finds them.
    """
    across = points[LEFT_EAR] - points[RIGHT_EAR]
    return float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1]))))


def ignore_profiling() -> None:
    """Tell Python, too, that SIGPROF is ignored.

    MediaPipe (1.2) sends it to its own process and, for that, ignores it in native code, once. Lightning ends each run
    by putting every signal back to what Python knows of it: the next landmarker would end the program without a word.
    """
    if hasattr(signal, "SIGPROF") and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGPROF, signal.SIG_IGN)


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Keep native code's own lines off the terminal: MediaPipe's start-up logs before its log level can be set."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


# Source: the canonical face in MediaPipe's Face Landmarker file (geometry_pipeline_metadata_landmarks.binarypb).
# Its 468 points are symmetric to the last bit: each is paired with the one at (-x, y, z), 28 on the midline with
# themselves. Irises, which it lacks: centre with centre, and the edge's right, top, left, bottom with left, top, right,
# bottom.
# fmt: off
MIRRORED = np.array([
    0, 1, 2, 248, 4, 5, 6, 249, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 250, 251, 252, 253, 254, 255, 256,
    257, 258, 259, 260, 261, 262, 263, 264, 265, 266, 267, 268, 269, 270, 271, 272, 273, 274, 275, 276, 277, 278,
    279, 280, 281, 282, 283, 284, 285, 286, 287, 288, 289, 290, 291, 292, 293, 294, 295, 296, 297, 298, 299, 300,
    301, 302, 303, 304, 305, 306, 307, 308, 309, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 322,
    323, 94, 324, 325, 326, 327, 328, 329, 330, 331, 332, 333, 334, 335, 336, 337, 338, 339, 340, 341, 342, 343,
    344, 345, 346, 347, 348, 349, 350, 351, 352, 353, 354, 355, 356, 357, 358, 359, 360, 361, 362, 363, 364, 365,
    366, 367, 368, 369, 370, 371, 372, 373, 374, 375, 376, 377, 378, 379, 151, 152, 380, 381, 382, 383, 384, 385,
    386, 387, 388, 389, 390, 164, 391, 392, 393, 168, 394, 395, 396, 397, 398, 399, 175, 400, 401, 402, 403, 404,
    405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 195, 419, 197, 420, 199, 200, 421, 422,
    423, 424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 435, 436, 437, 438, 439, 440, 441, 442, 443, 444,
    445, 446, 447, 448, 449, 450, 451, 452, 453, 454, 455, 456, 457, 458, 459, 460, 461, 462, 463, 464, 465, 466,
    467, 3, 7, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44,
    45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72,
    73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 95, 96, 97, 98, 99, 100,
    101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122,
    123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141, 142, 143, 144,
    145, 146, 147, 148, 149, 150, 153, 154, 155, 156, 157, 158, 159, 160, 161, 162, 163, 165, 166, 167, 169, 170,
    171, 172, 173, 174, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193,
    194, 196, 198, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216, 217, 218, 219,
    220, 221, 222, 223, 224, 225, 226, 227, 228, 229, 230, 231, 232, 233, 234, 235, 236, 237, 238, 239, 240, 241,
    242, 243, 244, 245, 246, 247, 473, 476, 475, 474, 477, 468, 471, 470, 469, 472,
])
# fmt: on
"""(478,) landmark i of a mirrored photo shows what landmark MIRRORED[i] shows in the photo itself."""
