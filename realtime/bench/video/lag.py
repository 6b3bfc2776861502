"""How many frames one track of numbers comes after another."""

import numpy as np
import numpy.typing as npt

MAX_LAG_FRAMES = 6
LEAST_FRAMES = 30
MOST_SHARE_LEFT = 0.5
"""Of the worst delay's squared difference, what the best may leave: noise alone fits no delay so much better."""


def lag_frames(smoothed: npt.NDArray[np.float64], raw: npt.NDArray[np.float64], max_lag: int = MAX_LAG_FRAMES) -> float:
    """How far the raw track must be delayed to lie closest to the smoothed one, to a part of a frame.

    For each whole delay the mean squared difference is taken over the same frames; a parabola through the least of
    them and its neighbours gives the part.

    Args:
        smoothed: (T,) or (T, K), a row for each frame; NaN where there was no face.
        raw: the same, not smoothed.
        max_lag: longest delay that is tried, both ways.

    Returns:
        frames, negative where the smoothed track is ahead; NaN where fewer than `LEAST_FRAMES` can be compared, or no
        delay fits much better than the others because hardly anything moves.
    """
    raw, smoothed = raw.reshape(len(raw), -1), smoothed.reshape(len(smoothed), -1)
    delays = range(-max_lag, max_lag + 1)
    frames = np.arange(max_lag, len(raw) - max_lag)
    squares = np.array([((smoothed[frames] - raw[frames - delay]) ** 2).sum(axis=1) for delay in delays])
    squares = squares[:, np.isfinite(squares).all(axis=0)] if len(frames) else squares
    if squares.shape[1] < LEAST_FRAMES:
        return float("nan")
    costs = squares.mean(axis=1)
    least = int(np.argmin(costs))
    if least in (0, len(costs) - 1) or costs[least] > MOST_SHARE_LEFT * costs.max() or costs.max() < 1e-12:
        return float("nan")
    before, at, after = costs[least - 1 : least + 2]
    bend = before - 2 * at + after
    part = 0.5 * (before - after) / bend if bend > 0 else 0.0
    return float(delays[least] + np.clip(part, -1, 1))
