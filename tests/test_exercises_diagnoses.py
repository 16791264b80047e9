"""What the checks say about mistakes that are the same everywhere, on an exercise made for it."""

import linecache
from dataclasses import dataclass

import numpy as np
import pytest

from course.exercises.checking import judge
from course.exercises.diagnoses import not_started, shape_message
from course.exercises.exercise import Exercise, Mistake, renamed
from course.exercises.values import kind, same, show

double = Exercise(
    id="99-double",
    title="Centre and double",
    question="Write it.",
    skeleton="def my_double(x, k):\n    ...",
    solution="def my_double(x, k):\n    return 2 * (x - np.mean(x)) * k",
    shown="Shown.",
    hints=("One.", "Two."),
    inputs=lambda rng: [(rng.normal(size=n), float(n)) for n in (3, 5)],
    mistakes=(Mistake(lambda x, k: 2 * x * k, "The mean is still in it."),),
    setup="import numpy as np",
)


def answer(body, head="x, k", **names):
    """Return a learner's function, written in a cell of a notebook."""
    source = f"def my_double({head}):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    file = f"<ipython-input-{abs(hash(source))}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    namespace = {"np": np, **names}
    exec(compile(source, file, "exec"), namespace)
    return namespace["my_double"]


RIGHT = "2 * (x - np.mean(x)) * k"

SAYS = {
    f"return {RIGHT}": "Shown.",
    "return 2 * x * k": "The mean is still in it.",
    f"return -{RIGHT}": "opposite sign",
    f"return {RIGHT} * len(x)": "`n` times too large",
    f"return {RIGHT} / len(x)": "`n` times too small",
    f"return -{RIGHT} * len(x)": "opposite sign, and `n` times too large",
    f"return {RIGHT} / 2": "0.5 times what it should be",
    f"return {RIGHT} * -2": "2 times and of opposite sign",
    f"return ({RIGHT})[:, None]": "The shape is (3, 1) where (3,) is meant",
    f"return ({RIGHT})[:-1]": "2 values came, and 3 are meant: one less. Off by one step?",
    f"return np.append({RIGHT}, 0)": "4 values came, and 3 are meant: one more",
    f"return ({RIGHT})[:1]": "what came is an array of shape (1,). If there is a sum",
    f"return ({RIGHT})[:, None] + x": "somewhere `(n, 1)` met `(n,)`",
    f"return np.sum({RIGHT})": "An array of shape (3,) is asked for; what came is a number",
    f"return ({RIGHT}) / 0.0": "has infinity in it",
    f"return ({RIGHT}) * np.nan": "has NaN (not a number) in it",
    f"{RIGHT}": "is the `return` missing?",
    f"print({RIGHT})": "is the `return` missing?",
    "return ...": "there is still a `...`",
    "return [..., 1]": "there is still a `...`",
    f"return str({RIGHT})": "what came is text",
    f"return {{'x': {RIGHT}}}": "what came is a `dict`",
    f"x -= np.mean(x)\nreturn {RIGHT}": "changes its argument `x` in place",
    "return 2 * (x - np.mean(x)) * 3": "never uses its argument `k`",
    "return 2 * (x - np.mean(x)) * K": "never uses its argument `k`; it reads `K`",
    "return [2 * (v - M) * k for v in X]": "never uses its argument `x`; it reads `X`",
    f"return {RIGHT} if len(x) == 3 else x * k": "Right for 1 of 2 inputs",
    "return x**2 * k": "isn't one of the mistakes known here",
    "return x.men()": "has no attribute of that name",
    "return xx": "isn't defined here",
    "return x[99]": "counting starts at 0",
    "return x + np.ones(77)": "The lengths don't fit",
    "return x + ...": "There is still a `...`",
    "return x + None": "Something here is `None`",
    "return 'a' + k": "At line 2 of your cell",
    "return 2(x)": "or is a `*` meant?",
    "return k[0]": "indexed with `[ ]`",
    "return 1 // (k - k)": "divided by 0",
    "return my_double(x, k)": "calls itself without end",
    "for v in x:\n    return v": "The `return` stands inside the loop",
    "for v in x:\n    k = k + v\n    return k": "The `return` stands inside the loop",
    "for v in x:\n    if v > k:\n        return v\nreturn 1": "An array of shape (3,) is asked for",
    "for v in x:\n    if v > k:\n        continue\n    return v": "what came is a number",
    "return x + np.ones(2)": "make one a column, `x[:, None]`",
    "if x > 0: return 1": "one `True` or `False` is needed",
    "a, b = k": "A single value stands where several are expected",
    "a, b = x[:1]": "The number of names on the left",
    "exit()": "leave it out",
    "raise NotImplementedError": "put your answer there",
    "return {}[3]": "a key that it doesn't have",
}


