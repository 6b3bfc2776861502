"""The writing thread: in order, never in the way, never silent about an error, never left hanging."""

import _thread
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.core.errors import OutputError
from realtime.core.geometry import BgrImage, CropTransform
from realtime.core.regions import Region
from realtime.face import Face
from realtime.frame import Frame
from realtime.outputs import writer as writer_module
from realtime.outputs.sink import FrameCopy
from realtime.outputs.writer import QUEUE_FRAMES, BufferPool, Writer

LIMIT_S = 10.0
"""Nothing here takes so long, unless it hangs."""


class FakeSink:
    """Notes what it takes; waits at its gate; fails at the frame it is told."""

    name = "fake.mp4"

    def __init__(self, *, wants: str = "picture", fails_at: int | None = None, fails_to_close: bool = False) -> None:
        self.wants_picture = wants == "picture"
        self.wants_faces = wants == "faces"
        self.gate = threading.Event()
        self.gate.set()
        self.has_begun = threading.Event()
        self.taken: list[FrameCopy] = []
        self.first_pixels: list[int] = []
        self.closes = 0
        self._fails_at = fails_at
        self._fails_to_close = fails_to_close

    def take(self, frame: FrameCopy) -> None:
        self.has_begun.set()
        assert self.gate.wait(LIMIT_S)
        if len(self.taken) == self._fails_at:
            raise OutputError("fake.mp4: cannot be written (No space left on device)")
        self.taken.append(frame)
        if frame.picture is not None:
            self.first_pixels.append(int(frame.picture[0, 0, 0]))

    def close(self) -> None:
        self.closes += 1
        if self._fails_to_close:
            raise OutputError("fake.mp4: cannot be finished")

    def summary(self) -> str:
        return self.name


def frame(index: int) -> Frame:
    return Frame(BgrImage(np.full((4, 6, 3), index, np.uint8)), index / 30, f"frame_{index}")


def face(value: float) -> Face:
    return Face(
        1, CropTransform((89.0, 88.0), 1.0, 0.0), np.full((1, 218, 178), value, np.float32), (Region.LEFT_IRIS,)
    )


def write(writer: Writer, index: int) -> None:
    shown = frame(index)
    writer.write(shown, shown.image_bgr, [])


@contextmanager
def writing(*sinks: FakeSink, waits: bool = True) -> Iterator[Writer]:
    """A writer with these sinks; its thread has ended afterwards."""
    writer = Writer(waits=waits)
    for sink in sinks:
        writer.add(sink)
    try:
        yield writer
    finally:
        for sink in sinks:
            sink.gate.set()
        writer.stop()


def writer_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "output writer" and thread.is_alive()]


def wait_until_ended() -> None:
    start = time.perf_counter()
    while writer_threads() and time.perf_counter() - start < LIMIT_S:
        time.sleep(0.001)
    assert writer_threads() == []


def wait_for_error(writer: Writer) -> OutputError:
    """The error that one of the next writes raises."""
    start = time.perf_counter()
    while time.perf_counter() - start < LIMIT_S:
        try:
            write(writer, 0)
        except OutputError as error:
            return error
    pytest.fail("no error was raised")


def test_every_sink_takes_every_frame_in_order_and_is_closed_once() -> None:
    sinks = [FakeSink(), FakeSink()]
    with writing(*sinks) as writer:
        for index in range(20):
            write(writer, index)
        assert writer.stop() is None
    for sink in sinks:
        assert [taken.name for taken in sink.taken] == [f"frame_{index}" for index in range(20)]
        assert sink.first_pixels == list(range(20))
        assert sink.closes == 1
    assert (writer.finished, writer.dropped) == (sinks, 0)
    wait_until_ended()


def test_with_no_sink_there_is_no_thread() -> None:
    writer = Writer(waits=False)
    write(writer, 0)
    assert writer_threads() == []
    assert writer.stop() is None


def test_what_is_written_may_be_drawn_on_again_at_once() -> None:
    seer, measurer = FakeSink(), FakeSink(wants="faces")
    seer.gate.clear()
    shown, found = frame(7), face(0.5)
    probs = found.probs.copy()
    with writing(seer, measurer) as writer:
        writer.write(shown, shown.image_bgr, [found])
        shown.image_bgr[:] = 99
        found.probs[:] = 0
        seer.gate.set()
        writer.stop()
    assert seer.first_pixels == [7]
    (taken,) = measurer.taken
    assert taken.size_wh == (6, 4)
    assert_array_equal(taken.faces[0].probs, probs)


def test_only_what_a_sink_wants_is_copied() -> None:
    shown, found = frame(7), face(0.5)
    for wants in ("picture", "faces", "nothing"):
        sink = FakeSink(wants=wants)
        with writing(sink) as writer:
            writer.write(shown, shown.image_bgr, [found])
            writer.stop()
        assert (sink.taken[0].picture is not None, len(sink.taken[0].faces)) == (wants == "picture", wants == "faces")


def test_the_memory_of_a_few_copies_serves_all_frames() -> None:
    sink = FakeSink()
    with writing(sink) as writer:
        for index in range(100):
            write(writer, index)
        writer.stop()
    assert len({taken.picture.ctypes.data for taken in sink.taken if taken.picture is not None}) <= QUEUE_FRAMES + 2


def test_a_live_source_never_waits_and_what_is_left_out_is_counted() -> None:
    sink = FakeSink()
    sink.gate.clear()
    with writing(sink, waits=False) as writer:
        write(writer, 0)
        assert sink.has_begun.wait(LIMIT_S)  # frame 0 is no longer in the queue
        start = time.perf_counter()
        for index in range(1, 51):
            write(writer, index)
        assert time.perf_counter() - start < 1.0
        assert writer.dropped == writer.left_out[sink] == 50 - QUEUE_FRAMES
        sink.gate.set()
        writer.stop()
    assert sink.first_pixels == list(range(1 + QUEUE_FRAMES))


