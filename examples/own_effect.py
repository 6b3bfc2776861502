"""Draw an effect of your own, lips that glow, on a photo: `python examples/own_effect.py PHOTO PICTURE.png`."""

import sys
from pathlib import Path

import cv2
import numpy as np

from realtime import Segmenter
from realtime.core.geometry import BgrImage
from realtime.core.images import read_image, write_image
from realtime.core.regions import Region
from realtime.face import frame_label_map

GLOW_BGR = (120, 40, 255)
LIPS = (Region.UPPER_LIP, Region.LOWER_LIP)


def glow(image_bgr: BgrImage, label_map: np.ndarray) -> BgrImage:
    """The image with light of one colour around the lips, softer the farther away."""
    lips = np.isin(label_map, LIPS).astype(np.float32)
    light = np.maximum(cv2.GaussianBlur(lips, (0, 0), 8), 0.6 * lips)
    lit = image_bgr + light[:, :, None] * (np.array(GLOW_BGR) - image_bgr)
    return BgrImage(lit.round().astype(np.uint8))


def main(photo: Path, picture: Path) -> None:
    """Draw on one photo."""
    image_bgr = read_image(photo)
    faces = Segmenter()(image_bgr, is_still=True)
    write_image(picture, glow(image_bgr, frame_label_map(faces, (image_bgr.shape[1], image_bgr.shape[0]))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
