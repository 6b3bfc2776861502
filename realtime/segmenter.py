"""The Python API: frames in, faces with their masks out."""

import time
from pathlib import Path

import numpy as np

from realtime.core.geometry import BgrImage
from realtime.face import Face
from realtime.inference.session import DEFAULT_MODEL, FACE_FINDER, SEGMENTER, ModelCard, Provider, Session, find_model
from realtime.timing import StageTimer
from realtime.tracking.finder import FaceFinder
from realtime.tracking.smoothing import Smoothing
from realtime.tracking.tracker import FaceTracker


class Segmenter:
    """Finds and follows the faces of a video, and says for each pixel what it is.

    Not thread-safe: it remembers the frame before. Use one for each video, each in one thread at a time.

    Args:
        model: name of a model in `weights/`, or path of an .onnx file.
        provider: what runs the networks; only `auto` may fall back.
        faces: most to follow at once.
        threads: CPU threads of the networks; 0 takes as many as pay.
        smoothing: of crops and masks over time; has no effect on stills.

    Raises:
        ModelError: the model is missing, or not one that this program runs.
        ProviderError: the provider cannot be had here.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        *,
        provider: Provider | str = Provider.AUTO,
        faces: int = 1,
        threads: int = 0,
        smoothing: Smoothing | str = Smoothing.LOW,
    ) -> None:
        self.timer = StageTimer()
        self._session = Session(find_model(str(model)), SEGMENTER, Provider(provider), threads)
        finder = Session(find_model(FACE_FINDER), FACE_FINDER, self._session.provider, threads)
        for session in (self._session, finder):
            session.warm_up()
        self._tracker = FaceTracker(FaceFinder(finder), self._session, faces, Smoothing(smoothing), self.timer)

    def __call__(self, frame_bgr: BgrImage, time_s: float | None = None, *, is_still: bool = False) -> list[Face]:
        """The faces of this frame.

        Args:
            frame_bgr: (H, W, 3) uint8. Read, never kept.
            time_s: when the frame was taken, by any clock that does not go back; now where it is not given.
            is_still: a picture that has nothing to do with the one before.

        Returns:
            the faces, each with its mask on this very frame; their arrays are valid until the next call.

        Raises:
            ValueError: it is not a frame.
        """
        if frame_bgr.dtype != np.uint8 or frame_bgr.ndim != 3 or frame_bgr.shape[2] != 3 or not frame_bgr.size:
            raise ValueError(f"a frame is (H, W, 3) uint8, blue first, not {frame_bgr.shape} {frame_bgr.dtype}")
        self.timer.end_frame()
        return self._tracker.follow(frame_bgr, time.perf_counter() if time_s is None else time_s, is_still)

    @property
    def card(self) -> ModelCard:
        """What the model file says of itself."""
        return self._session.card

    @property
    def path(self) -> Path:
        """The model file."""
        return self._session.path

    @property
    def provider(self) -> Provider:
        """What really runs the networks."""
        return self._session.provider

    @property
    def fallback(self) -> str:
        """Why `auto` did not take a faster provider that ONNX Runtime has; empty where it did."""
        return self._session.fallback
