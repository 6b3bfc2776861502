"""What a program that runs the live loop sets for its whole process; `Segmenter` as a library leaves it alone."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

import cv2


def calm_opencv() -> None:
    """One thread and no log of its own for OpenCV.

    Its threads cost more than they bring at these sizes, and keep other cores awake; its
    lines about a broken file or a missing camera say less than ours.
    """
    cv2.setNumThreads(1)
    set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel  # of OpenCV 4, and of 5
    set_log_level(0)


T = TypeVar("T")
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""


class StopSignals(AbstractContextManager["StopSignals"]):
    """Takes the signals that ask a program to end, from when it is entered until it is left.

    The first one raises KeyboardInterrupt. After `hold_back` it is only noted, so that it hits no half-drawn frame and
    no file that is being finished; it raises where the program waits for something from outside, within `raising`.
    Signals after the first do nothing.

    Attributes:
        is_set: a signal has come.
    """

    def __init__(self) -> None:
        self.is_set = False
        self._raises = True
        self._before: dict[signal.Signals, Any] = {}

    def hold_back(self) -> None:
        """From now on a signal is noted, and raises nothing."""
        self._raises = False

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Within this a signal raises, also one that came before; afterwards it is held back."""
        self._raises = True
        try:
            if self.is_set:
                raise KeyboardInterrupt
            yield
        finally:
            self._raises = False

    def until_set(self, items: Iterable[T]) -> Iterator[T]:
        """These items until a signal comes, also while the next one is waited for."""
        iterator = iter(items)
        while True:
            try:
                with self.raising():
                    item = next(iterator)
            except (StopIteration, KeyboardInterrupt):
                return
            yield item

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        is_first, self.is_set = not self.is_set, True
        if is_first and self._raises:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread take signals
            wanted = [number for number in SIGNALS if not (number.name == "SIGHUP" and is_ignored(number))]  # by nohup
            self._before = {number: signal.signal(number, self._take) for number in wanted}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def is_ignored(number: signal.Signals) -> bool:
    """Whether whoever started the program wants it to go on through this signal."""
    return signal.getsignal(number) is signal.SIG_IGN
