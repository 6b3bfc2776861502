"""What a program that runs the live loop sets for its whole process; `Segmenter` as a library leaves it alone."""

import cv2


def calm_opencv() -> None:
    """One thread and no log of its own for OpenCV.

    Its threads cost more than they bring at these sizes, and keep other cores awake; its
    lines about a broken file or a missing camera say less than ours.
    """
    cv2.setNumThreads(1)
    set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel  # of OpenCV 4, and of 5
    set_log_level(0)
