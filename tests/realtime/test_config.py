"""Regions, sizes and colours as one writes them; the defaults."""

import re
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.config import DEFAULT_REGIONS, RealtimeConfig, color_text, parse_size, shown_regions
from realtime.core.regions import REGION_GROUPS, Region
from realtime.drawing.style import color_bgr


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


@pytest.mark.parametrize(("text", "size_wh"), [("1280x720", (1280, 720)), ("1X1", (1, 1)), ("16384x5", (16384, 5))])
def test_a_size_is_width_by_height(text: str, size_wh: tuple[int, int]) -> None:
    assert parse_size(text) == size_wh


@pytest.mark.parametrize("text", ["", "1280", "1280x", "0x720", "-1x5", "1280x720p", "1280 x 720", "1e3x5", "123456x1"])
def test_what_is_no_size_is_refused_with_one_that_is(text: str) -> None:
    with pytest.raises(ValueError, match=rf"^{re.escape(repr(text))} is no size; one is written as 1280x720$"):
        parse_size(text)


@pytest.mark.parametrize("text", ["16385x5", "640x99999"])
def test_a_size_that_no_memory_holds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=rf"^'{text}' is too large; a side has at most 16384 pixels$"):
        parse_size(text)


@given(bgr=st.tuples(*[st.integers(0, 255)] * 3))
def test_a_colour_written_is_the_colour_read(bgr: tuple[int, int, int]) -> None:
    assert color_bgr(color_text(bgr)) == bgr


def test_a_colour_is_written_as_on_the_web() -> None:
    assert color_text((1, 32, 255)) == "#ff2001"  # blue 1, green 32, red 255


def test_by_default_the_camera_is_shown_with_irises_eyes_and_lips() -> None:
    config = RealtimeConfig()
    assert (config.source, config.model) == ("0", "unet_lite")
    assert config.look.regions == shown_regions(DEFAULT_REGIONS) == shown_regions("iris,eyes,lips")
    assert (config.output, config.masks, config.json, config.max_frames) == (None, None, None, None)


def test_a_config_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        RealtimeConfig().source = "demo"  # type: ignore[misc]
