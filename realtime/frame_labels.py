"""Region ids at the frame's own resolution, worked out only where a face's regions can be seen."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import Box, warp_to_frame
from realtime.core.regions import Region
from realtime.face import Face
from realtime.postprocess import label_crop


@dataclass(frozen=True)
class FrameLabels:
    """A box of the frame, and what it shows.

    Attributes:
        box_xyxy: in whole pixels of the frame; outside it all is background.
        ids: (h, w) uint8 region ids of the box.
    """

    box_xyxy: Box
    ids: npt.NDArray[np.uint8]


def frame_labels(face: Face, frame_wh: tuple[int, int]) -> FrameLabels | None:
    """One face's ids in its box of the frame; None where it shows no region inside the frame.

    Probabilities, not ids, are brought to the frame's size, so that edges stay smooth on a large face.
    """
    x, y, width, height = cv2.boundingRect(face.label_map)
    # A pixel more on each side: brought to the frame, a crop pixel reaches half a pixel out.
    crop_box = (x - 1, y - 1, x + width + 1, y + height + 1)
    box = face.transform.frame_box(frame_wh, crop_box) if width else None
    if box is None:
        return None
    in_frame = np.stack([warp_to_frame(prob, face.transform, box) for prob in face.probs])
    return FrameLabels(box, label_crop(in_frame, face.regions))


def frame_label_map(faces: Iterable[Face], frame_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 region ids of the whole frame; where faces overlap, the later one is on top."""
    return whole_label_map((frame_labels(face, frame_wh) for face in faces), frame_wh)


def whole_label_map(boxes: Iterable[FrameLabels | None], frame_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 region ids from those of each face; background does not cover an earlier face."""
    label_map = np.zeros(frame_wh[::-1], np.uint8)
    for labels in filter(None, boxes):
        left, top, right, bottom = labels.box_xyxy
        np.copyto(label_map[top:bottom, left:right], labels.ids, where=labels.ids != Region.BACKGROUND)
    return label_map
