"""Write the region ids of a photo's faces as a PNG: `python examples/segment_photo.py PHOTO MASKS.png`."""

import sys
from pathlib import Path

import numpy as np

from realtime import Segmenter
from realtime.core.images import read_image, write_image
from realtime.core.regions import Region, region_name
from realtime.face import frame_label_map


def main(photo: Path, masks: Path) -> None:
    """Segment one photo."""
    image_bgr = read_image(photo)
    faces = Segmenter(faces=8)(image_bgr, is_still=True)
    label_map = frame_label_map(faces, (image_bgr.shape[1], image_bgr.shape[0]))
    write_image(masks, label_map)
    print(f"{len(faces)} faces")
    for region in Region:
        if region != Region.BACKGROUND:
            print(f"{region_name(region)}: {np.count_nonzero(label_map == region)} pixels")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
