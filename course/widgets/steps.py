"""Which of many steps a picture shows."""

import numpy as np


def shown_steps(last, first=60, pairs=90):
    """Steps from 0 to `last`, rising: the `first`, then pairs of neighbours at equal ratios.

    Single steps at equal ratios would hide that a descent jumps from side to side.

    >>> shown_steps(1000, first=3, pairs=3).tolist()
    [0, 1, 2, 3, 4, 55, 56, 999, 1000]
    """
    if last <= first:
        return np.arange(last + 1)
    later = np.geomspace(first, last - 1, pairs).round().astype(int)
    return np.unique(np.concatenate([np.arange(first), later, later + 1]))
