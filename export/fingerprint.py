"""What a model file answered when it was made, small enough to be kept in it."""

import base64
import binascii

import cv2
import numpy as np
import numpy.typing as npt

from export.answers import answers
from export.choices import Precision
from export.public_images import PUBLIC_CROPS, public_images
from realtime.core.preprocess import FINDER_SIDE_PX
from realtime.inference.session import FACE_FINDER, Session

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
