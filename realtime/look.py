"""How faces are to be drawn: effect, regions, opacity and colours."""

import re
from dataclasses import dataclass
from enum import StrEnum

from realtime.regions import REGION_GROUPS, Region

NAMED_COLORS = {
    "blue": "#3f7fc4",
    "green": "#4f9a4a",
    "grey": "#8a9aa5",
    "hazel": "#a0793a",
    "violet": "#7d5ab5",
    "red": "#b3122a",
    "rose": "#c9536f",
    "coral": "#d9583f",
    "berry": "#8a1c4a",
    "plum": "#5c1f3f",
    "nude": "#b5705e",
}
"""For irises the first five, for lips the others; any goes anywhere."""


class Effect(StrEnum):
    """What is drawn where the regions are."""

    OVERLAY = "overlay"
    CONTOUR = "contour"
    IRIS = "iris"
    LIPSTICK = "lipstick"
    PIXELATE = "pixelate"
    CUTOUT = "cutout"


def color_bgr(text: str) -> tuple[int, int, int]:
    """The colour of a name or of `#rrggbb`.

    Raises:
        ValueError: it is neither; the message lists the names.
    """
    code = NAMED_COLORS.get(text.lower(), text)
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", code):
        raise ValueError(f"no colour is called {text!r}; known: #rrggbb, {', '.join(NAMED_COLORS)}")
    red, green, blue = bytes.fromhex(code[1:])
    return blue, green, red


@dataclass(frozen=True)
class Look:
    """How faces are drawn.

    Attributes:
        effect: what is drawn.
        regions: where; `iris` and `lipstick` know where of themselves.
        opacity: of overlay, contour, iris and lipstick, 0 to 1; what hides or cuts out does so wholly.
        iris_bgr: colour of `Effect.IRIS`.
        lipstick_bgr: colour of `Effect.LIPSTICK`.
    """

    effect: Effect = Effect.OVERLAY
    regions: tuple[Region, ...] = tuple(region for group in ("iris", "eyes", "lips") for region in REGION_GROUPS[group])
    opacity: float = 0.55
    iris_bgr: tuple[int, int, int] = color_bgr("blue")
    lipstick_bgr: tuple[int, int, int] = color_bgr("red")
