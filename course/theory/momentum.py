"""Momentum on a quadratic: the distances of two steps in a row obey a law of their own."""

import numpy as np

__all__ = ["HEAVY", "NESTEROV", "best_momentum", "is_nesterov", "momentum_factor"]

HEAVY, NESTEROV = "heavy ball", "Nesterov"


def momentum_factor(rate, momentum, curvature, rule=HEAVY):
    r"""By how much a step with momentum multiplies the distance to the minimum, in the long run.

    The distance e of a step follows from the two before it,

    $$ e_{k+1} = \tau e_k - \delta e_{k-1}, \qquad z^2 - \tau z + \delta = 0, $$

    and the factor is the larger |z|. Heavy ball: trace tau = 1 + momentum - rate curvature,
    determinant delta = momentum. Nesterov: both (1 + momentum) and momentum are multiplied by
    1 - rate curvature instead. Below 1 it arrives. All arguments but `rule` broadcast.

    Raises
    ------
    ValueError
        The rule is neither "heavy ball" nor "Nesterov".

    References
    ----------
    Polyak (1964); Lessard, Recht and Packard (2016).

    >>> round(float(momentum_factor(0.1, 0.0, 1.0)), 6)
    0.9
    """
    rate, momentum, curvature = np.broadcast_arrays(rate, momentum, curvature)
    shrink = 1 - rate * curvature
    if is_nesterov(rule):
        trace, determinant = (1 + momentum) * shrink, momentum * shrink
    else:
        trace, determinant = momentum + shrink, momentum
    root = np.sqrt((trace**2 / 4 - determinant).astype(complex))
    return np.maximum(np.abs(trace / 2 + root), np.abs(trace / 2 - root))


def best_momentum(curvatures, rule=HEAVY):
    r"""The theory's best learning rate and momentum, by the smallest and the largest curvature.

    $$ \eta = \frac{4}{(\sqrt{L} + \sqrt{\ell})^2}, \quad
       \rho = \Big(\frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1}\Big)^2, \quad \kappa = L / \ell $$

    for the heavy ball (Polyak 1964); for Nesterov, 4 / (3 L + l) and (r - 2) / (r + 2) with
    r = sqrt(3 kappa + 1) (Lessard, Recht and Packard 2016).

    >>> tuple(float(value) for value in best_momentum([1.0, 9.0]))
    (0.25, 0.25)
    """
    low, high = curvatures[0], curvatures[-1]
    if is_nesterov(rule):
        root = np.sqrt(3 * high / low + 1)
        return 4 / (3 * high + low), (root - 2) / (root + 2)
    root = np.sqrt(high / low)
    return 4 / (np.sqrt(high) + np.sqrt(low)) ** 2, ((root - 1) / (root + 1)) ** 2


def is_nesterov(rule):
    """Whether it is that rule and not the heavy ball; no other is known."""
    if rule not in (HEAVY, NESTEROV):
        raise ValueError(f"rule is {rule!r}; it must be {HEAVY!r} or {NESTEROV!r}.")
    return rule == NESTEROV
