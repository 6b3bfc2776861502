"""The shipped networks and the portrait, loaded once."""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from realtime.geometry import Points
from realtime.preprocess import BgrImage
from realtime.session import FACE_FINDER, SEGMENTER, WEIGHTS_FOLDER, Provider, Session


@pytest.fixture(scope="session")
def portrait() -> BgrImage:
    """Grace Hopper, (600, 512, 3): the photo that matplotlib ships."""
    photo = cv2.imread(str(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    assert photo is not None
    return BgrImage(photo)


@pytest.fixture(scope="session")
def portrait_face() -> Points:
    """(3, 2) right eye, left eye and mouth centre of the portrait, read off by hand."""
    return np.array([[222.5, 190.0], [305.5, 186.0], [266.0, 277.0]])


@pytest.fixture(scope="session")
def segmenter() -> Session:
    return Session(WEIGHTS_FOLDER / "unet_lite.onnx", SEGMENTER, Provider.CPU, threads=1)


@pytest.fixture(scope="session")
def finder_session() -> Session:
    return Session(WEIGHTS_FOLDER / "face_finder.onnx", FACE_FINDER, Provider.CPU, threads=1)
