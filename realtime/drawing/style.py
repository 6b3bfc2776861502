"""How faces are drawn: the effects' names, and what a user can set of them."""

import re
from dataclasses import dataclass
from enum import StrEnum

from realtime.core.regions import REGION_GROUPS, Region

NAMED_COLORS_BGR: dict[str, tuple[int, int, int]] = {
    "red": (40, 28, 178),
    "ruby": (40, 16, 128),
    "coral": (82, 96, 222),
    "rose": (112, 84, 196),
    "nude": (96, 110, 176),
    "berry": (66, 24, 118),
    "plum": (66, 30, 96),
    "blue": (164, 120, 72),
    "grey": (140, 134, 122),
    "green": (84, 138, 82),
    "hazel": (58, 104, 134),
    "amber": (36, 118, 190),
    "brown": (38, 62, 96),
    "violet": (160, 84, 118),
}
"""Lipsticks, then irises; each as it looks in the middle of the lit region."""


class Effect(StrEnum):
    """What is drawn where the regions are."""

    OVERLAY = "overlay"
    CONTOUR = "contour"
    IRIS = "iris"
    LIPSTICK = "lipstick"
    PIXELATE = "pixelate"
    CUTOUT = "cutout"


@dataclass(frozen=True)
class Style:
    """How faces are drawn.

    Attributes:
        effect: what is drawn.
        regions: where. `Effect.IRIS` and `Effect.LIPSTICK` name their own regions and do not ask. A shown region of an
            eye or of the mouth is enough for `Effect.PIXELATE` to hide that whole eye or mouth.
        opacity: of the effect, 0 to 1. `Effect.PIXELATE` hides fully whatever it is; `Effect.CUTOUT` is solid from a
            half on.
        iris_bgr: colour of `Effect.IRIS`.
        lipstick_bgr: colour of `Effect.LIPSTICK`.
    """

    effect: Effect = Effect.OVERLAY
    regions: tuple[Region, ...] = tuple(region for group in ("iris", "eyes", "lips") for region in REGION_GROUPS[group])
    opacity: float = 0.55
    iris_bgr: tuple[int, int, int] = NAMED_COLORS_BGR["blue"]
    lipstick_bgr: tuple[int, int, int] = NAMED_COLORS_BGR["red"]


def color_bgr(text: str) -> tuple[int, int, int]:
    """The colour of `#rrggbb`, or of a name in `NAMED_COLORS_BGR`; capitals do not matter.

    Raises:
        ValueError: it is neither; the message lists the names.
    """
    name = text.strip().lower()
    if name in NAMED_COLORS_BGR:
        return NAMED_COLORS_BGR[name]
    if re.fullmatch("#[0-9a-f]{6}", name):
        red, green, blue = bytes.fromhex(name[1:])
        return blue, green, red
    raise ValueError(f"unknown colour {text!r}; known: #rrggbb, {', '.join(NAMED_COLORS_BGR)}")
