"""Schedules: learning rates that change from step to step. A rule takes one as its rate.

`Descent(StepDecay(0.1, every=100))` asks the schedule once a step. Any function of the step
(counted from 0) is a schedule too: `Descent(lambda k: 0.1 / (1 + k))`.
"""

import math
from dataclasses import dataclass

from course.errors.optimizers import require_hyperparameters

__all__ = ["CosineDecay", "ExponentialDecay", "StepDecay", "WarmUp"]


@dataclass(frozen=True)
class Schedule:
    """What the schedules share: hyperparameters that make sense."""

    def __post_init__(self):
        require_hyperparameters(self, scheduled=False)


@dataclass(frozen=True)
class StepDecay(Schedule):
    r"""A schedule: the rate is multiplied by `factor` after every so many steps.

    $$ \eta_k = \eta_0\, f^{\lfloor k / \mathrm{every} \rfloor} $$

    >>> StepDecay(0.1, every=100, factor=0.5)(250)
    0.025
    """

    learning_rate: float
    every: int
    factor: float = 0.5

    def __call__(self, step):
        """Rate of a step, counted from 0."""
        return self.learning_rate * self.factor ** (step // self.every)


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    r"""A schedule: the rate is multiplied by `decay` at each step.

    $$ \eta_k = \eta_0\, d^k $$

    >>> round(ExponentialDecay(0.1, decay=0.9)(2), 6)
    0.081
    """

    learning_rate: float
    decay: float

    def __call__(self, step):
        """Rate of a step, counted from 0."""
        return self.learning_rate * self.decay**step


@dataclass(frozen=True)
class CosineDecay(Schedule):
    r"""A schedule: half a cosine, from the rate down to 0 in `steps` steps, then 0.

    $$ \eta_k = \tfrac{1}{2} \eta_0 \big(1 + \cos(\pi \min(k / \mathrm{steps}, 1))\big) $$

    References
    ----------
    Loshchilov and Hutter (2017).

    >>> CosineDecay(0.1, steps=100)(50)
    0.05
    """

    learning_rate: float
    steps: int

    def __call__(self, step):
        """Rate of a step, counted from 0."""
        return self.learning_rate * (1 + math.cos(math.pi * min(step / self.steps, 1))) / 2


@dataclass(frozen=True)
class WarmUp(Schedule):
    r"""A schedule: the rate rises in a straight line for `steps` steps, then follows another.

    $$ \eta_k = \eta^{\mathrm{then}}_k \min\Big(1, \frac{k + 1}{\mathrm{steps}}\Big) $$

    Parameters
    ----------
    learning_rate : float or callable
        The rate to rise to, or the schedule to follow, asked with the same step.
    steps : int

    >>> [WarmUp(0.1, steps=4)(k) for k in (0, 1, 3, 9)]
    [0.025, 0.05, 0.1, 0.1]
    """

    learning_rate: float
    steps: int

    def __post_init__(self):
        require_hyperparameters(self, scheduled=True)

    def __call__(self, step):
        """Rate of a step, counted from 0."""
        rate = self.learning_rate
        return (rate(step) if callable(rate) else rate) * min(1, (step + 1) / self.steps)
