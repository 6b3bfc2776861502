"""A live source, read in a thread of its own: the newest frame wins."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator

from realtime.core.preprocess import BgrImage
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
