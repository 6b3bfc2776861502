"""The pictures of docs/effects.md, from the portrait of the demo: `python -m docs.effects.make`."""

from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import typer

from realtime.capture.demo import PORTRAIT
from realtime.core.geometry import BgrImage
from realtime.drawing.painter import Overlay
from realtime.drawing.style import Effect, Style
from realtime.segmenter import Segmenter

FOLDER = Path(__file__).parent
ENLARGED = 2.5
FACE_BOX = (160, 145, 370, 322)
"""box_xyxy in the portrait's own pixels: what is seen of it."""
TILE_WIDTH_PX = 248
CAPTION_PX = 34
SQUARE_PX = 12
JPEG_QUALITY = 76


def main() -> None:
    """One picture for each effect, and a contact sheet of all."""
    packaged = resources.files("matplotlib").joinpath(PORTRAIT).read_bytes()
    portrait = cv2.imdecode(np.frombuffer(packaged, np.uint8), cv2.IMREAD_COLOR)
    frame = BgrImage(cv2.resize(portrait, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC))
    (face,) = Segmenter()(frame, is_still=True)
    left, top, right, bottom = (round(side * ENLARGED) for side in FACE_BOX)
    overlay, tiles = Overlay(), []
    for effect in Effect:
        picture = overlay.draw(frame, [face], Style(effect))[top:bottom, left:right]
        write(f"{effect}{'.png' if effect is Effect.CUTOUT else '.jpg'}", picture)
        tiles.append(captioned(picture if picture.shape[2] == 3 else over_squares(picture), effect.value))
        overlay.restore(frame)
    middle = len(tiles) // 2
    write("all.jpg", np.vstack([np.hstack(tiles[:middle]), np.hstack(tiles[middle:])]))


def write(name: str, picture: np.ndarray) -> None:
    """Write into this folder, and say so."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if name.endswith(".jpg") else []
    contents = cv2.imencode(Path(name).suffix, picture, quality)[1]
    (FOLDER / name).write_bytes(contents.tobytes())
    typer.echo(f"wrote {FOLDER / name} ({len(contents) / 1024:.0f} kB)")


def over_squares(picture: np.ndarray) -> np.ndarray:
    """A transparent picture over the grey squares that stand for nothing."""
    rows, columns = np.indices(picture.shape[:2]) // SQUARE_PX
    squares = np.where((rows + columns) % 2, 225, 255)[:, :, None]
    alpha = picture[:, :, 3:] / 255
    return np.round(picture[:, :, :3] * alpha + squares * (1 - alpha)).astype(np.uint8)


def captioned(picture: np.ndarray, caption: str) -> np.ndarray:
    """The face at a tile's width, its name below."""
    height = round(TILE_WIDTH_PX * picture.shape[0] / picture.shape[1])
    reduced = cv2.resize(picture, (TILE_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    tile = cv2.copyMakeBorder(reduced, 4, CAPTION_PX, 4, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(tile, caption, (6, height + 26), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (40, 40, 40), 1, cv2.LINE_AA)
    return tile


if __name__ == "__main__":
    main()
