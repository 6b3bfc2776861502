"""Labels and networks that tell different things apart: what one can learn from the other, and be scored on."""

from pathlib import Path

import numpy as np
import pytest

from realtime.core.regions import Region, region_name
from train.data.classes import Classes, check_classes, common_classes
from train.evaluation.metrics import merge_classes

WHOLE_EYES: Classes = ("right_eye+right_iris", "left_eye+left_iris", "upper_lip", "lower_lip", "mouth_inside")
IRISES: Classes = ("right_iris", "left_iris")
EACH: Classes = ()
ALL = [region_name(region) for region in Region]
FINE = {name: [name] for name in ALL[1:]}
COARSE = {
    "right_eye+right_iris": ["right_eye", "right_iris"],
    "left_eye+left_iris": ["left_eye", "left_iris"],
    **{name: [name] for name in WHOLE_EYES[2:]},
}


@pytest.mark.parametrize(
    ("sets", "channels", "expected"),
    [
        ([EACH], ALL, FINE),
        ([WHOLE_EYES], ALL, COARSE),
        ([WHOLE_EYES, EACH], ALL, COARSE),
        ([WHOLE_EYES], ["background", *WHOLE_EYES], {name: [name] for name in WHOLE_EYES}),
        ([WHOLE_EYES], ["iris+eyes"], {"iris+eyes": ["iris+eyes"]}),
        ([WHOLE_EYES], ["lips"], {"lips": ["lips"]}),
        ([WHOLE_EYES], ["right_iris", "left_iris", "upper_lip"], {"upper_lip": ["upper_lip"]}),
        ([WHOLE_EYES], ["eyes+lips"], {}),
        ([IRISES], ALL, {"right_iris": ["right_iris"], "left_iris": ["left_iris"]}),
        ([IRISES], ["iris+eyes"], {}),
        ([IRISES, WHOLE_EYES], ALL, {}),
    ],
)
def test_what_labels_and_network_have_in_common(
    sets: list[Classes], channels: list[str], expected: dict[str, list[str]]
) -> None:
    assert common_classes(sets, channels) == expected


@pytest.mark.parametrize(
    ("classes", "channels", "refused"),
    [
        (EACH, ALL, None),
        (EACH, ["eyes+lips"], None),
        (WHOLE_EYES, ["background", *WHOLE_EYES], None),
        (WHOLE_EYES, ["iris+eyes+lips"], None),
        (WHOLE_EYES, ["lips+mouth_inside"], None),
        (WHOLE_EYES, ["background", "upper_lip", "right_iris"], "right_iris"),
        (WHOLE_EYES, ["right_eye"], "right_eye"),
        (WHOLE_EYES, ["eyes+lips"], r"eyes\+lips"),
        (IRISES, ["iris"], None),
        (IRISES, ["right_iris", "upper_lip"], "upper_lip"),
        (IRISES, ["iris+eyes"], r"iris\+eyes"),
    ],
)
def test_what_a_network_can_learn_from_labels(classes: Classes, channels: list[str], refused: str | None) -> None:
    if refused is None:
        check_classes(Path("set"), classes, channels)
        return
    with pytest.raises(ValueError, match=rf"^set: its labels cannot give {refused}, only --regions "):
        check_classes(Path("set"), classes, channels)


def test_merged_counts_worked_by_hand() -> None:
    confusion = np.array([[5, 1, 2], [0, 3, 4], [6, 7, 8]])
    assert merge_classes(confusion, [0, 1, 1]).tolist() == [[5, 3], [6, 22]]
    assert merge_classes(confusion, [0, 1, 0]).tolist() == [[21, 8], [4, 3]]
    assert merge_classes(confusion, [0, 1, 2]).tolist() == confusion.tolist()
