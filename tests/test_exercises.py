"""Every exercise of every lesson: what it says to those who get it right, wrong, or not yet."""

import ast
import dataclasses
import re
import types

import numpy as np
import pytest

from course.exercises import check, checking, hint, progress, solution
from course.exercises.checking import judge
from course.exercises.diagnoses import endless
from course.exercises.lessons import exercises, lessons
from course.exercises.values import number, parts

ALL = list(exercises().values())
CANNOT_FAIL = "00-first"
EVERY = pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.id)
FUNCTIONS = [e for e in ALL if e.inputs and not e.use]


def changeable(value):
    """Whether a value could be changed in place; numbers can't."""
    return isinstance(value, (np.ndarray, list)) or bool(
        dataclasses.is_dataclass(value) and not value.__dataclass_params__.frozen
    )


EVERY_CHANGEABLE = pytest.mark.parametrize(
    "exercise",
    [e for e in FUNCTIONS if any(map(changeable, e.cases[0]))],
    ids=lambda exercise: exercise.id,
)
EVERY_FUNCTION = pytest.mark.parametrize("exercise", FUNCTIONS, ids=lambda exercise: exercise.id)
FALLIBLE = [e for e in ALL if e.id != CANNOT_FAIL]
EVERY_FALLIBLE = pytest.mark.parametrize("exercise", FALLIBLE, ids=lambda exercise: exercise.id)
MISTAKES = [
    pytest.param(e, mistake, id=f"{e.id}: {mistake.message[:40]}")
    for e in ALL
    for mistake in e.mistakes
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test has a progress file of its own."""
    monkeypatch.setenv("DOWNHILL_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.setattr(checking, "given_hints", {})
    return tmp_path


# --- what is declared


def test_every_lesson_has_its_number():
    assert [lesson.number for lesson in lessons()] == sorted({e.id[:2] for e in ALL})
    assert len(exercises()) == sum(len(lesson.exercises) for lesson in lessons())


def test_the_first_lesson_has_six_and_more():
    assert sum(e.id.startswith("01-") for e in ALL) >= 6


@EVERY_FALLIBLE
def test_it_knows_three_mistakes_or_more(exercise):
    assert len({mistake.message for mistake in exercise.mistakes}) >= 3


@EVERY
def test_the_solutions_cell_binds_only_names_of_its_own(exercise):
    """The solution's cell binds names of its own: running all cells overwrites nothing."""
    bound = bound_names(exercise.solution_source)
    assert exercise.solution_name in bound
    assert [name for name in bound if not name.endswith(("_solution", "Solution"))] == []


def bound_names(source):
    """Return the names that a cell binds, imports left out."""
    bound = set()
    for statement in ast.parse(source).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            bound.add(statement.name)
        elif not isinstance(statement, (ast.Import, ast.ImportFrom)):
            nodes = ast.walk(statement)
            bound |= {n.id for n in nodes if isinstance(n, ast.Name) and type(n.ctx) is ast.Store}
    return bound


# --- not started, right, wrong


@EVERY
def test_the_skeleton_runs_and_is_not_started(exercise):
    feedback = check(exercise.id, exercise.run(exercise.skeleton))
    assert feedback.state == "not started"
    assert exercise.name in feedback.message


@EVERY
@pytest.mark.parametrize("answer", [None, ...])
def test_nothing_at_all_is_not_started(exercise, answer):
    assert check(exercise.id, answer).state == "not started"


@EVERY
def test_the_solution_is_right_and_counts(exercise):
    feedback = check(exercise.id, exercise.run(exercise.solution))
    assert (feedback.state, feedback.message) == ("right", exercise.shown)
    assert progress().done == [exercise.id]


@EVERY
def test_the_solution_in_the_notebook_is_right_and_does_not_count(exercise):
    names = {"__name__": "notebook"}
    exec(exercise.setup, names)
    exec(exercise.solution_source, names)
    feedback = check(exercise.id, names[exercise.solution_name], mark=False)
    assert feedback.right
    assert exercise.solution_name in feedback.message
    assert progress().done == []


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES)
def test_a_mistake_gets_its_own_message(exercise, mistake):
    feedback = check(exercise.id, mistake.wrong)
    assert (feedback.state, feedback.message) == ("wrong", mistake.message)
    assert progress().done == []


# --- answers that nobody asked for


def raises(*arguments):
    raise OSError("no such thing")