def test_a_recording_waits_for_the_sink_and_loses_nothing() -> None:
    sink = FakeSink()
    sink.gate.clear()
    with writing(sink, waits=True) as writer:
        opener = threading.Timer(0.3, sink.gate.set)
        opener.start()
        start = time.perf_counter()
        for index in range(30):
            write(writer, index)
        assert time.perf_counter() - start > 0.25
        writer.stop()
        opener.join()
    assert sink.first_pixels == list(range(30))
    assert writer.dropped == 0


@pytest.mark.parametrize("waits", [True, False], ids=["recording", "live"])
def test_an_error_is_raised_in_a_later_write_and_all_sinks_are_closed(waits: bool) -> None:
    good, bad = FakeSink(), FakeSink(fails_at=2)
    with writing(good, bad, waits=waits) as writer:
        error = wait_for_error(writer)
        assert str(error) == "fake.mp4: cannot be written (No space left on device)"
        with pytest.raises(OutputError):
            write(writer, 0)
        assert writer.stop() is None  # it was told
    assert (good.closes, bad.closes) == (1, 1)
    assert writer.finished == [good]
    wait_until_ended()


def test_an_error_ends_the_wait_for_a_full_queue() -> None:
    sink = FakeSink(fails_at=0)
    sink.gate.clear()
    with writing(sink, waits=True) as writer:
        for index in range(1 + QUEUE_FRAMES):
            write(writer, index)
        threading.Timer(0.2, sink.gate.set).start()
        wait_for_error(writer)


def test_an_error_after_the_last_write_is_returned_by_stop() -> None:
    sink = FakeSink(fails_at=0)
    with writing(sink) as writer:
        write(writer, 0)
        error = writer.stop()
    assert isinstance(error, OutputError)


def test_a_sink_that_cannot_be_closed_is_not_finished_and_does_not_hinder_the_others() -> None:
    bad, good = FakeSink(fails_to_close=True), FakeSink()
    with writing(bad, good) as writer:
        write(writer, 0)
        assert str(writer.stop()) == "fake.mp4: cannot be finished"
    assert (good.closes, writer.finished) == (1, [good])


def test_a_sink_that_is_removed_gets_what_was_written_before_and_nobody_waits_for_it() -> None:
    stays, leaves = FakeSink(), FakeSink()
    stays.gate.clear()
    with writing(stays, leaves) as writer:
        for index in range(QUEUE_FRAMES):
            write(writer, index)
        writer.remove(leaves)  # with a full queue and a stalled sink
        stays.gate.set()
        write(writer, 100)
        writer.stop()
    assert leaves.first_pixels == list(range(QUEUE_FRAMES))
    assert stays.first_pixels == [*range(QUEUE_FRAMES), 100]
    assert leaves.closes == 1
    assert writer.finished == [leaves, stays]


def test_a_sink_that_comes_after_an_error_is_closed() -> None:
    late = FakeSink()
    with writing(FakeSink(fails_at=0)) as writer:
        wait_for_error(writer)
        with pytest.raises(OutputError, match="No space left"):
            writer.add(late)
    assert late.closes == 1


class InterruptedSink(FakeSink):
    """While it is being closed the user presses Ctrl-C again and again."""

    def close(self) -> None:
        for _ in range(3):
            _thread.interrupt_main()
            time.sleep(0.05)
        super().close()


def test_ctrl_c_does_not_cut_the_closing_short() -> None:
    sink = InterruptedSink()
    writer = Writer(waits=True)
    writer.add(sink)
    write(writer, 0)
    assert writer.stop() is None
    assert (sink.closes, writer.finished) == (1, [sink])


def test_a_sink_that_takes_nothing_any_more_is_given_up_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "STALLED_S", 0.2)
    sink = FakeSink()
    sink.gate.clear()
    with writing(sink) as writer:
        write(writer, 0)
        start = time.perf_counter()
        assert str(writer.stop()) == "fake.mp4: took nothing for 0 s and was given up"
        assert time.perf_counter() - start < 2.0
        assert writer.finished == []


def picture(value: int, shape: tuple[int, ...] = (4, 6, 3)) -> np.ndarray:
    return np.full(shape, value, np.uint8)


def test_a_copy_is_not_changed_with_its_original_nor_by_later_copies() -> None:
    pool: BufferPool[np.uint8] = BufferPool()
    original = picture(1)
    copy = pool.copy(original)
    original[:] = 9
    other = pool.copy(picture(2))
    assert_array_equal(copy, picture(1))
    assert not np.shares_memory(copy, other)


def test_memory_given_back_is_used_again_for_the_next_of_that_shape() -> None:
    pool: BufferPool[np.uint8] = BufferPool()
    copy = pool.copy(picture(1))
    pool.give_back(copy)
    again = pool.copy(picture(2))
    assert again is copy
    assert_array_equal(again, picture(2))
    assert pool.copy(picture(3)) is not again


def test_after_a_change_of_size_the_old_memory_is_forgotten() -> None:
    pool: BufferPool[np.uint8] = BufferPool()
    old = pool.copy(picture(1))
    pool.give_back(old)
    assert_array_equal(pool.copy(picture(2, (5, 6, 4))), picture(2, (5, 6, 4)))
    assert pool.copy(picture(1)) is not old


def test_a_mirrored_view_is_copied_as_it_looks_and_lies_in_one_piece() -> None:
    mirrored = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)[:, ::-1]
    copy = BufferPool[np.uint8]().copy(mirrored)
    assert copy.flags.c_contiguous
    assert_array_equal(copy, mirrored)
