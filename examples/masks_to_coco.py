"""Make a COCO file of what --jsonl wrote: `python examples/masks_to_coco.py MASKS.jsonl COCO.json`.

The lines come from, say, `python run_webcam.py --source photos/ --jsonl masks.jsonl --headless`.
"""

import json
import sys
from pathlib import Path

import numpy as np

from realtime.core.regions import Region, region_name


def main(lines: Path, coco: Path) -> None:
    """Write one image for each line, and one annotation for each region of each of its faces."""
    images: list[object] = []
    annotations: list[object] = []
    for image_id, line in enumerate(lines.read_text(encoding="utf-8").splitlines(), 1):
        frame = json.loads(line)
        width, height = frame["size_wh"]
        images.append({"id": image_id, "file_name": frame["name"], "width": width, "height": height})
        for name, region in ((name, region) for face in frame["faces"] for name, region in face["regions"].items()):
            counts = region["rle"]["counts"]  # off, on, off, on ... down the columns
            mask = np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape((height, width), order="F")
            ys, xs = np.nonzero(mask)
            box = [int(xs.min()), int(ys.min()), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1]
            annotation = {"id": len(annotations) + 1, "image_id": image_id, "category_id": int(Region[name.upper()])}
            annotations.append(annotation | {"bbox": box, "area": len(xs), "iscrowd": 0, "segmentation": region["rle"]})
    categories = [{"id": int(region), "name": region_name(region)} for region in Region if region]
    coco.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    print(f"{len(images)} images, {len(annotations)} annotations")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
