"""OpenCV keeps to one thread and says nothing, once it is told."""

import cv2
import pytest

from realtime.process import calm_opencv


def test_opencv_is_quiet_and_keeps_to_one_thread(capfd: pytest.CaptureFixture[str]) -> None:
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        calm_opencv()
        assert cv2.getNumThreads() == 1
        assert not cv2.VideoCapture("no_such_file.mp4").isOpened()
        assert capfd.readouterr() == ("", "")
    finally:
        cv2.setNumThreads(before)
