"""Raw video on standard input: bgr24 frames, one after another, with nothing between them."""

import logging
import os
import select
import sys
from collections.abc import Generator
from io import FileIO
from itertools import count

import numpy as np

from realtime.capture.live import POLL_S
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.frame import Frame

LOGGER = logging.getLogger(__name__)
STDIN = 0
DEFAULT_FPS = 30.0


def open_stdin() -> FileIO:
    """Standard input, unbuffered.

    Raises:
        SourceError: it is a terminal, or closed.
    """
    try:
        is_terminal = os.isatty(STDIN)
        file = FileIO(STDIN, closefd=False)
    except OSError as error:
        raise SourceError(f"stdin cannot be read ({error.strerror})") from None
    if is_terminal:
        raise SourceError("stdin is a terminal: pipe raw bgr24 video into the program")
    return file


def raw_frames(file: FileIO, size_wh: tuple[int, int], fps: float | None) -> Generator[Frame | None, None, None]:
    """The frames, in order and at an even rate; None while the pipe has nothing.

    Args:
        file: unbuffered, of bgr24 frames; closed at the end.
        size_wh: of each frame, in pixels.
        fps: says when each frame was; 30 by default.

    Raises:
        SourceError: it ends before the first whole frame.
    """
    width, height = size_wh
    buffers = [BgrImage(np.empty((height, width, 3), np.uint8)) for _ in range(2)]  # the receiver has the other one
    with file:
        for index in count():
            image = buffers[index % 2]
            unread = image.data.cast("B")
            while unread:
                if not _has_something(file):
                    yield None
                    continue
                read = file.readinto(unread)
                if not read:
                    break
                unread = unread[read:]
            if unread:
                break
            yield Frame(image, index / (fps or DEFAULT_FPS), f"stdin_{index:06d}")
    cut = image.nbytes - len(unread)
    wanted = f"{image.nbytes} bytes of a {width}x{height} bgr24 frame"
    if not index:
        raise SourceError(f"stdin ended after {cut} of the {wanted}")
    if cut:
        LOGGER.warning("stdin: the last frame is left out, it has %d of the %s", cut, wanted)


def _has_something(file: FileIO) -> bool:
    if sys.platform == "win32":  # whose select knows sockets only: there a stalled pipe is waited for
        return True
    return bool(select.select([file], [], [], POLL_S)[0])
