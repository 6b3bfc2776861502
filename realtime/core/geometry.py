"""Where the crop lies in the frame: the similarity transform between the two, both ways.

Convention: points are (x, y) in pixels and the first pixel's centre is (0.5, 0.5). OpenCV puts that
centre at (0, 0); `CropTransform.pixel_matrix` is the one place that converts.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NewType, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
"""(K, 2) points (x, y) in pixels. A face is K = 3: right eye, left eye, mouth centre."""

Box = tuple[int, int, int, int]
"""box_xyxy in whole pixels: left, top, and the first column and row that are outside."""

CROP_SIZE_WH = (178, 218)
PixelType = TypeVar("PixelType", np.uint8, np.float32)


@dataclass(frozen=True)
class CropLayout:
    """Where a face stands in the crop: the middle between the eyes, and the two lengths that bound the scale."""

    name: str
    mid_eye_px: tuple[float, float]
    eye_distance_px: float
    eye_to_mouth_px: float

    @cached_property
    def points_px(self) -> Points:
        """(3, 2) where right eye, left eye and mouth stand in the crop if the face fits; read-only."""
        (x, y), half = self.mid_eye_px, self.eye_distance_px / 2
        points = np.array([[x - half, y], [x + half, y], [x, y + self.eye_to_mouth_px]])
        points.setflags(write=False)
        return points


TIGHT = CropLayout("tight", (89.0, 88.0), 66.0, 74.0)
CELEBA = CropLayout("celeba", (89.0, 112.0), 39.0, 42.0)
LAYOUTS = {layout.name: layout for layout in (TIGHT, CELEBA)}


@dataclass(frozen=True)
class CropTransform:
    """A similarity transform: rotate the frame about the mid-eye point, scale it, shift it into the crop.

    Attributes:
        mid_eye_px: the point between the eyes, in the frame.
        scale: crop pixels per frame pixel.
        angle_rad: direction of the eye line (right eye to left eye) in the frame, clockwise as seen (y down).
        layout: where the mid-eye point goes in the crop.
    """

    mid_eye_px: tuple[float, float]
    scale: float
    angle_rad: float
    layout: CropLayout = TIGHT

    @classmethod
    def from_points(cls, face_points: Points, layout: CropLayout = TIGHT) -> "CropTransform":
        """The crop of a face.

        Args:
            face_points: (3, 2) right eye, left eye and mouth centres in frame pixels; right is the subject's own.
            layout: the crop layout of the model that will see it.

        Raises:
            ValueError: the points are not finite, or two of them fall together.
        """
        right_eye, left_eye, mouth = np.asarray(face_points, np.float64)
        mid_eye = (right_eye + left_eye) / 2
        eye_distance = math.dist(right_eye, left_eye)
        mouth_distance = math.dist(mid_eye, mouth)
        if not (math.isfinite(eye_distance + mouth_distance) and min(eye_distance, mouth_distance) > 1e-6):
            raise ValueError(f"no face can have these three points: {np.asarray(face_points).tolist()}")
        dx, dy = left_eye - right_eye
        scale = min(layout.eye_distance_px / eye_distance, layout.eye_to_mouth_px / mouth_distance)
        return cls((float(mid_eye[0]), float(mid_eye[1])), scale, math.atan2(dy, dx), layout)

    @cached_property
    def matrix(self) -> npt.NDArray[np.float64]:
        """(2, 3) frame to crop, in this module's convention; read-only."""
        cos, sin = self.scale * math.cos(self.angle_rad), self.scale * math.sin(self.angle_rad)
        linear = np.array([[cos, sin], [-sin, cos]])
        shift = np.array(self.layout.mid_eye_px) - linear @ np.array(self.mid_eye_px)
        matrix = np.column_stack([linear, shift])
        matrix.setflags(write=False)
        return matrix

    @cached_property
    def pixel_matrix(self) -> npt.NDArray[np.float64]:
        """(2, 3) frame to crop for cv2.warpAffine, whose first pixel's centre is (0, 0); read-only."""
        matrix = shift_matrix(self.matrix, by=0.5)
        matrix.setflags(write=False)
        return matrix

    @property
    def face_points(self) -> Points:
        """(3, 2) where right eye, left eye and mouth are in the frame if the face fits its crop."""
        return self.to_frame(self.layout.points_px)

    def to_crop(self, points: Points) -> Points:
        """(K, 2) frame points, as crop points."""
        return points @ self.matrix[:, :2].T + self.matrix[:, 2]

    def to_frame(self, points: Points) -> Points:
        """(K, 2) crop points, as frame points."""
        return (points - self.matrix[:, 2]) @ self.matrix[:, :2] / self.scale**2

    def frame_box(self, frame_wh: tuple[int, int], crop_box: Box = (0, 0, *CROP_SIZE_WH)) -> Box | None:
        """The box of the frame around the crop, or around a box of it; None where that lies outside the frame."""
        left, top, right, bottom = crop_box
        cos, sin = math.cos(self.angle_rad) / self.scale, math.sin(self.angle_rad) / self.scale
        (mid_x, mid_y), (x, y) = self.mid_eye_px, self.layout.mid_eye_px
        along, across = (cos * (left - x), cos * (right - x)), (sin * (left - x), sin * (right - x))
        back, down = (-sin * (top - y), -sin * (bottom - y)), (cos * (top - y), cos * (bottom - y))
        box = (  # in plain numbers: numpy takes far longer for four corners
            max(0, math.floor(mid_x + min(along) + min(back))),
            max(0, math.floor(mid_y + min(across) + min(down))),
            min(frame_wh[0], math.ceil(mid_x + max(along) + max(back))),
            min(frame_wh[1], math.ceil(mid_y + max(across) + max(down))),
        )
        return box if box[0] < box[2] and box[1] < box[3] else None


