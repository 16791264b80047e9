"""What can be said of a descent without descending: walls, half-lives, noise floors, momentum.

Near its minimum every smooth loss is a quadratic, and the loss of a model that is linear in its
parameters is one everywhere. There each step of gradient descent multiplies the distance to the
minimum, along each eigenvector of the Hessian, by 1 - rate * eigenvalue: a million steps are one
power. With batches the mean squared distance obeys such a law too, with momentum the distances of
two steps in a row, and a logistic regression is bounded by its curvature at the start.
"""

from course.theory.batches import LineProblem, samples_seen
from course.theory.logistic import LOGISTIC_REGIMES, Logistic, logistic_borders, logistic_regime
from course.theory.momentum import HEAVY, NESTEROV, best_momentum, momentum_factor
from course.theory.quadratics import (
    ARRIVED,
    DIVERGED,
    REGIMES,
    Quadratic,
    as_vector,
    from_vector,
    half_life,
    has_diverged,
    quadratic,
    regime,
    regime_borders,
    until_diverged,
)

__all__ = [
    "ARRIVED",
    "DIVERGED",
    "HEAVY",
    "LOGISTIC_REGIMES",
    "NESTEROV",
    "REGIMES",
    "LineProblem",
    "Logistic",
    "Quadratic",
    "as_vector",
    "best_momentum",
    "from_vector",
    "half_life",
    "has_diverged",
    "logistic_borders",
    "logistic_regime",
    "momentum_factor",
    "quadratic",
    "regime",
    "regime_borders",
    "samples_seen",
    "until_diverged",
]
