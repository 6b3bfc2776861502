"""A camera or stream that goes away is waited for, and goes on where it left off."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from realtime.capture import live
from realtime.capture import live as feed_module
from realtime.capture.live import POLL_S, FeedLost, LiveClock, NewestFrame, StampedImage, live_frames
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.frame import Frame

IMAGE = BgrImage(np.zeros((2, 2, 3), np.uint8))


class FakeTime:
    """A clock that only goes on when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def perf_counter(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    fake = FakeTime()
    monkeypatch.setattr(feed_module, "time", fake)
    return fake


class FakeFeed:
    """Gives frames with these stamps, 0.1 s apart, and is lost then."""

    def __init__(self, clock: FakeTime, stamps_s: Iterable[float | None]) -> None:
        self._clock = clock
        self._stamps_s = iter(stamps_s)
        self.closed = 0

    def read(self) -> StampedImage | None:
        self._clock.sleep(0.1)
        for stamp_s in self._stamps_s:
            return IMAGE, stamp_s
        raise FeedLost("is unplugged")

    def close(self) -> None:
        self.closed += 1


def connections(clock: FakeTime, *answers: FakeFeed | None) -> tuple[Callable[[], FakeFeed], list[float]]:
    """What connecting gives each time, None a failure, the last for ever; and when it was tried."""
    left, tried_s = list(answers), []

    def connect() -> FakeFeed:
        tried_s.append(clock.now_s)
        feed = left.pop(0) if len(left) > 1 else left[0]
        if feed is None:
            raise SourceError("camera 0 cannot be opened")
        return feed

    return connect, tried_s


def test_a_lost_camera_is_told_waited_for_and_goes_on(clock: FakeTime) -> None:
    first, second = FakeFeed(clock, [None] * 3), FakeFeed(clock, [None] * 9)
    connect, tried_s = connections(clock, None, None, second)
    items = live_frames("camera 0", "camera", first, connect)
    taken = list(islice((item for item in items if item is not None), 7))
    assert [item.name if isinstance(item, Frame) else item for item in taken] == [
        "camera_000000",
        "camera_000001",
        "camera_000002",
        "camera 0: is unplugged; waiting for it to come back",
        "camera 0: back after 3.5 s",
        "camera_000003",
        "camera_000004",
    ]
    # Lost at 100.4 s, tried 0.5, 1 and 2 s later; each frame takes 0.1 s.
    assert_allclose(tried_s, [100.9, 101.9, 103.9])
    times_s = [item.time_s for item in taken if isinstance(item, Frame)]
    assert_allclose(times_s, [0, 0.1, 0.2, 3.9, 4.0])
    assert (first.closed, second.closed) == (1, 0)
    items.close()
    assert second.closed == 1


def test_while_it_is_away_the_reader_says_none_so_that_it_can_be_stopped(clock: FakeTime) -> None:
    connect, tried_s = connections(clock, None)
    items = live_frames("camera 0", "camera", FakeFeed(clock, []), connect)
    next(items)
    begin_s = clock.now_s
    while not tried_s:
        assert next(items) is None
        assert clock.now_s - begin_s < 0.06
        begin_s = clock.now_s
    items.close()


def test_the_waits_double_up_to_five_seconds_and_it_is_given_up_in_the_end(clock: FakeTime) -> None:
    connect, tried_s = connections(clock, None)
    items = live_frames("camera 0", "camera", FakeFeed(clock, []), connect)
    with pytest.raises(SourceError, match=r"^camera 0 cannot be opened; given up after 10 minutes$"):
        list(items)
    assert_allclose(np.diff([100.1, *tried_s])[:6], [0.5, 1, 2, 4, 5, 5])
    assert 600 < tried_s[-1] - 100.1 < 606


def test_one_that_comes_and_goes_is_not_asked_ever_faster(clock: FakeTime) -> None:
    connect, tried_s = connections(clock, *[FakeFeed(clock, [None]) for _ in range(6)], None)
    items = live_frames("camera 0", "camera", FakeFeed(clock, []), connect)
    while len(tried_s) < 6:
        next(items)
    assert_allclose(np.diff([100.1, *tried_s]), [0.5, 1.2, 2.2, 4.2, 5.2, 5.2])
    items.close()


def test_one_that_was_well_for_long_is_asked_soon(clock: FakeTime) -> None:
    connect, tried_s = connections(clock, FakeFeed(clock, [None] * 100), None)
    items = live_frames("camera 0", "camera", FakeFeed(clock, []), connect)
    while len(tried_s) < 2:
        next(items)
    assert_allclose(np.diff([100.1, *tried_s]), [0.5, 10.1 + 0.5])
    items.close()


def test_nothing_good_just_now_is_passed_on(clock: FakeTime) -> None:
    answers: Iterator[StampedImage | None] = iter([(IMAGE, None), None, (IMAGE, None)])
    feed = SimpleNamespace(read=lambda: next(answers), close=lambda: None)
    items = live_frames("camera 0", "camera", feed, lambda: feed)
    names = [item.name if isinstance(item, Frame) else item for item in islice(items, 3)]
    assert names == ["camera_000000", None, "camera_000001"]
    items.close()


def test_a_streams_own_stamps_are_kept_and_go_on_after_a_break(clock: FakeTime) -> None:
    second = FakeFeed(clock, [50.3, 50.34, 50.8])  # a count that only looks as if it went on
    connect, _ = connections(clock, second)
    items = live_frames("stream", "stream", FakeFeed(clock, [50.0, 50.04, 50.2]), connect)
    times_s = [item.time_s for item in islice((item for item in items if isinstance(item, Frame)), 6)]
    # 0.1 s until it is seen to be lost, 0.5 s until it is back, 0.1 s for its first frame.
    assert_allclose(times_s, [0, 0.04, 0.2, 0.9, 0.94, 1.4])
    items.close()


@pytest.mark.parametrize(
    ("stamps_s", "expected_s"),
    [
        ([3.0, 3.04, 3.08], [0, 0.04, 0.08]),
        ([None, None, None], [0, 0.1, 0.2]),
        ([3.0, None, 3.2, 3.3], [0, 0.1, 0.2, 0.3]),
        ([3.0, 2.0, 2.05], [0, 0.1, 0.15]),
        ([3.0, 3.0, 3.04], [0, 0.1, 0.14]),
        ([3.0, 26.5 * 3600, 26.5 * 3600 + 0.04], [0, 0.1, 0.14]),
    ],
    ids=["its own", "none", "one missing", "back", "twice the same", "a jump"],
)
def test_time_goes_by_the_streams_stamps_where_they_make_sense(
    stamps_s: list[float | None], expected_s: list[float]
) -> None:
    clock = LiveClock()
    assert_allclose([clock.time_s(stamp, 50 + index / 10) for index, stamp in enumerate(stamps_s)], expected_s)


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
    monkeypatch.setattr(live, "STOP_S", 0.1)
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
