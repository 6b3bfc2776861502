"""What keys change while the program runs, and the one table that says which key does what."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from realtime.config import RealtimeConfig, shown_regions
from realtime.core.regions import REGION_GROUPS, Region
from realtime.drawing.style import Effect

T = TypeVar("T")
ESCAPE = 27
OPACITY_STEP = 0.1
REGION_CYCLE = ("iris,eyes,lips", "iris,eyes,lips,mouth", "iris", "eyes", "lips", "mouth")
"""What the key goes through; where the run began is gone through too."""


class Controls:
    """What the user can change by keys, and what they asked for; the loop reads it, and does it.

    Args:
        config: how the run begins.

    Attributes:
        look: how faces are drawn.
        is_mirrored: the picture is flipped.
        shows_hud: the numbers lie over the picture.
        shows_help: the keys lie over the picture.
        is_paused: the picture stands still.
        wants_quit: the run is to end.
        wants_snapshot: the picture is to be kept; the loop sets it back.
        wants_recording: a video is to be written.
        message: the newest line for the user.
    """

    def __init__(self, config: RealtimeConfig) -> None:
        self.look = config.look
        self.is_mirrored = config.mirror
        self.shows_hud = config.hud
        self.shows_help = False
        self.is_paused = False
        self.wants_quit = False
        self.wants_snapshot = False
        self.wants_recording = False
        self.message = Message("")
        cycle = (config.look.regions, *map(shown_regions, REGION_CYCLE))
        self._region_cycle = list(dict.fromkeys(cycle))

    def press(self, code: int) -> None:
        """Do what this key does; capital letters are their small ones, unknown keys do nothing."""
        code = ord(chr(code).lower()) if code < 128 else code
        for key in KEYS:
            if code in key.codes:
                key.press(self)

    def say(self, text: str) -> None:
        """Show the user a line for a moment; may be called from any thread."""
        self.message = Message(text)

    def next_regions(self) -> None:
        """Draw the next choice of regions."""
        self.look = replace(self.look, regions=_after(self.look.regions, self._region_cycle))
        self.say(f"regions: {_groups(self.look.regions)}")

    def next_effect(self) -> None:
        """Draw with the next effect."""
        self.look = replace(self.look, effect=_after(self.look.effect, list(Effect)))
        self.say(f"effect: {self.look.effect}")

    def change_opacity(self, step: float) -> None:
        """Make the effect stronger or fainter, within 0 to 1."""
        self.look = replace(self.look, opacity=round(min(1.0, max(0.0, self.look.opacity + step)), 2))
        self.say(f"opacity {self.look.opacity:.0%}")

    def turn_mirror(self) -> None:
        """Flip the picture, or do not."""
        self.is_mirrored = not self.is_mirrored
        self.say(f"mirror {'on' if self.is_mirrored else 'off'}")


@dataclass(frozen=True, eq=False)
class Message:
    """A line for the user; the same words said again are another message."""

    text: str


@dataclass(frozen=True)
class Key:
    """A key of the window.

    Attributes:
        names: what stands on it.
        does: what it does, in a few words.
        codes: what OpenCV calls it.
        press: the change.
    """

    names: tuple[str, ...]
    does: str
    codes: frozenset[int]
    press: Callable[[Controls], None]


def _key(names: str, does: str, press: Callable[[Controls], None], codes: str = "", *more: int) -> Key:
    return Key(tuple(names.split()), does, frozenset(map(ord, codes or names)) | set(more), press)


def _set(name: str) -> Callable[[Controls], None]:
    return lambda controls: setattr(controls, name, True)


def _turn(name: str) -> Callable[[Controls], None]:
    return lambda controls: setattr(controls, name, not getattr(controls, name))


KEYS = (
    _key("q Esc", "quit", _set("wants_quit"), "q", ESCAPE),
    _key("space", "pause; again goes on", _turn("is_paused"), " "),
    _key("m", "mirror on or off", Controls.turn_mirror),
    _key("r", "regions: next choice of irises, eyes, lips, mouth", Controls.next_regions),
    _key("e", f"effect: next of {', '.join(Effect)}", Controls.next_effect),
    _key("+", "stronger effect", lambda controls: controls.change_opacity(OPACITY_STEP), "+="),
    _key("-", "fainter effect", lambda controls: controls.change_opacity(-OPACITY_STEP), "-_"),
    _key("s", "snapshot: keep this picture", _set("wants_snapshot")),
    _key("v", "video: start recording; again stops", _turn("wants_recording")),
    _key("h", "numbers on or off", _turn("shows_hud")),
    _key("?", "this list", _turn("shows_help")),
)
"""Every key there is: the handler, the help on the screen and the table in the README are made of it."""


def keys_table() -> str:
    """The keys as a table in Markdown, for the README."""
    rows = (f"| {' '.join(f'`{name}`' for name in key.names)} | {key.does} |\n" for key in KEYS)
    return "| key | does |\n| --- | --- |\n" + "".join(rows)


def _after(current: T, cycle: list[T]) -> T:
    return cycle[(cycle.index(current) + 1) % len(cycle)]


def _groups(regions: tuple[Region, ...]) -> str:
    return ", ".join(group for group, members in REGION_GROUPS.items() if set(members) <= set(regions)) or "none"
