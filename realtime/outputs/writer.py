"""The thread that writes: it takes copies of finished frames, so that neither camera nor window waits for a disk."""

import atexit
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from realtime.core.errors import OutputError
from realtime.face import Face
from realtime.frame import Frame
from realtime.outputs.sink import FrameCopy, Sink

PixelType = TypeVar("PixelType", np.uint8, np.float32)


class BufferPool(Generic[PixelType]):
    """Copies of arrays of one kind, in the memory of copies that were given back.

    One thread may copy while another gives back.
    """

    def __init__(self) -> None:
        self._free: deque[npt.NDArray[PixelType]] = deque()  # whose pop and append are atomic

    def copy(self, array: npt.NDArray[PixelType]) -> npt.NDArray[PixelType]:
        """The same values, contiguous, in memory that is the caller's until given back."""
        while self._free:
            buffer = self._free.pop()
            if buffer.shape == array.shape:  # else forgotten: the size has changed
                np.copyto(buffer, array)
                return buffer
        return array.copy()

    def give_back(self, buffer: npt.NDArray[PixelType]) -> None:
        """Take back what `copy` returned and nobody reads any more."""
        self._free.append(buffer)


QUEUE_FRAMES = 6
"""Frames that wait at most: 0.2 s at 30 frames a second, 5.5 MB at 640x480."""
POLL_S = 0.1
STALLED_S = 30.0
"""A sink that takes nothing for so long at the end is given up: as on a network disk that has gone."""


@dataclass(frozen=True)
class Job:
    """What the thread does next: hand a frame to sinks, or, without a frame, close them."""

    sinks: tuple[Sink, ...]
    frame: FrameCopy | None = None


class Writer:
    """Hands frames to sinks in one background thread, which starts with the first sink.

    An error in the thread ends it: the other sinks are closed, and the error is raised by the next `write`, or
    returned by `stop`. All methods are for one thread.

    Args:
        waits: a full queue makes `write` wait; else it leaves the frame out and counts it.

    Attributes:
        dropped: frames left out because the sinks were busy.
        left_out: the same for each sink.
        finished: sinks that were closed with everything in them, in that order.
    """

    def __init__(self, *, waits: bool) -> None:
        self.dropped = 0
        self.left_out: Counter[Sink] = Counter()
        self.finished: list[Sink] = []
        self._waits = waits
        self._sinks: list[Sink] = []
        self._unclosed: list[Sink] = []
        self._jobs: deque[Job] = deque()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._done = threading.Event()
        self._busy_with: Sink | None = None
        self._steps = 0
        self._error: BaseException | None = None
        self._is_told = False
        self._pictures: BufferPool[np.uint8] = BufferPool()
        self._probs: BufferPool[np.float32] = BufferPool()

    def add(self, sink: Sink) -> None:
        """Hand this sink every frame from now on; the writer closes it, in every case.

        Raises:
            OutputError: of the thread.
        """
        with self._changed:
            is_late = self._error is not None
            if not is_late:
                self._unclosed.append(sink)
        if is_late:
            sink.close()
            self._raise_error()
        self._sinks.append(sink)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="output writer", daemon=True)
            self._thread.start()
            atexit.register(self._finish)  # for an interrupt so late that nobody calls `stop`

    def remove(self, sink: Sink) -> None:
        """Close this sink after the frames it was handed; does not wait for it."""
        self._sinks.remove(sink)
        self._put(Job((sink,)))

    def write(self, frame: Frame, picture: npt.NDArray[np.uint8], faces: Sequence[Face]) -> None:
        """Copy what the sinks want of a frame, and hand it on.

        Raises:
            OutputError: of the thread, on an earlier frame.
        """
        self._raise_error()
        if not self._sinks:
            return
        if not self._has_room():
            self.dropped += 1
            self.left_out.update(self._sinks)
            return
        self._raise_error()
        self._put(Job(tuple(self._sinks), self._copy(frame, picture, faces)))

    def stop(self) -> BaseException | None:
        """Hand on what waits, close all sinks, and end the thread; Ctrl-C does not cut it short.

        Returns:
            the thread's error, where `write` has not raised it already.
        """
        self._finish()
        atexit.unregister(self._finish)
        return None if self._is_told else self._error

    def _copy(self, frame: Frame, picture: npt.NDArray[np.uint8], faces: Sequence[Face]) -> FrameCopy:
        is_seen = any(sink.wants_picture for sink in self._sinks)
        kept = faces if any(sink.wants_faces for sink in self._sinks) else ()
        height, width = frame.image_bgr.shape[:2]
        return FrameCopy(
            frame.name,
            frame.time_s,
            (width, height),
            self._pictures.copy(picture) if is_seen else None,
            tuple(replace(face, probs=self._probs.copy(face.probs)) for face in kept),
        )

    def _has_room(self) -> bool:
        with self._changed:
            while len(self._jobs) >= QUEUE_FRAMES and self._waits and not self._error:
                self._changed.wait(POLL_S)  # with a limit, so that Ctrl-C is heard on Windows too
            return len(self._jobs) < QUEUE_FRAMES or self._error is not None

    def _put(self, job: Job) -> None:
        with self._changed:
            self._jobs.append(job)
            self._changed.notify_all()

    def _raise_error(self) -> None:
        if self._error is not None:
            self._is_told = True
            raise self._error

    def _finish(self) -> None:
        steps, since = self._steps, time.perf_counter()
        while self._thread is not None and not self._done.is_set():
            with suppress(KeyboardInterrupt):
                with self._changed:
                    self._is_stopping = True
                    self._changed.notify_all()
                self._done.wait(POLL_S)
                if self._steps != steps:
                    steps, since = self._steps, time.perf_counter()
                if time.perf_counter() - since > STALLED_S:
                    self._error = self._error or OutputError(
                        f"{self._busy_with.name if self._busy_with else 'output'}: "
                        f"took nothing for {STALLED_S:.0f} s and was given up"
                    )
                    return

    # The thread's own side.

    def _work(self) -> None:
        failed = None
        try:
            while (job := self._next_job()) is not None:
                self._do(job)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the loop must hear of it
            failed = self._busy_with
            self._fail(error)
        for sink in self._unclosed:
            try:
                self._close(sink, is_whole=sink is not failed)
            except BaseException as error:  # noqa: BLE001 - the other sinks are still to be closed
                self._fail(error)
        self._done.set()

    def _next_job(self) -> Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._jobs or self._is_stopping)
            job = self._jobs.popleft() if self._jobs else None
            self._changed.notify_all()
        return job

    def _do(self, job: Job) -> None:
        for sink in job.sinks:
            self._busy_with = sink
            if job.frame is not None:
                sink.take(job.frame)
            else:
                self._unclosed.remove(sink)
                self._close(sink, is_whole=True)
            self._steps += 1
        if job.frame is not None:
            if job.frame.picture is not None:
                self._pictures.give_back(job.frame.picture)
            for face in job.frame.faces:
                self._probs.give_back(face.probs)

    def _close(self, sink: Sink, *, is_whole: bool) -> None:
        self._busy_with = sink
        sink.close()
        self._steps += 1
        if is_whole:
            self.finished.append(sink)

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify_all()
