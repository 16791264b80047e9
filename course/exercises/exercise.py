"""What an exercise is: a question, a skeleton, a solution, hints, and the mistakes people make."""

import ast
import io
import linecache
import tokenize
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Mistake:
    """A classic mistake: the wrong version itself, and what to tell whoever wrote it.

    The check runs `wrong` on the inputs that it gives the learner's answer. When both do the same
    (results, changed arguments, exception), this is the mistake.

    Parameters
    ----------
    wrong : object
        A wrong answer: a function, number or model of the kind that the exercise asks for.
    message : str
        What went wrong, and where to look. Text between backticks is shown as code.
    when : callable, optional
        `when(result) -> bool`, where more than one wrong answer makes the same mistake
        (any number above a limit). `wrong` is then an example.
    """

    wrong: object
    message: str
    when: Callable | None = None


@dataclass(frozen=True, eq=False)
class Exercise:
    """One exercise, as its file has it.

    Attributes
    ----------
    id : str
        The lesson's number and the file's name: "01-mse".
    title, question : str
        Markdown. The question says what to write and what it takes and returns.
    skeleton : str
        A cell that runs as it stands, `...` where the answer belongs. The last name that it binds
        is the answer. No other cell of the lesson may use that name.
    solution : str
        The plain formula, under the same name; the reference of the check too.
    shown : str
        One sentence said when the answer is right: what was just shown.
    hints : tuple of str
        The first one doesn't give the answer away.
    mistakes : tuple of Mistake
        At least three, the more special ones first.
    inputs : callable, optional
        `inputs(rng)` -> list of argument tuples, one for each call of the answer. Of different
        lengths, so that `n` can be told from a constant. None: the answer is a value.
    use : callable, optional
        `use(answer, *arguments) -> result`, where calling the answer isn't what shows that it is
        right (a class to construct, a model to measure).
    right : callable, optional
        `right(result) -> bool`, where more than one result is right.
    seconds : float
        How long all calls may take together.
    setup : str
        What the lesson has run before the exercise.
    """

    id: str
    title: str
    question: str
    skeleton: str
    solution: str
    shown: str
    hints: tuple
    mistakes: tuple = ()
    inputs: Callable | None = None
    use: Callable | None = None
    right: Callable | None = None
    seconds: float = 5.0
    setup: str = ""

    @property
    def name(self):
        """The name that the learner defines: the last one that the skeleton binds."""
        last = ast.parse(self.skeleton).body[-1]
        return last.targets[0].id if isinstance(last, ast.Assign) else last.name

    @property
    def solution_name(self):
        """The name that the solution defines in the notebook, so that it overwrites nothing."""
        return self.name.removeprefix("my_") + "_solution"

    @property
    def solution_source(self):
        """The solution as it stands in the notebook, under a name of its own."""
        return renamed(self.solution, self.name, self.solution_name)

    @cached_property
    def reference(self):
        """The solution, run: what the learner's answer is compared with."""
        return self.run(self.solution)

    @cached_property
    def untouched(self):
        """The skeleton, run: an answer that is this one has not been started."""
        return self.run(self.skeleton)

    @property
    def cases(self):
        """The arguments of every call that the check makes, made afresh, the same at each check."""
        if self.inputs is None:
            return [()]
        return self.inputs(np.random.default_rng(list(self.id.encode())))

    def run(self, source):
        """What `source` binds to the exercise's name, run after the lesson's own definitions."""
        file = f"<exercise {self.id}>"
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        names = {"__name__": "exercise"}
        exec(compile(self.setup, "<setup>", "exec"), names)
        exec(compile(source, file, "exec"), names)
        return names[self.name]


@dataclass(frozen=True, eq=False)
class Lesson:
    """The exercises of one lesson, in order.

    Attributes
    ----------
    number : str
        Two digits, as in the notebook's name: "01".
    title : str
    setup : str
        The lines that the notebook has run before its exercises and that skeletons and solutions
        use: imports, data.
    exercises : list of Exercise
    """

    number: str
    title: str
    setup: str
    exercises: list


def renamed(source, old, new):
    """Return `source` with the variable `old` called `new`; attributes and keywords stay.

    >>> renamed("mse = lambda p: f(p.mse, mse=mse)", "mse", "other")
    'other = lambda p: f(p.mse, mse=other)'
    """
    tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    lines = source.splitlines(keepends=True)
    depth, places = 0, []
    for before, token, after in zip(tokens[-1:] + tokens, tokens, tokens[1:], strict=False):
        depth += (token.string in "([{") - (token.string in ")]}") if token.string else 0
        keyword = depth > 0 and after.string == "="
        if token.string == old and before.string != "." and not keyword:
            places.append(token.start)
    for row, column in reversed(places):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + new + line[column + len(old) :]
    return "".join(lines)
