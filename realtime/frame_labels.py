"""A face's region ids at the frame's own resolution, worked out only where a region can be seen."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from realtime.face import Face
from realtime.geometry import warp_to_frame
from realtime.postprocess import label_crop, visible_box


@dataclass(frozen=True)
class FrameLabels:
    """A box of the frame, and what it shows.

    Attributes:
        box_xyxy: in whole pixels of the frame; outside it all is background.
        ids: (h, w) uint8 region ids of the box.
    """

    box_xyxy: tuple[int, int, int, int]
    ids: npt.NDArray[np.uint8]


def frame_labels(face: Face, frame_wh: tuple[int, int]) -> FrameLabels | None:
    """The same ids as in `face.frame_label_map`; None where the face shows no region inside the frame."""
    spread = cv2.dilate(face.label_map, np.ones((3, 3), np.uint8))  # bilinear: a crop pixel reaches half a pixel out
    box = visible_box(spread, face.transform, frame_wh)
    if box is None:
        return None
    in_frame = np.stack([warp_to_frame(prob, face.transform, box) for prob in face.probs])
    return FrameLabels(box, label_crop(in_frame, face.regions))