def prints(*arguments):
    print("looking into it")


def gives(value):
    return lambda *arguments: value


class Hostile:
    """A value that raises whatever is done with it."""

    def __eq__(self, other):
        raise RuntimeError("don't compare me")

    def __array__(self, *arguments, **options):
        raise RuntimeError("don't convert me")

    __hash__ = None


STRANGE = {
    "text": "an answer",
    "number": 12345.678,
    "nan": float("nan"),
    "list": [1, "a", None],
    "array": np.zeros((2, 3)),
    "dict": {"m": 1},
    "object": object(),
    "hostile": Hostile(),
    "class": int,
    "exception": ValueError,
    "module": np,
    "no arguments": lambda: 1.0,
    "too many arguments": lambda a, b, c, d, e, f, g, h: 1.0,
    "keywords only": lambda *, a: 1.0,
    "raises": raises,
    "raises SystemExit": exit,
    "prints": prints,
    "gives None": gives(None),
    "gives text": gives("text"),
    "gives dots": gives(...),
    "gives nan": gives(np.nan),
    "gives a hostile": gives(Hostile()),
    "gives itself": lambda *arguments: raises,
    "gives a table": gives(np.ones((7, 7))),
    "gives a list": gives([None, "a"]),
    "partial": __import__("functools").partial(raises, 1),
    "built in": max,
}


@EVERY_FALLIBLE
@pytest.mark.parametrize("strange", STRANGE)
def test_a_strange_answer_is_not_right_and_does_no_harm(exercise, strange, capsys):
    feedback = check(exercise.id, STRANGE[strange])
    assert feedback.state == "wrong"
    assert len(feedback.message) > 20
    assert feedback.message not in [m.message for m in exercise.mistakes if not m.when]
    assert str(feedback)
    assert feedback._repr_html_()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("strange", STRANGE)
def test_the_first_exercise_cannot_fail(strange):
    assert check(CANNOT_FAIL, STRANGE[strange]).right


@EVERY_FUNCTION
def test_an_endless_loop_is_ended(exercise):
    def forever(*arguments):
        while True:
            pass

    feedback = judge(dataclasses.replace(exercise, seconds=0.1), forever)
    assert feedback.state == "time"
    assert "still running after 0.1 seconds" in feedback.message
    assert endless.__doc__


@EVERY_CHANGEABLE
def test_a_changed_argument_is_noticed_even_when_the_result_is_right(exercise):
    def careless(*arguments):
        result = exercise.reference(*arguments)
        for argument in arguments:
            change(argument)
        return result

    feedback = check(exercise.id, careless)
    assert feedback.state == "wrong"
    assert "in place" in feedback.message or "changed" in feedback.message


def change(value):
    """Change a value in place, if it can be."""
    if isinstance(value, np.ndarray):
        value += 1
    elif isinstance(value, list):
        value.append(1.0)
    elif changeable(value):
        name = dataclasses.fields(value)[0].name
        setattr(value, name, getattr(value, name) + 1.0)


@EVERY_CHANGEABLE
def test_a_global_in_an_arguments_place_is_noticed(exercise):
    """The last array is called otherwise in the signature: the body reads the notebook's own."""
    case = exercise.cases[0]
    index = [i for i, a in enumerate(case) if changeable(a)][-1]
    tree = ast.parse(exercise.solution)
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef))
    old = function.args.args[index].arg
    function.args.args[index].arg = "other"
    names = {"__name__": "notebook", **exercise.reference.__globals__, old: case[index]}
    exec(compile(tree, "<notebook>", "exec"), names)
    feedback = check(exercise.id, names[exercise.name])
    assert feedback.message.startswith("Your function never uses its argument `other`")
    assert f"`{old}`" in feedback.message


@EVERY_FUNCTION
def test_no_return_is_noticed(exercise):
    feedback = check(exercise.id, types.FunctionType(none_from(exercise), {}))
    assert feedback.state == "wrong"
    assert "return" in feedback.message


def none_from(exercise):
    """Return the code of a function of the right signature that computes and returns nothing."""
    arguments = ", ".join(exercise.reference.__code__.co_varnames[: len(exercise.cases[0])])
    return compile(f"def f({arguments}):\n    [{arguments}]", "<ipython-1>", "exec").co_consts[0]


