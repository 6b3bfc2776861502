"""How light the skin of a face looks in its photo: what can be told of skin tone from pixels.

A lamp or its lack moves it as skin does, so it sorts photos, not people.
Source: individual typology angle, Chardon et al., Int. J. Cosmet. Sci. 13, 1991; its six classes as in Del Bino and
Bernerd, Br. J. Dermatol. 169, 2013.
"""

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage, CropLayout
from train.data.folders import Pair
from train.data.label_set import MARGIN_PX

TONES = ("dark", "brown", "tan", "intermediate", "light", "very light")
TONE_EDGES_DEG = (-30.0, 10.0, 28.0, 41.0, 55.0)
"""Between neighbours of `TONES`."""
CHEEK_DOWN, CHEEK_HALF = 0.5, 0.15
"""A cheek's centre below its eye, as a share of the way to the mouth; half its side as one of the eyes' distance."""


def typology_angle_deg(crop_bgr: BgrImage, layout: CropLayout) -> float:
    """arctan((L* - 50) / b*) of the cheeks' median colour, from -90 (dark) to 90 (light).

    Args:
        crop_bgr: (218, 178, 3) uint8.
        layout: where its face stands.
    """
    cheeks = np.concatenate([_cheek(crop_bgr, layout, eye) for eye in range(2)])
    lab = cv2.cvtColor((cheeks[None] / 255).astype(np.float32), cv2.COLOR_BGR2LAB)[0]
    lightness, _, yellow = np.median(lab, axis=0)
    return float(np.degrees(np.arctan2(lightness - 50, max(yellow, 0.01))))


def tone_of(angle_deg: float) -> str:
    """One of `TONES`."""
    return TONES[int(np.searchsorted(TONE_EDGES_DEG, angle_deg, side="left"))]


def pair_tone(pair: Pair, layout: CropLayout) -> str:
    """That of a face of a data set, whose crops have this layout."""
    return tone_of(typology_angle_deg(BgrImage(pair.read_canvas()[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]), layout))


def _cheek(crop_bgr: BgrImage, layout: CropLayout, eye: int) -> npt.NDArray[np.uint8]:
    x, y = layout.points_px[eye] + (0, CHEEK_DOWN * layout.eye_to_mouth_px)
    half = CHEEK_HALF * layout.eye_distance_px
    box = np.s_[round(y - half) : round(y + half), round(x - half) : round(x + half)]
    cheek: npt.NDArray[np.uint8] = crop_bgr[box].reshape(-1, 3)
    return cheek
