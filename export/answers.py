"""What a model file answers, whatever it gives, as the same numbers."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from export.public_images import Images
from realtime.core.regions import Region
from realtime.inference.session import LABELS, Session

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
