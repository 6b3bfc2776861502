"""How much a mask changes from frame to frame beyond what the face's own motion explains; and that motion."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CROP_SIZE_WH, CropTransform
from realtime.core.regions import PARTS, REGION_GROUPS, Region
from realtime.face import Face

Mask = npt.NDArray[np.bool_]
Matrix = npt.NDArray[np.float64]
"""(2, 3), as cv2.warpAffine takes it: the first pixel's centre is (0, 0)."""

MIN_AREA_PX = 20.0
"""A region of fewer crop pixels (a closed mouth's inside) says nothing of flicker."""
FACE_CORNERS_PX = ((34.0, 60.0), (144.0, 60.0), (144.0, 190.0), (34.0, 190.0))
"""Of the crop: eyes, nose and mouth, where points are followed; hair and background move otherwise."""
MOST_POINTS, LEAST_POINTS = 150, 8
MAX_RETURN_PX = 0.5
"""A point that is not found back at its place when followed forth and back is left out."""
MAX_OFF_PX = 1.0
"""A point further from the common motion than this is no part of it: a lid, a moving lip."""


def changed_share(before: Mask, now: Mask) -> float:
    """Pixels that are in one of the masks only, as a share of their mean area; NaN where there is hardly a mask.

    Args:
        before: bool of any shape, brought to the place where the face is now.
        now: the same shape.
    """
    area = mean_area_px(before, now)
    return float(np.count_nonzero(before ^ now) / area) if area >= MIN_AREA_PX else float("nan")


def flickering_share(before: Mask, now: Mask, after: Mask) -> float:
    """Pixels that differ from the frame before and from the one after alike, as a share of the mask's area.

    A lid that closes or a lip that moves changes a pixel once; a pixel that changes back in the next frame flickers.

    Args:
        before: bool of any shape, brought to the place where the face is now.
        now: the same shape.
        after: the same shape, brought to the place where the face is now.

    Returns:
        0 or more; NaN where there is hardly a mask.
    """
    area = mean_area_px(before, now, after)
    return float(np.count_nonzero((before ^ now) & (now ^ after)) / area) if area >= MIN_AREA_PX else float("nan")


def mean_area_px(*masks: Mask) -> float:
    """Pixels of the masks, on average."""
    return sum(np.count_nonzero(mask) for mask in masks) / len(masks)


def group_masks(face: Face, to_place: Matrix, size_wh: tuple[int, int] = CROP_SIZE_WH) -> dict[str, Mask]:
    """The mask of each region group of which the model has a region.

    Probabilities are brought to their place and then cut at one half, so that an edge is right to a part of a pixel.

    Args:
        face: its probabilities. Read, never kept.
        to_place: from the face's crop to the picture of the masks.
        size_wh: of the masks.
    """
    masks = {}
    for group, regions in REGION_GROUPS.items():
        channels = [channel for channel, region in enumerate(face.regions) if region in regions]
        if channels:
            prob = np.ascontiguousarray(face.probs[channels].sum(axis=0))
            masks[group] = cv2.warpAffine(prob, to_place, size_wh, flags=cv2.INTER_LINEAR) > 0.5
    return masks


def aligned_masks(
    faces: Sequence[Face], motions: Sequence[Matrix], reference: CropTransform
) -> tuple[dict[str, Mask], ...]:
    """The masks of one face in neighbouring frames, all as if the face stood where it stands in the reference.

    Args:
        faces: of each frame.
        motions: (2, 3) for each, in frame pixels: from its frame to the reference's.
        reference: a crop of the face; all masks are of its size.
    """
    to_reference = square(reference.pixel_matrix)
    return tuple(
        group_masks(face, (to_reference @ square(motion) @ np.linalg.inv(square(face.transform.pixel_matrix)))[:2])
        for face, motion in zip(faces, motions, strict=True)
    )


def face_motion(
    before_gray: npt.NDArray[np.uint8], now_gray: npt.NDArray[np.uint8], crop: CropTransform
) -> Matrix | None:
    """How the face itself moved, found in the pixels alone; None where too few points could be followed.

    Args:
        before_gray: (H, W) uint8.
        now_gray: (H, W) uint8, the next frame.
        crop: about where the face is in the first; it only says where to look for points to follow.

    Returns:
        (2, 3) rotation, scale and shift in frame pixels, from the first frame to the next.
    """
    corners = crop.to_frame(np.array(FACE_CORNERS_PX))
    where = np.zeros(before_gray.shape, np.uint8)
    cv2.fillConvexPoly(where, np.round(corners).astype(np.int32), 255)
    start = cv2.goodFeaturesToTrack(before_gray, MOST_POINTS, 0.005, 3, mask=where)
    if start is None or len(start) < LEAST_POINTS:
        return None
    end, is_found, _ = cv2.calcOpticalFlowPyrLK(before_gray, now_gray, start, None, winSize=(15, 15), maxLevel=3)
    back, is_back, _ = cv2.calcOpticalFlowPyrLK(now_gray, before_gray, end, None, winSize=(15, 15), maxLevel=3)
    is_good = (is_found[:, 0] == 1) & (is_back[:, 0] == 1)
    is_good &= np.linalg.norm((back - start)[:, 0], axis=1) < MAX_RETURN_PX
    if np.count_nonzero(is_good) < LEAST_POINTS:
        return None
    cv2.setRNGSeed(1)  # the same clip gives the same number
    matrix = cv2.estimateAffinePartial2D(start[is_good], end[is_good], ransacReprojThreshold=MAX_OFF_PX)[0]
    return None if matrix is None else np.asarray(matrix, np.float64)


def square(matrix: Matrix) -> npt.NDArray[np.float64]:
    """(3, 3) of a (2, 3) map."""
    return np.vstack([matrix, (0.0, 0.0, 1.0)])


def mask_track(face: Face) -> npt.NDArray[np.float64]:
    """(4,) where the mask is and how large: x and y of its place, and the areas of eyes and lips, in frame pixels.

    The place is the mean of the centroids of the eyes and the mouth, so that lids that close do not move it; NaN while
    one of them, that the model has, is not seen. Weighted by probability, so that a part of a pixel counts.
    """
    parts = [part for part in PARTS if set(part) & set(face.regions)]
    place = face.transform.to_frame(np.array([_centroid(_prob_of(face, part)) for part in parts])).mean(axis=0)
    areas = [_prob_of(face, REGION_GROUPS[group]).sum() / face.transform.scale**2 for group in ("eyes", "lips")]
    return np.array([*place, *areas], np.float64)


def _centroid(prob: npt.NDArray[np.float32]) -> tuple[float, float]:
    """In crop pixels; NaN where nothing is seen."""
    moments = cv2.moments(prob)
    area = moments["m00"] or np.nan
    return moments["m10"] / area + 0.5, moments["m01"] / area + 0.5


def _prob_of(face: Face, regions: Sequence[Region]) -> npt.NDArray[np.float32]:
    channels = [channel for channel, region in enumerate(face.regions) if region in regions]
    prob: npt.NDArray[np.float32] = face.probs[channels].sum(axis=0)
    return np.where(prob > 0.5, prob, np.float32(0))
