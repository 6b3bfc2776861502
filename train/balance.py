"""How often each training face is drawn in an epoch, so that a large source does not drown a small one."""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Repeats = npt.NDArray[np.float64]
"""(N,) how often each of N faces is drawn in an epoch, on average; together N times."""


def every_face_once(sources: Sequence[str]) -> Repeats | None:
    """None: an epoch shows each face once, whatever source it is of."""
    return None


def by_source(sources: Sequence[str]) -> Repeats:
    """Each source in proportion to the square root of its size, its faces equally often.

    Between showing each face and each source equally often: of 7,000 ordinary faces and 250 masked ones, 16 % of what
    is shown is masked in place of 3 % or 50 %, and each masked face comes five times an epoch, not fifteen. Source: as
    languages are drawn in multilingual training, arXiv:1901.07291, with the exponent one half.

    Args:
        sources: of each of N faces.
    """
    sizes = Counter(sources)
    weight = np.array([sizes[source] ** -0.5 for source in sources])
    repeats: Repeats = weight * (len(sources) / weight.sum())
    return repeats


BALANCES: dict[str, Callable[[Sequence[str]], Repeats | None]] = {"none": every_face_once, "source": by_source}
