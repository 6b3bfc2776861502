"""Is a model file what it says, and does it answer here as it did where it was made? Needs neither torch nor ONNX."""

import hashlib
from pathlib import Path

from export.choices import Precision
from export.fingerprint import FINGERPRINT_KEY, TOLERATED, difference, from_text, take_fingerprint
from realtime.core.errors import ModelError
from realtime.inference.session import CHECKSUMS_NAME, Provider, Session, listed_sum


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
