"""Ctrl-C and SIGTERM as an ordinary end, so that what is being written is finished."""

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignals(AbstractContextManager["StopSignals"]):
    """Takes the signals that ask a program to end, from when it is entered until it is left.

    The first one raises KeyboardInterrupt, but within `held_back` it is only noted, so that it hits no encoder in the
    middle of a frame and no file that is being finished. Those after the first do nothing.
    """

    def __init__(self) -> None:
        self.is_set = False
        self._is_held_back = False
        self._before: dict[signal.Signals, Any] = {}

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """While this lasts a signal is noted, and raises nothing."""
        self._is_held_back = True
        try:
            yield
        finally:
            self._is_held_back = False

    def until_set(self, items: Iterable[T]) -> Iterator[T]:
        """These items until a signal comes, also while the next one is waited for."""
        iterator = iter(items)
        while not self.is_set:
            was_held_back = self._is_held_back
            try:
                self._is_held_back = False
                item = next(iterator)
            except (StopIteration, KeyboardInterrupt):
                return
            finally:
                self._is_held_back = was_held_back
            yield item

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        is_first, self.is_set = not self.is_set, True
        if is_first and not self._is_held_back:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread take signals
            self._before = {number: signal.signal(number, self._take) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
