"""Answers that a clever and lazy student would hand in are refused, right ones are accepted.

They stand in `lesson_NN.md` beside this file, for each exercise a list of wrong and a list of right
ones, written as mistakes are in an exercise's own file, and run in the lesson's names.
"""

import re
from pathlib import Path

import numpy as np
import pytest

from course import Standardize, data
from course.exercises.checking import judge
from course.exercises.lessons import Piece, exercises, items, read_mistakes

FILES = sorted(Path(__file__).parent.glob("lesson_*.md"))
CANNOT_FAIL = "00-first"
FEWER = {"01-model": 4}  # each of them is a training


def headed(file):
    """Return `(exercise id, item)` for each item below an exercise's heading, and its kind."""
    whole = Piece(str(file), 1, file.read_text(encoding="utf-8"))
    starts = [*re.finditer(r"^# +(\S+)\n", whole.text, re.M)]
    ends = [match.start() for match in starts[1:]] + [len(whole.text)]
    return [
        (match[1], item)
        for match, end in zip(starts, ends, strict=True)
        for item in items(whole.part(match.end(), end), "- ")
    ]


def listed(file):
    """Return `(exercise id, "Wrong" or "Right", item)` for each answer in a file."""
    text, found = file.read_text(encoding="utf-8"), []
    kinds = re.findall(r"^## +(Wrong|Right)\n|^(- )", text, re.M)
    kind, marks = None, []
    for heading, mark in kinds:
        kind = heading or kind
        marks += [kind] if mark else []
    for kind, (id, item) in zip(marks, headed(file), strict=True):
        found.append((id, kind, Piece(item.path, item.line, item.text.split("\n## ")[0])))
    return found


ALL = [answer for file in FILES for answer in listed(file)]


def answers(kind):
    """Return the answers of one kind as a test's parameters."""
    return [
        pytest.param(exercises()[id], item, id=f"{id}: {item.one_line[:60]}")
        for id, which, item in ALL
        if which == kind and id in exercises()  # one that is gone is missed by nobody
    ]


def handed_in(exercise, item):
    """Return the answer that an item stands for."""
    names = {"__name__": "notebook"}
    exec(exercise.setup, names)
    text = item.text.rstrip()
    said = Piece(item.path, item.line, text + ("\n" if text.endswith("```") else ": ") + "Said.")
    (mistake,) = read_mistakes(said, exercise, Piece("solution", 1, exercise.solution), names)
    return mistake.wrong


@pytest.mark.parametrize(("exercise", "item"), answers("Wrong"))
def test_a_wrong_answer_is_refused(exercise, item):
    feedback = judge(exercise, handed_in(exercise, item))
    assert not feedback.right
    assert len(feedback.message) > 20


@pytest.mark.parametrize(("exercise", "item"), answers("Right"))
def test_a_right_answer_written_another_way_is_accepted(exercise, item):
    feedback = judge(exercise, handed_in(exercise, item))
    assert feedback.right, str(feedback)


@pytest.mark.parametrize("kind", ["Wrong", "Right"])
def test_each_exercise_has_six_of_each_kind(kind):
    there = [id for id, which, _ in ALL if which == kind]
    lessons = {id[:2] for id, _, _ in ALL}
    few = {
        id: there.count(id)
        for id in exercises()
        if id != CANNOT_FAIL and id[:2] in lessons and there.count(id) < FEWER.get(id, 6)
    }
    assert few == {}


@pytest.mark.parametrize("seed", range(8))
def test_02_rate_accepts_what_a_loop_of_ones_own_finds(seed):
    """The order of the samples is the learner's own; the largest rate depends on it."""
    x, y = data.line(np.random.default_rng(0))
    z = Standardize.fit(x)(x)
    lowest = np.mean((np.polyval(np.polyfit(z, y, 1), z) - y) ** 2)
    rng, rates = np.random.default_rng(seed), np.geomspace(0.01, 0.03, 31)
    m, b, costs = np.zeros(31), np.zeros(31), []
    for i in np.concatenate([rng.permutation(100) for _ in range(20)]):
        residual = m * z[i] + b - y[i]
        m, b = m - 2 * rates * residual * z[i], b - 2 * rates * residual
        costs.append(np.mean((np.outer(m, z) + b[:, None] - y) ** 2, axis=1) - lowest)
    largest = max(rates[np.mean(costs[-500:], axis=0) <= 20])
    assert judge(exercises()["02-rate"], largest).right


FEEDBACK = [
    pytest.param(exercises()[id], Piece(item.path, item.line, code), says, id=f"{id}: {code[:50]}")
    for id, item in headed(Path(__file__).parent / "feedback.md")
    for code, says in [item.one_line.rsplit("`: ", 1)]
]


@pytest.mark.parametrize(("exercise", "item", "says"), FEEDBACK)
def test_a_message_says_what_helps_and_nothing_that_misleads(exercise, item, says):
    says, _, never = says.partition("; not ")
    answer = handed_in(exercise, Piece(item.path, item.line, item.text + "`"))
    message = judge(exercise, answer).message
    assert says in message
    assert not never or never not in message
