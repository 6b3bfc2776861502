"""What lies over the picture in the window: numbers, marks, messages and the help, and never in what is written."""

import textwrap
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from realtime.core.geometry import BgrImage
from realtime.screen.controls import KEYS, Controls
from realtime.screen.panel import Panel, PanelLine, zoom_for
from realtime.timing import percentiles

SPAN_S = 3.0
"""The numbers are of so many seconds."""
REFRESH_S = 0.3
MESSAGE_S = 2.5
MARGIN_PX = 10
RED_BGR, AMBER_BGR = (60, 60, 235), (60, 190, 250)
MESSAGE_CHARACTERS, MESSAGE_LINES = 60, 3
"""Of a line, and lines at most: why something failed stands at a message's end."""
LEAST_ZOOM = 0.5
"""No card is reduced further to fit a narrow picture: it is cut off instead."""


@dataclass(frozen=True)
class Status:
    """What the loop knows that neither keys nor the clock tell.

    Attributes:
        faces: on the newest frame.
        dropped: frames of a live source that were not taken.
        unwritten: frames that came too fast for what is being written.
        is_recording: a video is being written because a key asked for it.
    """

    faces: int = 0
    dropped: int = 0
    unwritten: int = 0
    is_recording: bool = False


class RecentFrames:
    """When the frames of the last seconds came, and how late their overlay was."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, float]] = deque()

    def add(self, now_s: float, latency_ms: float) -> None:
        """Add a frame."""
        self._frames.append((now_s, latency_ms))
        self.forget_old(now_s)

    def forget_old(self, now_s: float) -> None:
        """Forget the frames older than `SPAN_S`: also while no new one comes."""
        while self._frames and self._frames[0][0] < now_s - SPAN_S:
            self._frames.popleft()

    def clear(self) -> None:
        """Forget all: time stood still."""
        self._frames.clear()

    def fps(self) -> float:
        """Frames a second, 0 while fewer than two came: it is the intervals that are counted, not the frames."""
        if len(self._frames) < 2:
            return 0.0
        return (len(self._frames) - 1) / max(1e-9, self._frames[-1][0] - self._frames[0][0])

    def latency_ms(self) -> dict[str, float]:
        """p50 and p95, from a frame's capture to its finished overlay."""
        return percentiles([latency_ms for _, latency_ms in self._frames])


class Hud:
    """Renders its cards a few times a second and lays them over each picture.

    Args:
        model: name of the segmenter.
        precision: of the segmenter.
        provider: what really runs it.
    """

    def __init__(self, model: str, precision: str, provider: str) -> None:
        self.frames = RecentFrames()
        self._about = (PanelLine("model", model), PanelLine("runs on", f"{provider}, {precision}"))
        self._numbers: tuple[PanelLine, ...] = ()
        self._numbers_s = -REFRESH_S
        self._message: object = None
        self._message_s = 0.0
        self._recording_s = 0.0
        self._rows: dict[str, tuple[PanelLine, ...]] = {}
        self._made: dict[str, tuple[object, Panel]] = {}

    def refresh(self, controls: Controls, status: Status, *, is_held: bool = False) -> bool:
        """Bring it up to date; True where it looks different from before.

        Args:
            controls: what the user chose.
            status: what else is known.
            is_held: numbers stay, as nothing new comes.
        """
        now_s = time.perf_counter()
        if not self._numbers or (now_s - self._numbers_s >= REFRESH_S and not is_held):
            self.frames.forget_old(now_s)
            self._numbers, self._numbers_s = self._number_rows(status), now_s
        if controls.message is not self._message:
            self._message, self._message_s = controls.message, now_s
        if not status.is_recording:
            self._recording_s = now_s
        has_help = controls.shows_help
        rows = {
            "numbers": self._numbers + self._about if controls.shows_hud and not has_help else (),
            "message": () if has_help else self._message_rows(controls, now_s),
            "help": HELP_ROWS if has_help else (),
            "marks": self._mark_rows(controls, status, now_s),
        }
        is_different, self._rows = rows != self._rows, rows
        return is_different

    @contextmanager
    def over(self, picture: BgrImage) -> Iterator[None]:
        """Lie over this picture for as long as this lasts; afterwards its pixels are as they were."""
        height, width = picture.shape[:2]
        cards = {name: self._card(name, (width, height)) for name, rows in self._rows.items() if rows}
        margin = round(MARGIN_PX * zoom_for((width, height)))
        below = margin
        for name, card in cards.items():
            card_width, card_height = card.size_wh
            left, top = {
                "marks": (width - margin - card_width, margin),
                "help": ((width - card_width) // 2, (height - card_height) // 2),
            }.get(name, (margin, below))
            card.lay(picture, left, top)
            if name == "numbers":
                below += card_height + margin // 2
        try:
            yield
        finally:
            for card in reversed(cards.values()):
                card.take_off(picture)

    def _number_rows(self, status: Status) -> tuple[PanelLine, ...]:
        latency_ms = self.frames.latency_ms()
        lost = f"{status.dropped}" + (f", unwritten {status.unwritten}" if status.unwritten else "")
        return (
            PanelLine("fps", _known(self.frames.fps(), "")),
            PanelLine("latency", _known(latency_ms["p50"], " ms")),
            PanelLine("p95", _known(latency_ms["p95"], " ms")),
            PanelLine("faces", f"{status.faces}"),
            PanelLine("dropped", lost),
        )

    def _mark_rows(self, controls: Controls, status: Status, now_s: float) -> tuple[PanelLine, ...]:
        minutes, seconds = divmod(int(now_s - self._recording_s), 60)
        recording = (PanelLine(f"rec {minutes}:{seconds:02d}", dot_bgr=RED_BGR),) if status.is_recording else ()
        return recording + ((PanelLine("paused", dot_bgr=AMBER_BGR),) if controls.is_paused else ())

    def _message_rows(self, controls: Controls, now_s: float) -> tuple[PanelLine, ...]:
        text = controls.message.text
        if not text or now_s - self._message_s >= MESSAGE_S:
            return ()
        lines = textwrap.wrap(text, MESSAGE_CHARACTERS, max_lines=MESSAGE_LINES, placeholder=" ...")
        return tuple(PanelLine(line) for line in lines)

    def _card(self, name: str, size_wh: tuple[int, int]) -> Panel:
        """The card; rendered again only where its text or the picture's size is another."""
        made_of, card = self._made.get(name, (None, None))
        if card is None or made_of != (self._rows[name], size_wh):
            zoom = zoom_for(size_wh)
            card = Panel(self._rows[name], zoom, is_list=name == "help")
            room_px = size_wh[0] - 2 * round(MARGIN_PX * zoom)
            if card.size_wh[0] > room_px:
                card = Panel(
                    self._rows[name], max(LEAST_ZOOM, zoom * room_px / card.size_wh[0]), is_list=name == "help"
                )
            self._made[name] = ((self._rows[name], size_wh), card)
        return card


def _known(value: float, unit: str) -> str:
    return f"{value:.1f}{unit}" if value else "-"


HELP_ROWS = tuple(PanelLine("  ".join(key.names), key.does) for key in KEYS)
