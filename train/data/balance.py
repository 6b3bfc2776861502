"""How often each training face is drawn in an epoch, so that those of which there are many do not drown the others."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from realtime.core.geometry import CropLayout
from train.data.folders import Pair
from train.data.skin_tone import TONES, pair_tone

MOST_OFTENER = 4.0
Repeats = npt.NDArray[np.float64]
"""(N,) how often each of N faces is drawn in an epoch, on average; together N times."""


@dataclass(frozen=True)
class TrainingFaces:
    """What is known of N training faces.

    Attributes:
        sources: of each.
        pairs: their crops; none for the face finder, which sees scenes.
        layout: of the crops.
    """

    sources: Sequence[str]
    pairs: Sequence[Pair]
    layout: CropLayout


def every_face_once(faces: TrainingFaces) -> Repeats | None:
    """None: an epoch shows each face once, whatever source it is of."""
    return None


def by_source(faces: TrainingFaces) -> Repeats:
    """Each source in proportion to the square root of its size, its faces equally often.

    Between showing each face and each source equally often: of 7,000 ordinary faces and 250 masked ones, 16 % of what
    is shown is masked in place of 3 % or 50 %, and each masked face comes five times an epoch, not fifteen. Source: as
    languages are drawn in multilingual training, arXiv:1901.07291, with the exponent one half.
    """
    return _scaled(_root_weights(faces.sources))


def by_source_and_tone(faces: TrainingFaces) -> Repeats:
    """The same, and each tone of `train.data.skin_tone` alike, but none over `MOST_OFTENER` times as often.

    Every crop is read for it once.
    """
    weight = _root_weights(faces.sources)
    tones = np.array([pair_tone(pair, faces.layout) for pair in faces.pairs])
    oftener = np.ones(len(tones))
    for tone in set(tones):
        is_here = tones == tone
        share = weight[is_here].sum() / weight.sum()
        oftener[is_here] = min(MOST_OFTENER, 1 / (len(TONES) * share))
    return _scaled(weight * oftener)


def by_shares(faces: TrainingFaces, repeats: Repeats | None, shares: Mapping[str, float]) -> Repeats:
    """Some sources as often as they are asked for; what is left goes to the others as they were balanced.

    Args:
        faces: the training faces.
        repeats: how often each is drawn without shares; None for once.
        shares: percent of what is shown, by source.

    Raises:
        ValueError: a source has no training face, the shares exceed 100, or leave nothing to sources that they omit.
    """
    left = 100 - sum(shares.values())
    sources = np.array(faces.sources)
    if unknown := sorted(set(shares) - set(faces.sources)):
        raise ValueError(f"--share {unknown[0]}: no training face is of it, only of {', '.join(sorted(set(sources)))}")
    others = ~np.isin(sources, list(shares))
    if left < -1e-6 or (left <= 1e-6) == others.any():
        raise ValueError(f"the shares add up to {100 - left:g} percent, and {others.sum()} faces are of other sources")
    weight = np.ones(len(sources)) if repeats is None else repeats.copy()
    weight[others] *= left / max(weight[others].sum(), 1e-9)
    for source, share in shares.items():
        weight[sources == source] *= share / weight[sources == source].sum()
    return _scaled(weight)


def parse_share(text: str) -> tuple[str, float]:
    """The source and its percent in ``NAME=PERCENT``.

    Raises:
        ValueError: the text is something else.
    """
    name, _, percent = text.rpartition("=")
    try:
        share = float(percent)
    except ValueError:
        share = float("nan")
    if not name or not 0 < share <= 100:
        raise ValueError(f"--share {text} is not NAME=PERCENT, a percent above 0 and up to 100")
    return name, share


def _root_weights(kinds: Sequence[str]) -> Repeats:
    sizes = Counter(kinds)
    return np.array([sizes[kind] ** -0.5 for kind in kinds])


def _scaled(weight: Repeats) -> Repeats:
    repeats: Repeats = weight * (len(weight) / weight.sum())
    return repeats


BALANCES: dict[str, Callable[[TrainingFaces], Repeats | None]] = {
    "none": every_face_once,
    "source": by_source,
    "source+tone": by_source_and_tone,
}
