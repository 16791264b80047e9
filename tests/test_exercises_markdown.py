"""Exercises written as Markdown: what a file says, and where it is wrong."""

import numpy as np
import pytest

from course.exercises.checking import judge
from course.exercises.lessons import read_lesson

LESSON = """\
# Made for tests

```python
import numpy as np

OFFSET = 1.0
```

1. shift
2. value
"""

SHIFT = '''\
# Shift

Write `my_shift(x)`, which adds `OFFSET`:

```python
my_shift(np.zeros(2))  # an example in the question
```

It comes back as an array.

```python
def my_shift(x):
    """x, shifted."""
    moved = x + OFFSET
    return moved
```

> Shown.

## Tried on

```python
[(rng.normal(size=n),) for n in (2, 3)]
```

## Hints

1. The first
   hint.
2. The second, with `code`.

## Mistakes

- `x - OFFSET`: The wrong
  way.
- `2 * OFFSET` for `OFFSET`: Too far.
- `x` or `x + 0`: Nothing moved.
- ```python
  x += OFFSET
  return x
  ```
  In place.
- ```python
  def my_shift(values):
      return [float(v) for v in values] + [OFFSET]
  ```
  One more.
'''

VALUE = """\
# Value

Which number?

```python
my_value = ...
```

> Shown.

## Solution

```python
my_value = 2.0
```

## Tried on

```python
LIMIT = 2.0


def right(result):
    return abs(result) == LIMIT


seconds = 1.0
```

## Hints

1. One.
2. Two.

## Mistakes

- `3.0` when `result > LIMIT`: Too large.
- `LIMIT / 2`: Half.
"""


@pytest.fixture
def write(tmp_path):
    """Write a lesson's files with some text replaced, and read the lesson."""

    def read(old="", new="", **files):
        folder = tmp_path / "07"
        folder.mkdir(exist_ok=True)
        texts = {"lesson": LESSON, "shift": SHIFT, "value": VALUE} | files
        for name, text in texts.items():
            assert not old or old in "".join(texts.values())
            (folder / f"{name}.md").write_text(text.replace(old, new) if old else text)
        return read_lesson(folder)

    return read


def test_a_lesson_has_its_exercises_in_the_order_of_its_list(write):
    lesson = write(more=VALUE)
    assert (lesson.number, lesson.title) == ("07", "Made for tests")
    assert [e.id for e in lesson.exercises] == ["07-shift", "07-value", "07-more"]


def test_the_parts_of_a_file_are_an_exercises_fields(write):
    shift, value = write().exercises
    assert shift.title == "Shift"
    assert shift.question.startswith("Write `my_shift(x)`")
    assert shift.question.endswith("It comes back as an array.")
    assert shift.skeleton == 'def my_shift(x):\n    """x, shifted."""\n    ...'
    assert shift.solution == "def my_shift(x):\n    moved = x + OFFSET\n    return moved"
    assert shift.hints == ("The first hint.", "The second, with `code`.")
    assert (shift.shown, shift.seconds) == ("Shown.", 5.0)
    assert [len(x) for (x,) in shift.cases] == [2, 3]
    assert (value.skeleton, value.solution) == ("my_value = ...", "my_value = 2.0")
    assert (value.seconds, value.right(-2)) == (1.0, True)


def test_a_mistake_is_an_expression_a_swap_a_body_or_a_cell(write):
    shift, value = write().exercises
    x = np.array([1.0, 2.0])
    did = [(m.message, list(m.wrong(x.copy()))) for m in shift.mistakes]
    assert did == [
        ("The wrong way.", [0.0, 1.0]),
        ("Too far.", [3.0, 4.0]),
        ("Nothing moved.", [1.0, 2.0]),
        ("Nothing moved.", [1.0, 2.0]),
        ("In place.", [2.0, 3.0]),
        ("One more.", [1.0, 2.0, 1.0]),
    ]
    assert [(m.wrong, m.message) for m in value.mistakes] == [(3.0, "Too large."), (1.0, "Half.")]
    assert value.mistakes[0].when(2.5)
    assert not value.mistakes[0].when(2.0)
    assert judge(value, 7.0).message == "Too large."
    assert judge(shift, lambda x: x + 2).message == "Too far."


def test_several_swaps_happen_at_once(write):
    swaps = "`return x + OFFSET` for `return moved` and `x` for `x + OFFSET`: Both."
    shift, _ = write("`2 * OFFSET` for `OFFSET`: Too far.", swaps).exercises
    assert shift.mistakes[1].wrong(1.0) == 2.0  # one after the other, it would give 1.0


BAD = {  # what is changed, and what the error says
    "line 1: the first line is the title": ("# Shift\n", "Shift\n"),
    "line 1: what a right answer has shown": ("> Shown.\n\n## Tried", "## Tried"),
    "line 1: the section “## Hints” is missing": ("## Hints\n\n1. The first", "1. The first"),
    "line 20: there is no section “Tricks”; there are": (
        "## Tried on\n\n```python\n[",
        "## Tricks\n\n```python\n[",
    ),
    "line 23: '\\[' was never closed": ("for n in (2, 3)]", "for n in (2, 3)"),
    "line 23: NameError: name 'rng_' is not defined": ("rng.normal(size", "rng_.normal(size"),
    "line 21: TypeError: the arguments of each call are a tuple": (
        "[(rng.normal(size=n),)",
        "[rng.normal(n)",
    ),
    "line 34: a mistake is written": ("- `x - OFFSET`: The wrong\n  way.", "- The wrong way."),
    "line 34: invalid syntax: x - -": ("- `x - OFFSET`", "- `x - - `"),
    "line 36: `OFF ` does not stand in the solution": ("for `OFFSET`", "for `OFF `"),
    "lesson.md, line 1: there is no file shaft.md in 07/": ("1. shift", "1. shaft"),
    "value.md, line 38: NameError: name 'LIMITS'": ("`LIMIT / 2`", "`LIMITS / 2`"),
    "value.md, line 12: one Python block is expected": ("```python\nmy_value = 2.0\n```", "2.0"),
    "line 12: a cell that is no function with a docstring": ('    """x, shifted."""\n', ""),
}


@pytest.mark.parametrize("says", BAD)
def test_a_bad_file_is_an_error_that_names_file_and_line(write, says):
    with pytest.raises(ValueError, match=says):
        write(*BAD[says])
