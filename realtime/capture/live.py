"""The frames of a camera or stream that may go away and come back."""

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from typing import Protocol

from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.frame import Frame

POLL_S = 0.05
"""The receiver hears at least this often, so that it can look after its window."""
STOP_S = 6.0
"""The longest that a hung camera or stream can hold up the program's end: a second more than a stream's time-out."""


class NewestFrame:
    """Reads in a thread and hands out the newest frame only; what is not taken in time is dropped and counted.

    The reader's error is raised where the frames are taken; lines for the user are told there too, so that `tell` is
    never called from another thread.

    Args:
        items: read by the thread, and closed by it: a frame, a line for the user, or None while there is nothing.
        tell: called with each line.
        recycle: given each image that nobody looks at any more, to be written over.

    Attributes:
        dropped: frames that were not taken in time.
    """

    def __init__(
        self,
        items: Iterator[Frame | str | None],
        tell: Callable[[str], None] = lambda line: None,
        recycle: Callable[[BgrImage], None] = lambda image: None,
    ) -> None:
        self.dropped = 0
        self._items = items
        self._tell = tell
        self._recycle = recycle
        self._lines: deque[str] = deque()
        self._ready = threading.Condition()
        self._frame: Frame | None = None
        self._with_receiver: Frame | None = None
        self._error: BaseException | None = None
        self._has_ended = False
        self._is_stopped = False
        self._thread = threading.Thread(target=self._read, name="frame reader", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, which closes what it reads; one that hangs is left behind after `STOP_S`."""
        self._is_stopped = True
        self._thread.join(timeout=STOP_S)

    def __iter__(self) -> Iterator[Frame | None]:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._frame or self._lines or self._has_ended, timeout=POLL_S)
                frame, self._frame = self._frame, None
                has_ended = self._has_ended or self._is_stopped
                if frame is not None:
                    if self._with_receiver is not None:  # before the reader can come to want one more buffer
                        self._recycle(self._with_receiver.image_bgr)
                    self._with_receiver = frame
            while self._lines:
                self._tell(self._lines.popleft())
            if frame is None and has_ended:
                if self._error:
                    raise self._error
                return
            yield frame

    def _read(self) -> None:
        try:
            for item in self._items:
                if self._is_stopped:
                    break
                if item is not None:
                    self._offer(item)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the taker must hear of it
            self._error = error
        try:
            if isinstance(self._items, Generator):
                self._items.close()
        except BaseException as error:  # noqa: BLE001 - as above
            self._error = self._error or error
        with self._ready:
            self._has_ended = True
            self._ready.notify()

    def _offer(self, item: Frame | str) -> None:
        with self._ready:
            if isinstance(item, str):
                self._lines.append(item)
            else:
                if self._frame is not None:
                    self.dropped += 1
                    self._recycle(self._frame.image_bgr)
                self._frame = item
            self._ready.notify()


FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 5.0
"""Between two attempts to get it back; it doubles from the first to the longest."""
RETRY_S = 600.0
"""After so long without it the program ends: nobody is coming to plug it in again."""
LONGEST_STEP_S = 10.0
"""A stream whose time stamps jump by more has begun a new count."""

StampedImage = tuple[BgrImage, float | None]
"""An image, and its time stamp in seconds where the source has its own."""


class FeedLost(Exception):  # noqa: N818 - it ends no program
    """A camera or stream gives nothing any more; the message says how that shows."""


class Feed(Protocol):
    """An open camera or stream."""

    def read(self) -> StampedImage | None:
        """The next image; None where nothing good came just now.

        Raises:
            FeedLost: it is gone.
        """

    def close(self) -> None:
        """Let go of it; may be called twice."""


class LiveClock:
    """Seconds since the first frame, by the stream's own stamps where they make sense; it never goes back."""

    def __init__(self) -> None:
        self._time_s = 0.0
        self._stamp_s: float | None = None
        self._now_s: float | None = None

    def restart(self) -> None:
        """What follows has stamps of a new count."""
        self._stamp_s = None

    def time_s(self, stamp_s: float | None, now_s: float) -> float:
        """The time of a frame with this stamp, come at this moment of `time.perf_counter`."""
        step_s = -1.0 if stamp_s is None or self._stamp_s is None else stamp_s - self._stamp_s
        if not 0 < step_s <= LONGEST_STEP_S:
            step_s = 0.0 if self._now_s is None else now_s - self._now_s
        self._time_s += step_s
        self._stamp_s, self._now_s = stamp_s, now_s
        return self._time_s


def live_frames(
    name: str, stem: str, feed: Feed, connect: Callable[[], Feed]
) -> Generator[Frame | str | None, None, None]:
    """Frames without end; a line for the user when the feed is lost and when it is back; None while there is nothing.

    Args:
        name: of the source, in those lines.
        stem: of the frames' names.
        feed: open; closed at the end.
        connect: opens it anew, and returns it only when it gives frames; SourceError where that fails.

    Raises:
        SourceError: it did not come back within `RETRY_S`.
    """
    clock, index, wait_s, well_since_s = LiveClock(), 0, FIRST_WAIT_S, time.perf_counter()
    try:
        while True:
            try:
                picture = feed.read()
            except FeedLost as lost:
                feed.close()
                yield f"{name}: {lost}; waiting for it to come back"
                lost_s = time.perf_counter()
                if lost_s - well_since_s > LONGEST_WAIT_S:
                    wait_s = FIRST_WAIT_S  # else it goes on and off, and must not be asked ever faster
                feed = yield from _reconnected(connect, wait_s)
                well_since_s = time.perf_counter()
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
                clock.restart()
                yield f"{name}: back after {well_since_s - lost_s:.1f} s"
                continue
            if picture is None:
                yield None
                continue
            image, stamp_s = picture
            now_s = time.perf_counter()
            yield Frame(image, clock.time_s(stamp_s, now_s), f"{stem}_{index:06d}", captured_s=now_s)
            index += 1
    finally:
        feed.close()


def _reconnected(connect: Callable[[], Feed], wait_s: float) -> Generator[None, None, Feed]:
    lost_s = time.perf_counter()
    while True:
        again_s = time.perf_counter() + wait_s
        while (left_s := again_s - time.perf_counter()) > 0:
            time.sleep(min(POLL_S, left_s))
            yield None
        try:
            return connect()
        except SourceError as error:
            if time.perf_counter() - lost_s > RETRY_S:
                raise SourceError(f"{error}; given up after {RETRY_S / 60:.0f} minutes") from None
        wait_s = min(2 * wait_s, LONGEST_WAIT_S)
