"""Colours are understood as people write them."""

import pytest

from realtime.drawing.style import NAMED_COLORS_BGR, Effect, Style, color_bgr


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ("#0a141e", (30, 20, 10)),
        (" #FF8000 ", (0, 128, 255)),
        ("red", NAMED_COLORS_BGR["red"]),
        ("Hazel", NAMED_COLORS_BGR["hazel"]),
    ],
)
def test_a_colour_is_a_name_or_red_green_blue(text: str, color: tuple[int, int, int]) -> None:
    assert color_bgr(text) == color


@pytest.mark.parametrize("text", ["", "#", "#12345", "#1234567", "#12345g", "123456", "reddish", "#-1-1-1"])
def test_what_is_no_colour_is_refused_with_the_names(text: str) -> None:
    with pytest.raises(ValueError, match=r"unknown colour .*known: #rrggbb, red, .*violet"):
        color_bgr(text)


def test_a_look_can_be_made_from_the_effect_alone() -> None:
    look = Style(Effect("lipstick"))
    assert look.opacity == 0.55
    assert look.lipstick_bgr == color_bgr("red")