def shift_matrix(matrix: npt.NDArray[np.float64], by: float) -> npt.NDArray[np.float64]:
    """The same (2, 3) map for coordinates that are `by` smaller on both of its sides."""
    shifted = matrix.copy()
    shifted[:, 2] += by * matrix[:, :2].sum(axis=1) - by
    return shifted


def warp_to_frame(
    pixels: npt.NDArray[PixelType],
    crop: CropTransform,
    box_xyxy: Box,
    left_top: tuple[int, int] = (0, 0),
    out: npt.NDArray[PixelType] | None = None,
) -> npt.NDArray[PixelType]:
    """What was computed in the crop, brought to the frame's own place and resolution.

    Args:
        pixels: (218, 178) or (218, 178, K) with K at most 4, or a piece of it; uint8 or float32. Read, never kept.
        crop: where it lies in the frame.
        box_xyxy: the box of the frame that is wanted, in whole pixels.
        left_top: of a piece, its place (x, y) in the crop.
        out: of the result's shape, to write into; a new one where it is not given.

    Returns:
        (h, w) or (h, w, K) of the box's size, bilinear, 0 outside the crop or piece; `out` where it was given.
    """
    left, top, right, bottom = box_xyxy
    matrix = crop.pixel_matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ (left, top) - left_top
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpAffine(pixels, matrix, (right - left, bottom - top), dst=out, flags=flags)
    return cast("npt.NDArray[PixelType]", warped)


BgrImage = NewType("BgrImage", npt.NDArray[np.uint8])
"""(H, W, 3) uint8, blue first, contiguous."""


FINDER_SIDE_PX = 160
"""Side of the square thumbnail that the face finder sees."""


def crop_face(
    frame_bgr: BgrImage,
    crop: CropTransform,
    size_wh: tuple[int, int] = CROP_SIZE_WH,
    out: npt.NDArray[np.uint8] | None = None,
) -> BgrImage:
    """The face turned upright and brought to the crop's size; black where the crop reaches past the frame.

    A crop much smaller than the face in the frame is reduced by area first, or a 4K face would alias.

    Args:
        frame_bgr: (H, W, 3) uint8. Read, never kept.
        crop: where the face is.
        size_wh: the crop's own size; training takes a wider one.
        out: (218, 178, 3) uint8 to write into; a new image where it is not given.

    Returns:
        (218, 178, 3) uint8; `out` where it was given.
    """
    out = np.empty((size_wh[1], size_wh[0], 3), np.uint8) if out is None else out
    frame_wh = (frame_bgr.shape[1], frame_bgr.shape[0])
    reduce = 2 ** max(0, int(math.log2(1 / crop.scale)))
    box = _whole_blocks(crop.frame_box(frame_wh, (0, 0, *size_wh)), reduce, frame_wh)
    if box is None:
        out[:] = 0
        return BgrImage(out)
    left, top, right, bottom = box
    part = frame_bgr[top:bottom, left:right]
    for _ in range(reduce.bit_length() - 1):
        part = cv2.resize(part, (part.shape[1] // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA)
    matrix = crop.pixel_matrix
    shift = (reduce - 1) / 2 + np.array([left, top])  # of a reduced pixel's centre from that of its first pixel
    matrix = np.column_stack([matrix[:, :2] * reduce, matrix[:, :2] @ shift + matrix[:, 2]])
    part = cv2.cvtColor(part, cv2.COLOR_BGR2BGRA)  # OpenCV warps four channels faster than three
    cv2.cvtColor(cv2.warpAffine(part, matrix, size_wh, flags=cv2.INTER_LINEAR), cv2.COLOR_BGRA2BGR, dst=out)
    return BgrImage(out)


def _whole_blocks(box: Box | None, block: int, frame_wh: tuple[int, int]) -> Box | None:
    """The box and a block around it for the interpolation, in whole blocks, which OpenCV halves much faster.

    At the frame's right and bottom edge less than a block is lost, which is less than a pixel of the crop.
    """
    if box is None:
        return None
    left, top = max(0, box[0] - block), max(0, box[1] - block)
    width = (min(frame_wh[0], box[2] + block) - left) // block * block
    height = (min(frame_wh[1], box[3] + block) - top) // block * block
    return (left, top, left + width, top + height) if width and height else None


def thumbnail(frame_bgr: BgrImage, side_px: int = FINDER_SIDE_PX) -> tuple[BgrImage, float]:
    """The whole frame, scaled to fit a square and put in its top left corner; the rest is black.

    Args:
        frame_bgr: (H, W, 3) uint8. Read, never kept.
        side_px: side of the square.

    Returns:
        (side_px, side_px, 3) uint8, and thumbnail pixels per frame pixel. A point (x, y) of the thumbnail
        lies at (x, y) / scale in the frame.
    """
    height, width = frame_bgr.shape[:2]
    scale = side_px / max(height, width)
    size_wh = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = frame_bgr
    while max(small.shape[:2]) >= 2 * side_px and not (small.shape[0] % 2 or small.shape[1] % 2):
        halves = (small.shape[1] // 2, small.shape[0] // 2)  # much faster than one step of any other size
        small = BgrImage(cv2.resize(small, halves, interpolation=cv2.INTER_AREA))
    square = np.zeros((side_px, side_px, 3), np.uint8)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square[: size_wh[1], : size_wh[0]] = cv2.resize(small, size_wh, interpolation=interpolation)
    return BgrImage(square), scale