@pytest.mark.filterwarnings("ignore::SyntaxWarning")
@pytest.mark.parametrize("body", SAYS)
def test_each_mistake_is_named(body):
    said = judge(double, answer(body, K=3.0, M=0.0, X=np.ones(3)))
    assert SAYS[body] in said.message, said


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("x", "can't be called with 2 arguments: it is written as `my_double(x)`"),
        ("x, k, z", "the exercise calls `my_double(x, k)`"),
        ("*, x, k", "can't be called with 2 arguments"),
    ],
)
def test_the_signature_is_quoted(head, says):
    assert says in judge(double, answer("return 1", head)).message


@pytest.mark.parametrize("head", ["data, factor", "x, k, more=3", "*x", "x, *k"])
def test_other_names_and_defaults_are_no_mistake(head):
    names = {"data, factor": "data - np.mean(data)) * factor", "*x": "x[0] - np.mean(x[0])) * x[1]"}
    names["x, *k"] = "x - np.mean(x)) * k[0]"
    body = f"return 2 * ({names.get(head, 'x - np.mean(x)) * k')}"
    assert judge(double, answer(body, head)).right


def test_an_exception_is_shown_at_the_learners_line():
    said = judge(double, answer("y = x\nz = np.linalg.inv(y)\nreturn z"))
    assert "At line 3 of your cell" in said.message
    assert said.details[0] == "line 3:  z = np.linalg.inv(y)"


def test_the_line_is_that_of_the_function_that_the_learner_calls():
    inner = answer("return x[k]")
    said = judge(double, answer("return inner(x, 1000)", inner=inner))
    assert said.details[0] == "line 2:  return x[k]"


def test_what_is_printed_is_kept_and_cut():
    said = judge(double, answer(f"print('here', len(x))\nreturn {RIGHT}"))
    assert said.right
    assert said.details == ("it printed:\nhere 3\nhere 5",)
    wordy = judge(double, answer("for i in range(100_000): print(i)\nreturn x"))
    assert wordy.details[-1].splitlines()[-1] == "..."
    assert len(wordy.details[-1]) < 200


def test_shapes_of_tables():
    assert "rows and columns are swapped" in shape_message((2, 3), (3, 2))
    assert "look at its `axis`" in shape_message((4,), (2,))
    assert "is a sum or mean missing?" in shape_message((4,), ())
    assert "the same number of values" in shape_message((6,), (3, 2))


def test_a_number_where_a_function_is_asked_for():
    assert "A function is asked for; this is a number" in judge(double, 3.0).message
    assert "this is an array of shape (3,)" in judge(double, np.ones(3)).message


def test_float32_and_lists_and_rounding_are_no_mistake():
    assert judge(double, lambda x, k: list(2 * (x - np.mean(x)) * k)).right
    assert judge(double, lambda x, k: 2 * (x - np.mean(x)) * k * (1 + 1e-12)).right
    assert not judge(double, lambda x, k: 2 * (x - np.mean(x)) * k * (1 + 1e-3)).right


def test_an_answer_that_is_another_one_each_time():
    calls = []
    said = judge(double, lambda x, k: calls.append(1) or x + k * len(calls))
    assert "the same call gives another answer" in said.message.lower()


def test_the_check_never_gives_its_own_inputs_to_the_answer():
    kept = []
    judge(double, lambda x, k: kept.append(x) or x)
    assert kept[0] is not double.cases[0][0]
    assert np.array_equal(kept[0], double.cases[0][0])


def test_a_mistake_that_matches_on_some_inputs_only_is_not_that_mistake():
    said = judge(double, lambda x, k: 2 * x * k if len(x) == 3 else x * k)
    assert said.message != "The mean is still in it."


