"""Running an answer on fresh inputs, and what came of it."""

import contextlib
import copy
import inspect
import io
import linecache
import os
import sys
import sysconfig
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import autograd.numpy as anp
import numpy as np

from course.exercises.exercise import Exercise
from course.exercises.limit import TimeIsUp, within
from course.exercises.values import flat, number, same, show

NOT_THE_LEARNERS = (
    str(Path(__file__).parents[1]),
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    "<",
)
AS_IMPORTED = [(module, dict(vars(module))) for module in (np, anp)]


@dataclass(frozen=True)
class Trial:
    """What an answer did: one result for each case, or what stopped it.

    Attributes
    ----------
    results : tuple
        As many as there were cases before it ended.
    changed : tuple of str
        The arguments that the answer changed in place.
    error : BaseException or None
        What it raised, `TimeIsUp` included.
    printed : str
    """

    results: tuple = ()
    changed: tuple = ()
    error: BaseException | None = None
    printed: str = ""

    def does_the_same_as(self, other):
        """Whether two answers can't be told apart by what they did."""
        return (
            type(self.error) is type(other.error)
            and str(self.error) == str(other.error)
            and self.changed == other.changed
            and len(self.results) == len(other.results)
            and all(same(a, b) for a, b in zip(self.results, other.results, strict=True))
        )


def trial_of(exercise, answer):
    """Use an answer on all cases of an exercise and return the `Trial`; never raises.

    Every call gets arguments of its own. What the answer prints is kept, its numpy warnings aren't.
    """
    use = exercise.use or (lambda value, *arguments: value(*arguments) if arguments else value)
    names = argument_names(exercise.reference, len(exercise.cases[0]))
    results, changed, error, printed = [], [], None, Paper()

    def run():
        for case in exercise.cases:
            given = copy.deepcopy(case)
            results.append(use(answer, *given))
            for name, before, after in zip(names, case, given, strict=False):
                if not same(before, after, 0):
                    changed.append(name)

    with contextlib.redirect_stdout(printed), warnings.catch_warnings(), undisturbed():
        warnings.simplefilter("ignore")
        try:
            within(exercise.seconds, run)
        except KeyboardInterrupt:
            raise
        except (Exception, SystemExit, GeneratorExit, TimeIsUp) as caught:
            error = caught
    return Trial(tuple(results), tuple(dict.fromkeys(changed)), error, printed.getvalue())


@contextlib.contextmanager
def undisturbed():
    """Put back what an answer may break for all that follows: numpy's functions, its process.

    The functions are put back before it runs as well: with a `np.mean` of the learner's own, the
    solution would be as wrong as the answer. A process that an answer has forked ends here, or the
    notebook would go on twice.
    """
    process, limit = os.getpid(), sys.getrecursionlimit()
    put_back()
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(0)
        sys.setrecursionlimit(limit)
        put_back()


def put_back():
    """Give numpy the functions again that it had when this module was imported."""
    for module, before in AS_IMPORTED:
        for name in [name for name, value in before.items() if vars(module).get(name) is not value]:
            setattr(module, name, before[name])


def argument_names(function, count):
    """Return the names of a function's first `count` arguments."""
    try:
        names = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        names = []
    return (names + [f"argument {i + 1}" for i in range(len(names), count)])[:count]


def learners_line(error):
    """Return `(number, text)` of the innermost line that the learner wrote; None if none raised."""
    found, step = None, error.__traceback__
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if file.startswith("<ipython") or not file.startswith(NOT_THE_LEARNERS):
            found = step.tb_lineno, linecache.getline(file, step.tb_lineno).strip()
        step = step.tb_next
    return found


class Paper(io.StringIO):
    """Keeps what is printed until it is full: an endless loop may print without end."""

    def write(self, text):
        """Keep `text` while there is room."""
        return super().write(text) if self.tell() < 2000 else len(text)

    def close(self):
        """Stay open: an answer may close what it takes for the screen."""


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

    @cached_property
    def example(self):
        """The smallest call whose result is wrong: `(arguments, result, right result)`, or None."""
        if self.exercise.inputs is None:
            return None
        calls = zip(self.exercise.cases, self.trial.results, self.truth.results, strict=False)
        wrong = [call for call in calls if not same(call[1], call[2])]
        return min(wrong, key=lambda call: len(show(call[0])), default=None)

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
