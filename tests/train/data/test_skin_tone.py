"""Tones of skin, from the colour of the cheeks alone."""

import math

import cv2
import numpy as np
import pytest

from realtime.core.geometry import CELEBA, TIGHT, BgrImage, CropLayout
from train.data.skin_tone import TONE_EDGES_DEG, TONES, tone_of, typology_angle_deg


def skin(lightness: float, yellow: float) -> tuple[int, ...]:
    """Blue, green and red of this L* and b*, and an a* as skin has."""
    lab = np.array([[[lightness, 12, yellow]]], np.float32)
    return tuple(np.round(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)[0, 0] * 255).astype(int).tolist())


@pytest.mark.parametrize("layout", [TIGHT, CELEBA])
@pytest.mark.parametrize(
    ("lightness", "yellow", "tone"),
    [
        *((78, 15, "very light"), (70, 17, "light"), (63, 18, "intermediate"), (57, 19, "tan")),
        *((50, 18, "brown"), (30, 15, "dark")),
    ],
)
def test_the_angle_is_that_of_the_cheeks(layout: CropLayout, lightness: float, yellow: float, tone: str) -> None:
    crop = np.full((218, 178, 3), (200, 40, 10), np.uint8)
    for eye in range(2):
        x, y = layout.points_px[eye]
        center = (round(x), round(y + layout.eye_to_mouth_px / 2))
        cv2.circle(crop, center, round(0.24 * layout.eye_distance_px), skin(lightness, yellow), -1)
    crop[round(layout.points_px[0, 1] + layout.eye_to_mouth_px / 2)] = 255  # a shine changes no median
    angle = typology_angle_deg(BgrImage(crop), layout)
    assert angle == pytest.approx(math.degrees(math.atan2(lightness - 50, yellow)), abs=2.5)
    assert tone_of(angle) == tone


def test_every_angle_has_a_tone() -> None:
    assert [tone_of(edge) for edge in TONE_EDGES_DEG] == list(TONES[:-1])
    assert (tone_of(-90), tone_of(90)) == (TONES[0], TONES[-1])


@pytest.mark.parametrize(("level", "tone"), [(0, "dark"), (255, "very light")])
def test_a_grey_photo_is_told_by_its_lightness(level: int, tone: str) -> None:
    assert tone_of(typology_angle_deg(BgrImage(np.full((218, 178, 3), level, np.uint8)), TIGHT)) == tone
