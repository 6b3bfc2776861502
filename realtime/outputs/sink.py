"""What every place that frames go to has in common, and what it is given."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import BgrImage
from realtime.core.images import flatten
from realtime.face import Face, FrameLabels, frame_labels, whole_label_map


@dataclass(frozen=True)
class FrameCopy:
    """A frame that is done, with its own memory; valid until the last sink has taken it.

    Attributes:
        name: stem for a file about this frame.
        time_s: since the source began.
        size_wh: of the frame.
        picture: (H, W, 3) or, cut out, (H, W, 4) uint8 as it is to be seen; None where no sink wants it.
        faces: on the frame, which is never mirrored; none where no sink wants them.
    """

    name: str
    time_s: float
    size_wh: tuple[int, int]
    picture: npt.NDArray[np.uint8] | None
    faces: tuple[Face, ...]

    @cached_property
    def picture_bgr(self) -> BgrImage:
        """The picture, a cut-out over black."""
        assert self.picture is not None
        return flatten(self.picture)

    @cached_property
    def labels(self) -> tuple[FrameLabels | None, ...]:
        """Each face's region ids in the frame; None for a face of which nothing is seen."""
        return tuple(frame_labels(face, self.size_wh) for face in self.faces)

    @property
    def label_map(self) -> npt.NDArray[np.uint8]:
        """(H, W) region ids of the whole frame; where faces overlap, the later one is on top."""
        return whole_label_map(self.labels, self.size_wh)


class Sink(Protocol):
    """A file, folder or device that takes one frame after the other, all in one thread.

    Attributes:
        name: for messages.
        wants_picture: it needs `FrameCopy.picture`.
        wants_faces: it needs `FrameCopy.faces`.
    """

    name: str
    wants_picture: bool
    wants_faces: bool

    def take(self, frame: FrameCopy) -> None:
        """Write a frame.

        Raises:
            OutputError: it cannot be written.
        """

    def close(self) -> None:
        """Finish what was begun, after an error too; a second call does nothing.

        Raises:
            OutputError: it cannot be finished.
        """

    def summary(self) -> str | None:
        """What was written, for the user, once it is closed; None where nothing was."""
