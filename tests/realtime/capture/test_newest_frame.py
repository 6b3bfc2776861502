"""The newest frame wins; errors and lines reach the one who takes the frames; the thread ends."""

import threading
import time
from collections import deque
from collections.abc import Iterator

import numpy as np
import pytest

from realtime.capture import newest_frame
from realtime.capture.newest_frame import POLL_S, NewestFrame
from realtime.core.errors import SourceError
from realtime.core.preprocess import BgrImage
from realtime.frame import Frame

WAIT_S = 30.0
"""For another thread, which on a busy machine comes late; nobody waits so long who does not fail."""


def grey(value: int) -> BgrImage:
    return BgrImage(np.full((48, 64, 3), value, np.uint8))


def counted(count: int) -> Iterator[Frame]:
    return (Frame(grey(index), index / 30, str(index)) for index in range(count))


class GatedReader:
    """Frames that come at once, and an end that comes when it is told to."""

    def __init__(self, count: int, end: Exception | None = None) -> None:
        self._count = count
        self._end = end
        self.all_read, self.go_on = threading.Event(), threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        yield from counted(self._count)
        self.all_read.set()
        assert self.go_on.wait(WAIT_S)
        if self._end:
            raise self._end


def test_the_newest_frame_wins_and_the_others_are_counted() -> None:
    reader = GatedReader(5)
    newest = NewestFrame(iter(reader))
    assert reader.all_read.wait(WAIT_S)
    taken = iter(newest)
    frame = next(taken)
    assert frame is not None
    assert frame.name == "4"
    assert newest.dropped == 4
    reader.go_on.set()
    assert [frame for frame in taken if frame] == []
    assert newest.dropped == 4
    newest.stop()


def test_frames_taken_in_time_are_not_dropped() -> None:
    taken = threading.Semaphore(1)

    def reader() -> Iterator[Frame]:
        for frame in counted(5):
            assert taken.acquire(timeout=WAIT_S)
            yield frame

    newest = NewestFrame(reader())
    names = []
    for frame in newest:
        if frame:
            names.append(frame.name)
            taken.release()
    assert names == ["0", "1", "2", "3", "4"]
    assert newest.dropped == 0


def test_while_nothing_comes_the_receiver_hears_so_in_time() -> None:
    reader = GatedReader(0)
    newest = NewestFrame(iter(reader))
    taken = iter(newest)
    begin = time.perf_counter()
    assert [next(taken) for _ in range(3)] == [None, None, None]
    assert time.perf_counter() - begin >= 2 * POLL_S  # it waits, it does not spin
    reader.go_on.set()
    newest.stop()


def test_the_readers_error_reaches_the_taker_after_the_last_frame() -> None:
    reader = GatedReader(2, end=SourceError("unplugged"))
    newest = NewestFrame(iter(reader))
    assert reader.all_read.wait(WAIT_S)
    reader.go_on.set()
    newest.stop()  # waits for the thread, and with it for the error
    taken = iter(newest)
    frame = next(taken)
    assert frame is not None
    assert frame.name == "1"
    with pytest.raises(SourceError, match="unplugged"):
        next(taken)


def test_lines_are_told_in_order_by_the_one_who_takes_the_frames() -> None:
    told: list[tuple[str, threading.Thread]] = []
    newest = NewestFrame(iter(["lost", None, "back"]), lambda line: told.append((line, threading.current_thread())))
    assert [frame for frame in newest if frame] == []
    assert told == [("lost", threading.main_thread()), ("back", threading.main_thread())]


def test_a_picture_stays_the_receivers_until_the_next_one_though_buffers_are_used_again() -> None:
    spare: deque[BgrImage] = deque()
    made = []

    def reader() -> Iterator[Frame | None]:
        for index in range(2000):
            if spare:
                image = spare.popleft()
            else:
                made.append(image := grey(0))
            image[:] = index % 256
            yield Frame(image, index / 1000, str(index))
            if index % 100 == 0:
                time.sleep(0.001)

    newest = NewestFrame(reader(), recycle=spare.append)
    taken, picture = 0, None
    for frame in newest:
        if frame:
            taken, picture = taken + 1, (frame.image_bgr, int(frame.name) % 256)
            time.sleep(0.0005)
        if picture:
            assert np.all(picture[0] == picture[1])  # also after a None
    assert taken > 10
    assert newest.dropped == 2000 - taken
    assert len(made) <= 3


def test_an_image_is_given_back_when_the_next_is_handed_out_and_not_before() -> None:
    go_on = threading.Event()
    first, second = counted(2)

    def reader() -> Iterator[Frame]:
        yield first
        assert go_on.wait(WAIT_S)
        yield second

    given_back: list[BgrImage] = []
    newest = NewestFrame(reader(), recycle=given_back.append)
    taken = iter(newest)
    assert next(frame for frame in taken if frame) is first
    assert next(taken) is None
    assert given_back == []
    go_on.set()
    assert next(frame for frame in taken if frame) is second
    assert len(given_back) == 1
    assert given_back[0] is first.image_bgr
    newest.stop()


def test_stopping_ends_the_thread_and_closes_what_it_reads() -> None:
    closed_by = []

    def endless() -> Iterator[Frame]:
        try:
            while True:
                yield Frame(grey(0), 0.0, "")
        finally:
            closed_by.append(threading.current_thread().name)

    before = threading.enumerate()
    newest = NewestFrame(endless())
    assert next(iter(newest))
    newest.stop()
    newest.stop()
    assert threading.enumerate() == before
    assert closed_by == ["frame reader"]


def test_stopping_does_not_wait_for_a_reader_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest_frame, "STOP_S", 0.1)
    reader = GatedReader(1)
    newest = NewestFrame(iter(reader))
    assert reader.all_read.wait(WAIT_S)
    begin = time.perf_counter()
    newest.stop()
    assert 0.1 <= time.perf_counter() - begin < WAIT_S / 2
    assert [frame.name for frame in newest if frame] == ["0"]  # and then it has ended, for the receiver
    reader.go_on.set()


def test_an_error_while_closing_is_not_lost() -> None:
    def reader() -> Iterator[Frame]:
        try:
            yield Frame(grey(0), 0.0, "")
            yield Frame(grey(0), 0.0, "")
        finally:
            raise OSError("no such device")

    with pytest.raises(OSError, match="no such device"):
        list(NewestFrame(reader()))
