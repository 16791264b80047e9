"""Answers that a clever and lazy student would hand in are refused, right ones are accepted.

Each table `lesson_NN.py` beside this file has WRONG and RIGHT: for an exercise a list of answers. An
answer is what the function returns instead, its body, a whole cell, or (old, new, ...): the
solution with one text in another's place. It runs in the lesson's names, as in the notebook.
"""

import runpy
from pathlib import Path

import pytest

from course.exercises.checking import judge
from course.exercises.lessons import Piece, answer, exercises, swapped

TABLES = [runpy.run_path(str(path)) for path in sorted(Path(__file__).parent.glob("lesson_*.py"))]
CANNOT_FAIL = "00-first"
MORE = {"01-model": 4}  # each of them is a training


def handed_in(exercise, code):
    """Return the answer that a text of the tables stands for."""
    if isinstance(code, tuple):
        text = exercise.solution
        assert all(old in text for old in code[::2]), f"not in the solution: {code[::2]}"
        code = swapped(Piece("answer", 1, text), dict(zip(code[::2], code[1::2], strict=True))).text
    names = {"__name__": "notebook"}
    exec(exercise.setup, names)
    return answer(Piece("answer", 1, code), exercise, names)


def cases(kind):
    """Return the answers of one kind, named by exercise and text."""
    return [
        pytest.param(exercises()[id], code, id=f"{id}: {' '.join(str(code).split())[:60]}")
        for table in TABLES
        for id, codes in table[kind].items()
        for code in codes
    ]


@pytest.mark.parametrize(("exercise", "code"), cases("WRONG"))
def test_a_wrong_answer_is_refused(exercise, code):
    feedback = judge(exercise, handed_in(exercise, code))
    assert not feedback.right
    assert len(feedback.message) > 20


@pytest.mark.parametrize(("exercise", "code"), cases("RIGHT"))
def test_a_right_answer_written_another_way_is_accepted(exercise, code):
    feedback = judge(exercise, handed_in(exercise, code))
    assert feedback.right, str(feedback)


@pytest.mark.parametrize("kind", ["WRONG", "RIGHT"])
def test_each_exercise_has_six_of_each_kind(kind):
    count = {id: len(codes) for table in TABLES for id, codes in table[kind].items()}
    lessons = {id[:2] for id in count}
    few = {
        id: count.get(id, 0)
        for id in exercises()
        if id != CANNOT_FAIL and id[:2] in lessons and count.get(id, 0) < MORE.get(id, 6)
    }
    assert few == {}
