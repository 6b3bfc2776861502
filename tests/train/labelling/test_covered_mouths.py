"""A mouth is covered where its surroundings have surely another colour than the skin."""

import cv2
import numpy as np
import pytest

from realtime.core.geometry import BgrImage
from train.data.label_set import CANVAS_SIZE_WH
from train.labelling.covered_mouths import color_distance, mouth_is_covered

LIGHT_SKIN, DARK_SKIN = (150, 180, 225), (40, 60, 95)
SURGICAL, WHITE, BLACK, BEIGE = (190, 160, 90), (245, 245, 245), (25, 25, 25), (155, 182, 222)


def canvas_of(skin_bgr: tuple[int, int, int], mouth_bgr: tuple[int, int, int]) -> BgrImage:
    """Skin everywhere but under the nose, rows 135 to 210 of the crop."""
    canvas = np.full((*CANVAS_SIZE_WH[::-1], 3), skin_bgr, np.uint8)
    canvas[48 + 135 : 48 + 210] = mouth_bgr
    return BgrImage(canvas)


@pytest.mark.parametrize(
    ("skin", "mouth", "is_covered"),
    [
        (LIGHT_SKIN, SURGICAL, True),
        (DARK_SKIN, SURGICAL, True),
        (LIGHT_SKIN, WHITE, True),
        (LIGHT_SKIN, BLACK, True),
        (LIGHT_SKIN, LIGHT_SKIN, False),
        (DARK_SKIN, DARK_SKIN, False),
        (LIGHT_SKIN, BEIGE, False),
    ],
    ids=["blue", "blue on dark skin", "white", "black", "bare", "bare and dark", "a mask of the skin's colour"],
)
def test_masks_of_another_colour_than_the_skin_are_seen(
    skin: tuple[int, int, int], mouth: tuple[int, int, int], is_covered: bool
) -> None:
    assert mouth_is_covered(canvas_of(skin, mouth)) == is_covered


def test_a_shadow_is_no_mask() -> None:
    shadow = (int(LIGHT_SKIN[0] * 0.7), int(LIGHT_SKIN[1] * 0.7), int(LIGHT_SKIN[2] * 0.7))
    assert color_distance(canvas_of(LIGHT_SKIN, shadow)) < 10


def test_a_grey_photo_tells_no_mask() -> None:
    grey = cv2.cvtColor(canvas_of(LIGHT_SKIN, SURGICAL), cv2.COLOR_BGR2GRAY)
    assert not mouth_is_covered(BgrImage(np.repeat(grey[:, :, None], 3, axis=2)))


def test_the_distance_is_that_in_a_and_b() -> None:
    lab = np.full((*CANVAS_SIZE_WH[::-1], 3), (150, 140, 150), np.uint8)
    lab[48 + 135 : 48 + 210] = (90, 134, 142)
    canvas = BgrImage(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR))
    assert color_distance(canvas) == pytest.approx(10, abs=1.5)  # 6 in a and 8 in b; light does not count