@pytest.mark.parametrize(
    "exercise",
    [
        e
        for e in FUNCTIONS
        if all(
            number(r) is not None and not isinstance(r, tuple)
            for r in (e.reference(*case) for case in e.cases)
        )
    ],
    ids=lambda exercise: exercise.id,
)
def test_a_number_of_opposite_sign_is_told_from_a_factor(exercise):
    results = [np.asarray(exercise.reference(*case)) for case in exercise.cases]
    if results[0].dtype.kind == "b":
        feedback = check(exercise.id, lambda *a: not exercise.reference(*a))
        assert "other way round" in feedback.message
        return
    minus = check(exercise.id, lambda *a: -exercise.reference(*a))
    triple = check(exercise.id, lambda *a: 3.5 * exercise.reference(*a))
    assert "sign" in minus.message
    assert ("3.5 times" in triple.message) == (results[0].dtype.kind == "f"), (
        "no count is 3.5 times"
    )


# --- hints and solutions


@EVERY
def test_hints_come_one_by_one_and_begin_again(exercise):
    count = len(exercise.hints)
    given = [hint(exercise.id).message for _ in range(count + 2)]
    assert count >= 2
    for place, text in enumerate(exercise.hints):
        assert given[place] == f"{place + 1} of {count}: {text}"
    assert f'solution("{exercise.id}")' in given[count]
    assert given[count + 1] == given[0]


@EVERY
def test_the_first_hint_does_not_give_the_answer_away(exercise):
    code = re.findall(r"`([^`]+)`", exercise.hints[0])
    assert [c for c in code if not c.isidentifier() and c != "..." and c in exercise.solution] == []


@EVERY
def test_the_solution_can_be_asked_for(exercise):
    shown = solution(exercise.id)
    assert shown.details == (exercise.solution,)
    assert exercise.solution in str(shown)


@pytest.mark.parametrize("ask", [check, hint, solution])
@pytest.mark.parametrize(
    ("wrong", "meant"), [("01-msee", "01-mse"), ("mse", "01-mse"), ("01_loop", "01-loop")]
)
def test_an_unknown_exercise_is_answered_with_the_nearest(ask, wrong, meant):
    answer = ask(wrong)
    assert answer.state == "unknown"
    assert f'"{meant}"' in answer.message.split(",")[0]


@pytest.mark.parametrize("wrong", [None, 7, "", "@" * 1000, ["01-mse"]])
def test_an_id_that_is_none_is_answered_with_all(wrong):
    answer = check(wrong, 1)
    assert answer.state == "unknown"
    assert len(str(answer)) < 40 * len(ALL) + 200


# --- how it reads


@pytest.mark.parametrize("answer", ["right", "wrong", "not started"])
def test_feedback_is_read_without_colour(answer):
    exercise = exercises()["01-mse"]
    value = {
        "right": exercise.reference,
        "wrong": lambda p, y: np.sum((p - y) ** 2),
        "not started": ...,
    }[answer]
    feedback = check("01-mse", value)
    word = {"right": "Right", "wrong": "Not yet", "not started": "Not started yet"}[answer]
    assert str(feedback).splitlines()[0].endswith(f"{word} · 01-mse")
    page = feedback._repr_html_()
    assert 'role="status"' in page
    assert f'aria-label="{word}: exercise 01-mse"' in page
    assert f"<strong>{word}</strong>" in page


def test_feedback_is_the_same_each_time():
    wrong = exercises()["01-mse"].mistakes[0].wrong
    assert check("01-mse", wrong) == check("01-mse", wrong)


def test_what_a_learner_writes_cannot_break_the_page():
    page = check("01-mse", lambda p, y: "<script>alert(1)</script>")._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_a_wrong_answer_is_shown_with_one_call():
    text = str(check("01-mse", lambda prediction, y: 7 * np.mean((prediction - y) ** 2)))
    gives, wanted = (float(re.search(rf"{word}\s+(\S+)", text)[1]) for word in ("gives", "be"))
    assert gives == pytest.approx(7 * wanted, rel=1e-3)


def test_parts_of_an_answer_are_told_apart():
    from course import Line

    feedback = check(
        "01-update", lambda line, g, rate: Line(line.m - rate * g.m, line.b - 5 * rate * g.b)
    )
    assert feedback.message == "`m` is right; `b` is not."
    assert [name for name, _ in parts(Line(1.0, 2.0))] == ["m", "b"]
