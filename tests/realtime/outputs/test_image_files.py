"""A folder of masks: ids of all faces at the frame's own size, and one line where it cannot be written."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from realtime.core.errors import OutputError
from realtime.core.geometry import CropTransform
from realtime.core.regions import Region
from realtime.face import Face
from realtime.outputs import image_files as mask_folder_module
from realtime.outputs.image_files import MaskFolder
from realtime.outputs.sink import FrameCopy

REGIONS = (Region.BACKGROUND, Region.RIGHT_EYE, Region.UPPER_LIP)
CROP = CropTransform((89.0, 88.0), 1.0, 0.0)
"""Crop pixels are frame pixels."""


def face(region: Region, box_xyxy: tuple[int, int, int, int]) -> Face:
    probs = np.zeros((len(REGIONS), 218, 178), np.float32)
    left, top, right, bottom = box_xyxy
    probs[REGIONS.index(region), top:bottom, left:right] = 1
    probs[0] = 1 - probs.sum(axis=0)
    return Face(1, CROP, probs, REGIONS)


def test_a_mask_holds_the_ids_of_all_faces_at_the_frames_own_size(tmp_path: Path) -> None:
    faces = (face(Region.RIGHT_EYE, (50, 80, 60, 90)), face(Region.UPPER_LIP, (80, 150, 100, 155)))
    folder = MaskFolder(tmp_path / "new" / "masks")
    folder.take(FrameCopy("both", 0.0, (200, 240), None, faces))
    folder.take(FrameCopy("nobody", 0.1, (7, 5), None, ()))
    folder.close()
    expected = np.zeros((240, 200), np.uint8)
    expected[80:90, 50:60] = 1
    expected[150:155, 80:100] = 5
    stored = {path.stem: cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in folder.folder.iterdir()}
    assert_array_equal(stored["both"], expected)
    assert_array_equal(stored["nobody"], np.zeros((5, 7), np.uint8))
    assert folder.summary() == f"{tmp_path / 'new' / 'masks'} (2 masks)"


def test_a_mask_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file: is a file, and a folder is needed"):
        MaskFolder(tmp_path / "file")
    with pytest.raises(OutputError, match=r"cannot be made \(Not a directory\)"):
        MaskFolder(tmp_path / "file" / "masks")


def test_a_mask_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mask_folder_module.os, "access", lambda *_: False)  # to root everything is permitted
    with pytest.raises(OutputError, match="cannot be written to"):
        MaskFolder(tmp_path)