# --- a class, a value


@dataclass
class Point:
    """Two numbers."""

    x: float
    y: float


def shape(**parts):
    texts = {"id": "99-x", "title": "", "question": "", "shown": "Shown."}
    return Exercise(hints=(), **texts, **parts)


def test_an_exercise_may_ask_for_a_class():
    asked = shape(
        skeleton="class Doubler:\n    def __call__(self, x):\n        ...",
        solution="class Doubler:\n    def __call__(self, x):\n        return 2 * x",
        inputs=lambda rng: [(1.0,), (2.0,)],
        use=lambda cls, x: cls()(x),
    )

    class Doubler:
        def __call__(self, x):
            return x + x

    class Minus:
        def __call__(self, x):
            return -2 * x

    assert judge(asked, Doubler).right
    assert "opposite sign" in judge(asked, Minus).message
    assert "'str' object is not callable" in judge(asked, "text").message


def test_an_exercise_may_ask_for_a_struct():
    asked = shape(
        skeleton="p = ...", solution="p = __import__('types').SimpleNamespace(x=1., y=2.)"
    )
    assert judge(asked, Point(1.0, 2.0)).right
    assert judge(asked, Point(1.0, 3.0)).message == "`x` is right; `y` is not."
    assert "what came is a tuple" in judge(asked, (1.0, 2.0)).message
    assert judge(asked, Point(None, 3.0)).state == "wrong"


# --- started or not


@pytest.mark.parametrize(
    ("source", "started"),
    [
        ("def f(x):\n    return 'here'", False),
        ("def f(x):\n    # a remark\n    return 'here'", False),
        ("def f(x):\n    'A docstring.'\n    return 'here'", False),
        ("def f(x):\n    return 'there'", True),
        ("def f(x):\n    return x", True),
        ("f = 'here'", True),
    ],
)
def test_an_answer_is_started_when_its_code_differs_from_the_skeletons(source, started):
    skeleton = "def f(x):\n    return 'here'"
    asked = shape(skeleton=skeleton, solution="def f(x):\n    return 'right'")
    assert not_started(asked, asked.run(source)) is not started


@pytest.mark.parametrize(
    ("source", "started"),
    [("[i for i in x]", False), ("[i + 1 for i in x]", True)],
)
def test_inner_functions_count_too(source, started):
    skeleton = "def f(x):\n    'Fill in.'\n    return [i for i in x]"
    asked = shape(skeleton=skeleton, solution="def f(x):\n    return x")
    answer = asked.run(f"def f(x):\n    'Fill in.'\n    return {source}")
    assert not_started(asked, answer) is not started


# --- the pieces


def test_renaming_leaves_attributes_keywords_and_strings():
    source = 'def f(a):\n    "f"\n    return f(a, f=a.f) + g(f)\n'
    assert renamed(source, "f", "h") == 'def h(a):\n    "f"\n    return h(a, f=a.f) + g(h)\n'


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1.0, 1.0 + 1e-9, True),
        (1.0, 1.001, False),
        (np.ones(3), np.ones((3, 1)), False),
        ([1.0, 2.0], np.array([1.0, 2.0]), True),
        (Point(1.0, 2.0), Point(1.0, 2.0), True),
        (Point(1.0, 2.0), (1.0, 2.0), False),
        ({"a": 1.0}, {"b": 1.0}, False),
        (np.nan, np.nan, True),
        (np.nan, 1.0, False),
        ("a", "a", True),
        ("a", 1.0, False),
        (None, None, True),
        (len, len, True),
    ],
)
def test_same(a, b, equal):
    assert same(a, b) is equal


def test_values_are_described_and_shown_shortly():
    assert kind(Point(1.0, 2.0)) == "a `Point`"
    assert kind(Point) == "the class `Point` itself"
    assert kind(np.True_) == "`True` or `False`"
    assert show(Point(1 / 3, 2.0)) == "Point(x=0.3333, y=2)"
    assert show(np.arange(100.0)) == "[0, 1, 2, ..., 97, 98, 99]"
    assert show([1.0] * 50) == "[1, 1, 1, 1, 1, 1, ...]"
    assert show("x" * 1000) == "'" + "x" * 56 + "..."
