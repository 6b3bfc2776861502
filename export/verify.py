"""Is a model file what it says, and does it answer here as it did where it was made? Needs neither torch nor ONNX."""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from export.choices import Precision
from export.public_images import PUBLIC_CROPS, Images, public_images
from realtime.core.errors import ModelError
from realtime.core.geometry import FINDER_SIDE_PX
from realtime.core.regions import Region
from realtime.inference.session import CHECKSUMS_NAME, FACE_FINDER, LABELS, Provider, Session, listed_sum

Outputs = npt.NDArray[np.float32]
BATCH_SIZE = 4


def answers(session: Session, images: Images) -> Outputs:
    """(M, C, 218, 178) probs or (M, K, 7) faces; region ids become probs of 0 and 1.

    Args:
        session: of any model file.
        images: (M, H, W, 3) uint8. The first is run alone, the rest in batches.
    """
    if session.card.output != LABELS:
        return np.concatenate([session.run(batch) for batch in batches(images)])
    label_maps = np.concatenate([session.run_labels(batch) for batch in batches(images)])
    known = {Region.BACKGROUND, *session.card.regions}
    if unknown := set(np.unique(label_maps).tolist()) - known:
        raise ValueError(f"{session.path}: gives region ids {sorted(unknown)}, which it does not name")
    return np.stack([label_maps == region for region in session.card.regions], axis=1).astype(np.float32)


def batches(images: Images) -> Iterator[Images]:
    """The first image alone, then as many at a time as `BATCH_SIZE`."""
    yield images[:1]
    for start in range(1, len(images), BATCH_SIZE):
        yield images[start : start + BATCH_SIZE]


FINGERPRINT_KEY = "fingerprint"
PICTURES = slice(2, PUBLIC_CROPS, 4)
"""Three of the public face; no noise, on which rounding decides more than the weights do."""
GRID_WH = (6, 7)
TOLERATED = {Precision.FP32: 1e-3, Precision.FP16: 5e-3, Precision.INT8: 3e-2}
"""Of a cell's mean prob, or of a face's score and of its points in parts of the thumbnail's side.

Other processors round otherwise, and other decoders of the photo by a level here and there.
"""

Fingerprint = npt.NDArray[np.float16]


def take_fingerprint(session: Session) -> Fingerprint:
    """(K,) float16: the mean of each region's probs in each cell of a grid, or the best face of each picture."""
    card = session.card
    answer = answers(session, public_images(card.kind, card.layout)[PICTURES])
    if card.kind == FACE_FINDER:
        best = answer[:, 0] / ([1] + [FINDER_SIDE_PX] * 6)
        return best.ravel().astype(np.float16)
    cells = [cv2.resize(channel, GRID_WH, interpolation=cv2.INTER_AREA) for probs in answer for channel in probs]
    return np.stack(cells).ravel().astype(np.float16)


def to_text(fingerprint: Fingerprint) -> str:
    """For the metadata of the file."""
    return base64.b64encode(fingerprint.astype("<f2").tobytes()).decode()


def from_text(text: str) -> Fingerprint:
    """What `to_text` was given.

    Raises:
        ValueError: the text is something else.
    """
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float16)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"no fingerprint ({error})") from None


def difference(found: Fingerprint, expected: Fingerprint) -> float:
    """The largest; infinite where they are not of one length."""
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found.astype(np.float64) - expected).max())


def verify_file(path: Path, provider: Provider) -> str:
    """One line on a file that is in order.

    Args:
        path: an .onnx or .ort file of any kind.
        provider: what to run it on.

    Raises:
        ModelError: its sum, metadata, input or output is wrong, or its answers are not those it was made with.
        ProviderError: the provider cannot be had.
    """
    session = Session(path, None, provider, output=None)
    card, text = session.card, session.metadata.get(FINGERPRINT_KEY)
    if card.precision not in set(Precision):
        raise ModelError(f"{path}: its precision is {card.precision!r}, which this program lacks")
    if text is None:
        raise ModelError(f"{path}: no fingerprint recorded, so its answers cannot be checked: export it anew")
    try:
        expected = from_text(text)
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from None
    tolerated = TOLERATED[Precision(card.precision)]
    found = difference(take_fingerprint(session), expected)
    if not found <= tolerated:
        raise ModelError(
            f"{path}: on {session.provider} it answers unlike when it was made: difference {found:.2g}, "
            f"tolerated {tolerated:g}"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    listed = f"as {CHECKSUMS_NAME} says" if listed_sum(path) else f"not in a {CHECKSUMS_NAME}"
    kind = f"{card.kind}, {card.precision}, {card.output if card.regions else 'faces'}"
    return (
        f"{path}: in order ({kind}; SHA-256 {digest[:12]}..., {listed}; on {session.provider} it answers as when it "
        f"was made: difference {found:.2g}, tolerated {tolerated:g})"
    )
