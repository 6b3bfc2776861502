"""Say in each frame where each face is: `python examples/follow_video.py demo 60`.

The source may be a camera's number, a video, a stream's URL or demo; the second word is the number of frames.
"""

import sys
from itertools import islice

from realtime import Segmenter
from realtime.capture.sources import open_source


def main(spec: str, most_frames: int) -> None:
    """Follow the faces of a source."""
    segmenter = Segmenter(faces=2, smoothing="high")
    with open_source(spec) as source:
        for frame in islice((frame for frame in source if frame), most_frames):  # None: a camera has nothing new
            for face in segmenter(frame.image_bgr, frame.time_s, is_still=frame.is_still):
                x, y = face.transform.mid_eye_px
                print(f"{frame.time_s:.2f} s: face {face.number} has its eyes about ({x:.0f}, {y:.0f})")
    print(f"the network took {segmenter.timer.summary()['infer']['p50']:.1f} ms (median)")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
