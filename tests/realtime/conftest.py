"""The shipped networks and the portrait, loaded once; a screen that is none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest

from realtime.core.geometry import BgrImage, Points
from realtime.inference.session import FACE_FINDER, SEGMENTER, WEIGHTS_FOLDER, Provider, Session


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


NO_KEY = -1


@dataclass
class FakeScreen:
    """OpenCV's window functions, without a screen: says which keys are pressed, notes what is shown.

    Its clock goes on only while a key is waited for, and by hand.
    """

    keys: list[int] = field(default_factory=list)
    is_visible: bool = True
    raises_when_closed: bool = False
    now_s: float = 100.0
    pictures: list[BgrImage] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    waits_ms: list[int] = field(default_factory=list)
    is_destroyed: bool = False

    def press(self, keys: Sequence[str | int]) -> None:
        """These keys next, one each time it is looked for them; a number is their code."""
        self.keys += [key if isinstance(key, int) else ord(key) for key in keys]

    def wait_key(self, wait_ms: int) -> int:
        self.waits_ms.append(wait_ms)
        self.now_s += wait_ms / 1e3
        return self.keys.pop(0) if self.keys else NO_KEY

    def get_property(self, *_: object) -> float:
        if self.raises_when_closed and not self.is_visible:
            raise cv2.error("NULL guiReceiver (please create a window)")
        return float(self.is_visible)

    def show(self, _: str, picture: BgrImage) -> None:
        self.pictures.append(BgrImage(picture.copy()))

    def destroy(self) -> None:
        self.is_destroyed = True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> FakeScreen:
    fake = FakeScreen()
    monkeypatch.setenv("QT_QPA_FONTDIR", "missing")  # put back after the test
    monkeypatch.setattr(cv2, "namedWindow", lambda *_: None)
    monkeypatch.setattr(cv2, "resizeWindow", lambda _, width, height: fake.sizes.append((width, height)))
    monkeypatch.setattr(cv2, "imshow", fake.show)
    monkeypatch.setattr(cv2, "waitKeyEx", fake.wait_key)
    monkeypatch.setattr(cv2, "getWindowProperty", fake.get_property)
    monkeypatch.setattr(cv2, "destroyAllWindows", fake.destroy)
    return fake
