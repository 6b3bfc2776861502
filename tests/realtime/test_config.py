"""What is drawn, by the names of groups; the defaults."""

import re
from dataclasses import FrozenInstanceError

import pytest

from realtime.config import RealtimeConfig, shown_regions
from realtime.regions import REGION_GROUPS, Region


@pytest.mark.parametrize(
    ("groups", "regions"),
    [
        ("iris", (Region.RIGHT_IRIS, Region.LEFT_IRIS)),
        ("mouth, eyes", (Region.MOUTH_INSIDE, Region.RIGHT_EYE, Region.LEFT_EYE)),
        ("iris,eyes,lips,mouth", tuple(region for group in REGION_GROUPS.values() for region in group)),
    ],
    ids=["one", "two with a space", "all"],
)
def test_groups_are_named_in_a_list(groups: str, regions: tuple[Region, ...]) -> None:
    assert shown_regions(groups) == regions


@pytest.mark.parametrize(
    ("groups", "named"), [("nose", "'nose'"), ("iris,ears,toes", "'ears, toes'"), ("", "''"), ("Iris", "'Iris'")]
)
def test_an_unknown_group_is_refused_with_the_known_ones(groups: str, named: str) -> None:
    said = f"unknown regions {named}; known: iris, eyes, lips, mouth"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        shown_regions(groups)


def test_by_default_the_camera_is_shown_with_irises_eyes_and_lips() -> None:
    config = RealtimeConfig()
    assert (config.source, config.model) == ("0", "unet_lite")
    assert config.regions == shown_regions("iris,eyes,lips")
    assert (config.output, config.masks, config.json, config.max_frames) == (None, None, None, None)


def test_a_config_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        RealtimeConfig().source = "demo"  # type: ignore[misc]
