"""Train a tiny network on faces that are made up, in a minute: `python examples/train_tiny.py FOLDER`.

It needs `pip install .[cpu,train]`. What it learns is of no use; your own folder looks the same.
"""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

from realtime.core.images import write_image

PARTS = [(1, (56, 88), (17, 9)), (3, (56, 88), (7, 7)), (2, (122, 88), (17, 9)), (4, (122, 88), (7, 7))]
PARTS += [(5, (89, 155), (27, 8)), (6, (89, 166), (27, 9)), (7, (89, 161), (18, 3))]
"""Region, centre and half axes of ellipses, in the crop of 178 by 218; the subject's right eye is left in it."""
COLORS_BGR = [(110, 140, 190), (230, 230, 230), (230, 230, 230), (90, 60, 40), (90, 60, 40)] + [(90, 80, 190)] * 2


def main(folder: Path) -> None:
    """Make the faces, and train on them."""
    rng = np.random.default_rng(0)
    for side, count in (("train", 8), ("val", 2)):
        for kind in ("images", "masks"):
            (folder / "faces" / side / kind).mkdir(parents=True)
        for number in range(count):
            mask = np.zeros((218, 178), np.uint8)
            for region, center, axes in PARTS:
                cv2.ellipse(mask, np.add(center, rng.integers(-3, 4, 2)).tolist(), axes, 0, 0, 360, region, -1)
            image = np.array([*COLORS_BGR, (30, 20, 40)])[mask] + rng.integers(-20, 21, (218, 178, 3))
            write_image(folder / "faces" / side / "images" / f"{number}.png", image.clip(0, 255).astype(np.uint8))
            write_image(folder / "faces" / side / "masks" / f"{number}.png", mask)
    options = f"--data {folder}/faces --out {folder}/run --epochs 2 --batch-size 4 --width 4 --workers 0"
    subprocess.run([sys.executable, "-m", "train", "fit", *options.split()], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
