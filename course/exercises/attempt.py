"""A learner's attempt at an exercise, beside what the solution does."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from course.exercises.exercise import Exercise
from course.exercises.trial import Trial, trial_of
from course.exercises.values import flat, number, same


@dataclass(frozen=True)
class Attempt:
    """An exercise, a learner's answer, and what the answer did."""

    exercise: Exercise
    answer: object
    trial: Trial

    @cached_property
    def truth(self):
        """What the solution did on the same inputs."""
        return trial_of(self.exercise, self.exercise.reference)

    @property
    def name(self):
        """The name that the learner was asked to define."""
        return self.exercise.name

    @property
    def pairs(self):
        """`(result, right result)` of each call; none where many results may be right."""
        if self.exercise.use and self.exercise.right:
            return []
        return list(zip(self.trial.results, self.truth.results, strict=False))

    @cached_property
    def numbers(self):
        """`(result, right result, length of the data)` of each call as flat arrays, if they fit."""
        flats = [(flat(result), flat(right)) for result, right in self.pairs]
        if any(a is None or b is None or a.shape != b.shape for a, b in flats):
            return None
        arrays = [[number(argument) for argument in case] for case in self.exercise.cases]
        lengths = [max([len(a) for a in case if np.ndim(a)], default=1) for case in arrays]
        return [(a, b, n) for (a, b), n in zip(flats, lengths, strict=False)]

    @property
    def right(self):
        """Whether all results are right and no argument was changed."""
        if self.trial.error or self.trial.changed:
            return False
        if self.exercise.right:
            return all(holds(self.exercise.right, result) for result in self.trial.results)
        return all(same(result, truth) for result, truth in self.pairs)


def holds(condition, result):
    """Whether a condition holds for a result; a result of quite another kind doesn't meet it."""
    try:
        return bool(condition(result))
    except Exception:
        return False
