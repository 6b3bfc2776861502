"""Frames in memory: how many, of what size, and which sources are refused."""

from pathlib import Path

import numpy as np
import pytest

from realtime.bench.video.clip import empty_room, put_in_grid, read_clip
from realtime.bench.video.trial import Setup
from realtime.core.errors import SourceError
from realtime.core.geometry import BgrImage
from realtime.core.images import write_image
from realtime.inference.session import Provider
from realtime.tracking.smoothing import Smoothing


def test_no_more_frames_are_read_than_asked_for() -> None:
    clip = read_clip("demo", 3)
    assert (len(clip.frames), clip.size_wh) == (3, (640, 480))
    assert clip.step_s == pytest.approx(1 / 30)


def test_frames_are_scaled_to_the_size_that_was_asked_for() -> None:
    assert read_clip("demo", 2, (320, 200)).frames[0].shape == (200, 320, 3)


def test_a_picture_is_no_video(tmp_path: Path) -> None:
    write_image(tmp_path / "face.png", np.zeros((8, 8, 3), np.uint8))
    for spec in (tmp_path / "face.png", tmp_path):
        with pytest.raises(SourceError, match="recorded video"):
            read_clip(str(spec), 10)


def test_one_frame_is_too_few() -> None:
    with pytest.raises(SourceError, match="less than two"):
        read_clip("demo", 1)


def test_the_grid_holds_the_frame_as_often_as_asked_for() -> None:
    frame = BgrImage(np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3))
    grid = BgrImage(np.full((4, 6, 3), 200, np.uint8))
    put_in_grid(frame, 3, grid)
    for cell in (grid[:2, :3], grid[:2, 3:], grid[2:, :3]):
        np.testing.assert_array_equal(cell, frame)
    assert (grid[2:, 3:] == 200).all()


def test_nobody_is_in_the_empty_room() -> None:
    segmenter = Setup("unet_lite", Provider.CPU, 1, Smoothing.OFF).segmenter()
    frames = empty_room((640, 480), 3)
    assert [len(segmenter(frame, index / 30)) for index, frame in enumerate(frames)] == [0, 0, 0]
    assert (frames[0] != frames[1]).any()  # a camera's noise
