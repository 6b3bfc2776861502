"""The sheet of the worst crops: which ones, in which order, with both outlines."""

import numpy as np

from realtime.core.regions import COLORS_BGR, Region
from train.evaluation.held_out import HeldOutFace
from train.evaluation.pictures import COLUMNS, ENLARGED, TEXT_HEIGHT_PX, WHITE, JudgedCrop, draw_worst, worst_faces
from train.prediction import PhotoSegmenter


def test_the_lowest_dice_come_first_and_those_without_are_left_out() -> None:
    dice = np.array([0.9, np.nan, 0.2, 0.5, 0.2])
    assert worst_faces(dice) == [2, 4, 3, 0]
    assert worst_faces(dice, most=2) == [2, 4]


def test_labels_are_outlined_in_white_and_predictions_in_their_colours(spec, reads_ids, painted) -> None:
    labels = np.zeros((314, 274), np.uint8)
    labels[48 + 60 : 48 + 80, 48 + 20 : 48 + 50] = Region.RIGHT_EYE
    seen = np.zeros_like(labels)
    seen[48 + 150 : 48 + 170, 48 + 70 : 48 + 110] = Region.LOWER_LIP
    pair = painted(seen)
    face = HeldOutFace(type(pair)(pair.canvas, labels), "name", "source")
    sheet = draw_worst(PhotoSegmenter.of_network(reads_ids, spec), [JudgedCrop.of_face(face, 0.1)] * 9)
    height, width = 218 * ENLARGED, 178 * ENLARGED
    assert sheet.shape == (2 * (height + TEXT_HEIGHT_PX), COLUMNS * width, 3)
    for tile in (sheet[:height, :width], sheet[:height, width : 2 * width]):
        for color, top, left, bottom, right in (
            (WHITE, 60, 20, 80, 50),
            (COLORS_BGR[Region.LOWER_LIP], 150, 70, 170, 110),
        ):
            rows, columns = np.nonzero((tile == color).all(axis=2))
            assert (rows.min(), columns.min()) == (top * ENLARGED, left * ENLARGED)
            assert (rows.max(), columns.max()) == (bottom * ENLARGED - 1, right * ENLARGED - 1)
            assert not (tile[(top + 4) * ENLARGED, (left + 4) * ENLARGED] == color).all()  # an outline, not a patch
    text = sheet[height : height + TEXT_HEIGHT_PX, :width]
    assert (text[:18] > 128).any()
    assert (text[18:] > 128).any()
    assert not sheet[height + TEXT_HEIGHT_PX :, width:].any()  # the ninth tile stands alone
