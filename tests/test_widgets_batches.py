"""The batch-size explorer: its descent is train's, its theory is what happens."""

import re
import warnings
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from course import CosineDecay, Descent, Line, mse, train
from course.data import Batches
from course.plots import COLORS
from course.theory import LineProblem
from course.widgets import explore_batches
from course.widgets.base import Picture
from course.widgets.batches import (
    SIZES,
    draw,
    move,
    sentence,
)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    return LineProblem.of(x, 2 * x + 1 + rng.normal(size=60))


def orders(n, passes, seed=3):
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(n) for _ in range(passes)])


def loss(model, x, y):
    return mse(model(x), y)


def test_a_falling_rate_is_the_cosine_of_the_library(problem):
    steps = 3 * 6
    batches = Batches(problem.x, problem.y, 10, rng=np.random.default_rng(3))
    schedule = CosineDecay(0.2, steps)
    end, _ = train(loss, Line(0.0, 0.0), batches, Descent(schedule), epochs=3, progress=False)
    marks, said = move(problem, orders(60, 3), 10, 0.2, "falling to 0")
    now = marks[1]
    assert (now.x[0], now.y[0]) == pytest.approx((end.m, end.b))
    assert "falling to 0" in said


def test_a_rate_beyond_the_wall_is_called_diverging(problem):
    said = move(problem, orders(60, 20), 1, 3 * problem.stable_rate(1), "constant")[1]
    assert "diverging" in said
    assert f"{problem.stable_rate(1):.3g}" in said


def test_the_sentence_has_the_numbers():
    said = sentence(8, 0.1, False, 260, 43.21, 0.61, 40.0)
    assert said == (
        "Batch size 8, learning rate 0.1: 260 steps in 20 passes. In the last five the cost lies "
        "43.2 above the lowest possible (noise floor by theory: 40); the largest stable rate for "
        "this batch size is 0.61."
    )
    assert "the cost is the lowest possible" in sentence(100, 0.5, False, 20, 2e-27, 1.0, 0.0)
    assert "promises" in sentence(8, 0.7, False, 260, 4e4, 0.61, np.inf)
    assert "theory" not in sentence(8, 0.1, True, 260, 1.0, 0.61, 40.0)


def test_the_marks_are_drawn_as_valid_svg_even_of_a_run_that_explodes(problem):
    picture = Picture(draw(problem))
    for rate in (0.1, 50.0):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            marks, said = move(problem, orders(60, 20), 1, rate, "constant")
        svg = picture.svg(marks, said)
        ElementTree.fromstring(svg)
        assert not re.search(r"[ML,](nan|-?inf)", svg)


@pytest.fixture(scope="module")
def explorer():
    return explore_batches()


def press(explorer, name):
    """Press the button that says `name`."""
    explorer.set(**explorer.presets[name])


def test_dragging_changes_what_is_said(explorer):
    press(explorer, "reset")
    said = {explorer.sentence}
    for values in ({"size": 1}, {"rate": 0.01}, {"schedule": "falling to 0"}):
        explorer.set(**values)
        said.add(explorer.sentence)
    assert len(said) == 4
    assert explorer.controls["size"].positions == SIZES


def test_with_a_hundred_samples_there_is_no_floor(explorer):
    press(explorer, "reset")
    press(explorer, "all at once")
    explorer.set(rate=0.4)
    assert explorer.values == {"size": 100, "rate": 0.4, "schedule": "constant", "passes": 20}
    assert "noise floor by theory: 0)" in explorer.sentence


def test_presets_do_what_they_are_called(explorer):
    press(explorer, "too fast for one")
    assert "diverging" in explorer.sentence
    press(explorer, "reset")
    assert explorer.values == {"size": 10, "rate": 0.1, "schedule": "constant", "passes": 20}
    press(explorer, "one at a time")
    assert explorer.values["size"] == 1


def test_floor_and_wall_are_drawn_where_the_theory_has_them(problem):
    """The floor across the cost, in its own colour; the wall across the rates."""
    marks, _ = move(problem, orders(60, 20), 5, 0.05, "constant")
    floor = [m for m in marks if m.axes == "cost" and m.color == COLORS["gradient"]]
    assert [list(m.y) for m in floor] == [pytest.approx([problem.floor(5, 0.05)] * 2)]
    walls = [m.x[0] for m in marks if m.axes == "rate" and getattr(m, "line", "") == "--"]
    assert walls == [pytest.approx(problem.stable_rate(5))]
    falling, _ = move(problem, orders(60, 20), 5, 0.05, "falling to 0")
    assert [m for m in falling if m.axes == "cost" and m.color == COLORS["gradient"]] == []
