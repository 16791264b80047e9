"""The batch-size explorer: its descent is train's, its theory is what happens."""

import re
import warnings
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from ipywidgets import Button

from course import CosineDecay, Descent, Line, mse, train
from course.data import Batches
from course.plots import COLORS
from course.widgets import explore_batches
from course.widgets.base import Picture
from course.widgets.batches import (
    SIZES,
    LineProblem,
    batch_means,
    descend,
    draw,
    move,
    samples_seen,
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


def test_minimum_is_least_squares(problem):
    slope, intercept = np.polyfit(problem.x, problem.y, 1)
    assert problem.minimum == pytest.approx([slope, intercept])
    assert problem.lowest == pytest.approx(
        np.mean((slope * problem.x + intercept - problem.y) ** 2)
    )


def test_excess_is_the_loss_above_the_lowest(problem):
    points = np.array([[0.0, 0.0], [3.0, -2.0]])
    expected = [loss(Line(*p), problem.x, problem.y) - problem.lowest for p in points]
    assert problem.excess(points) == pytest.approx(expected)


@pytest.mark.parametrize("size", [1, 7, 32, 60])
def test_the_descent_is_the_one_of_train(problem, size):
    """The same batches, the same steps: `descend` only takes fewer microseconds."""
    batches = Batches(problem.x, problem.y, size, rng=np.random.default_rng(3))
    path = []
    end, history = train(
        loss,
        Line(0.0, 0.0),
        batches,
        Descent(0.05),
        epochs=3,
        callbacks=[lambda step: path.append((step.model.m, step.model.b))],
        progress=False,
    )
    rates = [0.05] * len(history.losses)
    points = descend(problem, orders(60, 3), size, rates)
    assert points == pytest.approx(np.array([*path, (end.m, end.b)]))


def test_a_falling_rate_is_the_cosine_of_the_library(problem):
    steps = 3 * 6
    batches = Batches(problem.x, problem.y, 10, rng=np.random.default_rng(3))
    schedule = CosineDecay(0.2, steps)
    end, _ = train(loss, Line(0.0, 0.0), batches, Descent(schedule), epochs=3, progress=False)
    marks, said = move(problem, orders(60, 3), 10, 0.2, "falling to 0")
    now = marks[1]
    assert (now.x[0], now.y[0]) == pytest.approx((end.m, end.b))
    assert "falling to 0" in said


def test_batch_means_of_a_short_last_batch():
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    problem = LineProblem.of(x, 10 * x)
    means = batch_means(problem, np.array([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]]), 3)
    # rows: x x, x, x y, y of {1, 2, 3}, {4, 5}, then {5, 4, 3}, {2, 1}
    first = [[14 / 3, 2, 140 / 3, 20], [20.5, 4.5, 205, 45]]
    second = [[50 / 3, 4, 500 / 3, 40], [2.5, 1.5, 25, 15]]
    assert np.array(means) == pytest.approx(np.array(first + second))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_every_batch_size_sees_as_many_samples(size):
    seen = samples_seen(100, size, passes=20)
    assert seen[0] == 0
    assert seen[-1] == 2000
    assert len(seen) - 1 == sum(len(range(0, 100, size)) for _ in range(20))
    assert np.diff(seen).max() == size


def test_noise_left_is_the_variance_of_a_mean_without_replacement():
    """Checked on all pairs and triples of five numbers."""
    from itertools import combinations

    values = np.array([1.0, 4.0, -2.0, 0.5, 9.0])
    problem = LineProblem.of(np.arange(5.0), values)
    for size in (1, 2, 3, 5):
        means = [np.mean(chosen) for chosen in combinations(values, size)]
        assert problem.noise_left(size) == pytest.approx(np.var(means) / np.var(values))


def test_all_samples_at_once_have_the_wall_and_floor_of_gradient_descent(problem):
    steepest = np.linalg.eigvalsh(problem.hessian)[-1]
    assert problem.stable_rate(60) == pytest.approx(2 / steepest)
    assert problem.floor(60, 0.1) == pytest.approx(0, abs=1e-12)


def test_smaller_batches_have_a_lower_wall_and_a_higher_floor(problem):
    walls = [problem.stable_rate(size) for size in (1, 4, 16, 60)]
    floors = [problem.floor(size, 0.02) for size in (1, 4, 16, 60)]
    assert walls == sorted(walls)
    assert floors == sorted(floors, reverse=True)


@pytest.mark.parametrize(("size", "rate"), [(1, 0.05), (1, 0.15), (10, 0.3)])
def test_the_floor_is_where_a_long_run_settles(problem, size, rate):
    """Batches drawn afresh, many runs side by side: the mean excess, within 5 percent."""
    rng = np.random.default_rng(0)
    runs, start = 200, problem.minimum
    points = np.tile(start, (runs, 1))
    tail = []
    for step in range(400):
        rows = rng.permuted(np.tile(np.arange(60), (runs, 1)), axis=1)[:, :size]
        x, y = problem.x[rows], problem.y[rows]
        residual = points[:, :1] * x + points[:, 1:] - y
        gradient = 2 * np.stack([(residual * x).mean(axis=1), residual.mean(axis=1)], axis=1)
        points = points - rate * gradient
        if step >= 100:
            tail.append(problem.excess(points).mean())
    assert np.mean(tail) == pytest.approx(problem.floor(size, rate), rel=0.05)


@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_wall_is_where_the_mean_square_begins_to_grow(problem, size):
    """Independently: the eigenvalue of the step's second moments that is largest."""
    n, wall = len(problem.x), problem.stable_rate(size)
    left = (n - size) / (size * (n - 1))
    rows = np.column_stack([problem.x, np.ones(n)])
    whole = 2 * rows.T @ rows / n

    def growth(rate):
        moments = np.zeros((4, 4))
        for row in rows:
            # With noise shrunk by `left`, a batch's curvature is spread as this one is.
            curvature = whole + np.sqrt(left) * (2 * np.outer(row, row) - whole)
            one = np.eye(2) - rate * curvature
            moments += np.kron(one, one) / n
        return np.abs(np.linalg.eigvals(moments)).max()

    assert growth(0.99 * wall) < 1 < growth(1.01 * wall)
    assert np.isinf(problem.floor(size, 1.01 * wall))


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
    """Click the button that says `name`."""
    rows = [getattr(child, "children", ()) for child in explorer.children]
    buttons = [b for row in rows for b in row if isinstance(b, Button)]
    next(b for b in buttons if b.description == name).click()


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
    assert explorer.values == {"size": 100, "rate": 0.4, "schedule": "constant"}
    assert "noise floor by theory: 0)" in explorer.sentence


def test_presets_do_what_they_are_called(explorer):
    press(explorer, "too fast for one")
    assert "diverging" in explorer.sentence
    press(explorer, "reset")
    assert explorer.values == {"size": 10, "rate": 0.1, "schedule": "constant"}
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
