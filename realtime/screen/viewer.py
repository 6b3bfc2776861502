"""What the user sees and presses: the window, its keys, pause, the pace of recordings."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from realtime.capture.sources import Source
from realtime.core.errors import OutputError
from realtime.core.images import flatten
from realtime.drawing.painter import Painter
from realtime.outputs.outputs import Outputs
from realtime.screen.controls import Controls
from realtime.screen.hud import Hud, Status
from realtime.screen.window import Window

POLL_S = 0.05
"""Keys, and a signal to stop, are looked for at least so often."""


class Viewer:
    """Shows each picture, does what keys ask for, and keeps a recording to its own speed.

    Args:
        window: the screen.
        controls: changed by keys.
        painter: draws a frame once more after a key.
        outputs: take snapshots and recordings.
        hud: lies over what is shown.
        source: where the pictures come from.
        is_stopping: true once the program is asked to end from outside.
    """

    def __init__(
        self,
        window: Window,
        controls: Controls,
        painter: Painter,
        outputs: Outputs,
        hud: Hud,
        source: Source,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._window = window
        self._controls = controls
        self._painter = painter
        self._outputs = outputs
        self._hud = hud
        self._source = source
        self._is_stopping = is_stopping
        self._picture: npt.NDArray[np.uint8] | None = None
        self._status = Status()
        self._start_s: float | None = None

    def show(self, picture: npt.NDArray[np.uint8], time_s: float, faces: int, latency_ms: float) -> bool:
        """Show a picture until the next is due; False when the user wants to end.

        Args:
            picture: the painter's newest.
            time_s: its time stamp.
            faces: on it.
            latency_ms: from its capture to its finished overlay.
        """
        now_s = time.perf_counter()
        self._picture = picture
        self._status = replace(self._status, faces=faces)
        self._hud.frames.add(now_s, latency_ms)
        self._keep_pictures()
        self._refresh_hud()
        self._display()
        if self._start_s is None or self._source.is_live:
            self._start_s = now_s - time_s
        is_polled = False
        while not self._is_over:
            due_s = 0.0 if self._start_s is None else self._start_s + time_s  # at once after a pause
            left_s = due_s - time.perf_counter()
            if is_polled and left_s <= 0 and not self._is_held:
                return True
            self._attend(POLL_S if self._is_held else min(POLL_S, left_s))
            is_polled = True
        return False

    def attend(self) -> bool:
        """Look after keys while no picture comes, or none is wanted; False when the user wants to end.

        A pause that begins here lasts until it ends, where the source is to wait for it: stdin, say.
        """
        self._attend(0.0)
        while self._is_held and not self._is_over:
            self._attend(POLL_S)
        return not self._is_over

    @property
    def _is_over(self) -> bool:
        return self._controls.wants_quit or self._window.is_closed or self._is_stopping()

    @property
    def _is_held(self) -> bool:
        return self._source.is_one_picture or (self._controls.is_paused and not self._source.is_live)

    def _attend(self, wait_s: float) -> None:
        key = self._window.wait_key(round(wait_s * 1e3))
        if key is not None:
            self._press(key)
        if self._refresh_hud() or key is not None:
            self._display()

    def _press(self, key: int) -> None:
        controls = self._controls
        before = (controls.look, controls.is_mirrored)
        was_paused = controls.is_paused
        controls.press(key)
        if was_paused and not controls.is_paused:
            self._start_s = None
            self._hud.frames.clear()
        if self._picture is None:
            return
        if controls.is_paused and not was_paused and self._source.is_live:
            self._picture = self._painter.keep()
        elif (controls.look, controls.is_mirrored) != before:
            self._picture = self._painter.repaint()
        self._keep_pictures()

    def _keep_pictures(self) -> None:
        """Do what the keys for snapshot and video ask for; what cannot be written is said, and the show goes on."""
        controls, outputs = self._controls, self._outputs
        assert self._picture is not None
        try:
            if controls.wants_snapshot:
                controls.wants_snapshot = False
                controls.say(f"kept {outputs.snapshot(self._picture).name}")
            if controls.wants_recording and self._source.is_one_picture:
                controls.wants_recording = False
                controls.say("a still: s keeps it")
            if controls.wants_recording != outputs.is_recording:
                if controls.wants_recording:
                    controls.say(f"recording {outputs.start_recording().name}")
                else:
                    controls.say(f"recorded {outputs.stop_recording().name}")
        except OutputError as error:
            controls.wants_recording = outputs.is_recording
            controls.say(str(error))

    def _refresh_hud(self) -> bool:
        outputs = self._outputs
        self._status = replace(
            self._status,
            dropped=self._source.dropped,
            unwritten=outputs.dropped,
            is_recording=outputs.is_recording,
        )
        is_standing = self._controls.is_paused or self._source.is_one_picture
        return self._hud.refresh(self._controls, self._status, is_held=is_standing)

    def _display(self) -> None:
        if self._picture is None:  # the source has given none so far
            return
        shown = flatten(self._picture)
        with self._hud.over(shown):
            self._window.show(shown)
