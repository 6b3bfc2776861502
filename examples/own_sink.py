"""Write the area of the lips in each frame as CSV: `python examples/own_sink.py demo 60 LIPS.csv`."""

import sys
from itertools import islice
from pathlib import Path

from realtime import Segmenter
from realtime.capture.sources import open_source
from realtime.core.regions import Region
from realtime.outputs.sink import FrameCopy
from realtime.outputs.writer import Writer


class LipsTable:
    """A sink: the writer's thread hands it each frame, and closes it."""

    wants_picture, wants_faces = False, True

    def __init__(self, path: Path) -> None:
        self.name, self._file = str(path), path.open("w")

    def take(self, frame: FrameCopy) -> None:
        lips = (frame.label_map == Region.UPPER_LIP) | (frame.label_map == Region.LOWER_LIP)
        self._file.write(f"{frame.time_s:.3f},{lips.sum()}\n")

    def close(self) -> None:
        self._file.close()

    def summary(self) -> str:
        return self.name


segmenter, writer = Segmenter(), Writer(waits=True)
writer.add(LipsTable(Path(sys.argv[3])))
with open_source(sys.argv[1]) as source:
    for frame in islice((frame for frame in source if frame), int(sys.argv[2])):
        writer.write(frame, frame.image_bgr, segmenter(frame.image_bgr, frame.time_s))
if error := writer.stop():
    raise error
