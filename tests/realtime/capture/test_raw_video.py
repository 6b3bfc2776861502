"""Raw video through a pipe: in order, at an even rate, and said where it is cut off."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from io import FileIO

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.capture import raw_video
from realtime.capture.raw_video import open_stdin, raw_frames
from realtime.core.errors import SourceError

SIZE_WH = (64, 48)
FRAME_BYTES = 64 * 48 * 3
WAIT_S = 30.0
"""For another thread, which on a busy machine comes late; nobody waits so long who does not fail."""


class Pipe:
    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        self.file = FileIO(reading)

    def write(self, contents: bytes) -> None:
        while contents:
            contents = contents[os.write(self._writing, contents) :]

    def end(self) -> None:
        os.close(self._writing)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.file.close()


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 64, 3), np.uint8)


def test_frames_come_in_order_at_the_rate_that_was_said(pipe: Pipe) -> None:
    images = noise(20)
    writer = threading.Thread(target=lambda: (pipe.write(images.tobytes()), pipe.end()))  # more than a pipe holds
    writer.start()
    taken = [
        (frame.time_s, frame.name, frame.image_bgr.copy()) for frame in raw_frames(pipe.file, SIZE_WH, 25) if frame
    ]
    writer.join(WAIT_S)
    assert [time_s for time_s, _, _ in taken] == [index / 25 for index in range(20)]
    assert [name for _, name, _ in taken] == [f"stdin_{index:06d}" for index in range(20)]
    assert_array_equal([image for _, _, image in taken], images)
    assert pipe.file.closed


def test_the_rate_is_30_where_none_is_said(pipe: Pipe) -> None:
    pipe.write(noise(2).tobytes())
    pipe.end()
    assert [frame.time_s for frame in raw_frames(pipe.file, SIZE_WH, None) if frame] == [0, 1 / 30]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot wait for a pipe")
def test_while_the_pipe_is_empty_the_receiver_hears_so_and_keeps_its_frame(pipe: Pipe) -> None:
    first, second = noise(2)
    frames: Iterator = raw_frames(pipe.file, SIZE_WH, None)
    assert next(frames) is None
    pipe.write(first.tobytes() + second.tobytes()[:1000])
    frame = next(frames)
    begin_s = time.perf_counter()
    assert [next(frames), next(frames)] == [None, None]
    assert 0.09 < time.perf_counter() - begin_s < WAIT_S
    assert_array_equal(frame.image_bgr, first)
    pipe.write(second.tobytes()[1000:])
    pipe.end()
    assert_array_equal(next(frames).image_bgr, second)
    assert next(frames, "end") == "end"


def test_a_frame_that_is_cut_off_is_said_and_left_out(pipe: Pipe, caplog: pytest.LogCaptureFixture) -> None:
    pipe.write(noise(3).tobytes()[:-1])
    pipe.end()
    with caplog.at_level(logging.WARNING):
        assert len([frame for frame in raw_frames(pipe.file, SIZE_WH, None) if frame]) == 2
    assert caplog.messages == [
        "stdin: the last frame is left out, it has 9215 of the 9216 bytes of a 64x48 bgr24 frame"
    ]


@pytest.mark.parametrize("count", [0, 9215])
def test_a_pipe_without_one_whole_frame_is_refused(pipe: Pipe, count: int) -> None:
    pipe.write(bytes(count))
    pipe.end()
    with pytest.raises(SourceError, match=rf"^stdin ended after {count} of the 9216 bytes of a 64x48 bgr24 frame$"):
        list(raw_frames(pipe.file, SIZE_WH, None))


def test_closing_leaves_stdin_open_for_others(monkeypatch: pytest.MonkeyPatch, pipe: Pipe) -> None:
    monkeypatch.setattr(raw_video, "STDIN", pipe.file.fileno())
    frames = raw_frames(open_stdin(), SIZE_WH, None)
    next(frames)
    frames.close()
    os.fstat(pipe.file.fileno())
    pipe.end()


def test_a_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pty = pytest.importorskip("pty", reason="terminals are Unix's own")
    main, terminal = pty.openpty()
    monkeypatch.setattr(raw_video, "STDIN", terminal)
    with pytest.raises(SourceError, match=r"^stdin is a terminal: pipe raw bgr24 video into the program$"):
        open_stdin()
    os.close(main)
    os.close(terminal)


def test_a_closed_stdin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    monkeypatch.setattr(raw_video, "STDIN", reading)
    with pytest.raises(SourceError, match=r"^stdin cannot be read \(Bad file descriptor\)$"):
        open_stdin()
