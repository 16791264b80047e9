"""The boundary explorer: its descent against the library's, its theory, and what it says."""

import re
import warnings
from xml.etree import ElementTree

import numpy as np
import pytest

from course.exercises.lessons import exercises
from course.widgets import explore_boundary
from course.widgets.base import Picture
from course.widgets.boundary import (
    AS_MEASURED,
    RATES,
    SINE,
    STANDARDISED,
    STEPS,
    _Solved,
    draw,
    height,
    move,
    problems,
)

PROBLEMS = problems()
EVERY = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


@pytest.fixture(scope="module")
def solved():
    return _Solved(PROBLEMS[SINE])


@pytest.fixture(scope="module")
def explorer():
    return explore_boundary()


def test_the_boundary_is_where_the_score_is_the_logit():
    weights, x = np.array([0.5, -1.0, 0.2, 0.1, 2.0]), np.linspace(-2, 2, 7)
    for logit in (0.0, 2.2):
        up = height(weights, x, logit)
        features = np.column_stack([x[:, None] ** np.arange(4), up])
        assert features @ weights == pytest.approx(np.full(7, logit))
    assert np.isnan(height(np.zeros(5), x)).all()


def test_the_three_problems_are_the_lessons():
    sine, raw, scaled = PROBLEMS.values()
    assert [p.features.shape for p in PROBLEMS.values()] == [(300, 5), (219, 3), (219, 3)]
    assert sine.features[7] == pytest.approx(
        [1, *(sine.points[7, 0] ** np.arange(1, 4)), sine.points[7, 1]]
    )
    assert raw.names == ("Adelie", "Chinstrap")
    assert raw.y.sum() == 68  # Chinstraps
    assert scaled.points.mean(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert scaled.points.std(axis=0) == pytest.approx([1, 1])


def test_the_exercises_number_is_the_explorers():
    right = [
        PROBLEMS[AS_MEASURED].right(w) >= 0.94 for w in PROBLEMS[AS_MEASURED].descend(0.003, 300)
    ]
    assert right.index(True) == exercises()["03-steps"].reference
    assert PROBLEMS[STANDARDISED].right(PROBLEMS[STANDARDISED].descend(5.0, 1)[1]) >= 0.94


def test_a_path_is_long_enough_and_descended_once(solved):
    for steps in (1, 60, 61, 250, 1000):
        assert len(solved.path(0.03, steps)) > steps
    assert solved.path(0.03, 700) is solved.path(0.03, 999)
    assert solved.path(0.03, 5)[:6] == pytest.approx(solved.path(0.03, 999)[:6])


# drawing


def test_the_sentence_has_the_numbers(solved):
    said = move(solved, 0.02, 1000)[1]
    weights = solved.problem.descend(0.02, 1000)[-1]
    cost = solved.problem.cost(weights)
    assert said.startswith(
        "Learning rate 0.02 × largest curvature = 0.691 at the start and 0.271 now"
    )
    assert "converging. After 1,000 steps the cost is" in said
    assert f"the cost is {cost:.3g}, {cost - solved.lowest:.3g} above the lowest possible" in said
    right = np.sum((solved.problem.features @ weights > 0) == solved.problem.y)
    assert f"{right} of 300 points ({right / 300:.1%}) are on the right side." in said
    assert "After 1 step the" in move(solved, 0.02, 1)[1]


def test_wrong_points_are_marked(solved):
    marks, said = move(solved, 0.02, 100)
    wrong = next(mark for mark in marks if mark.axes == "plane" and mark.line == "")
    assert f"{300 - len(wrong.x)} of 300 points" in said


def test_the_cost_drawn_is_the_cost(solved):
    marks, _ = move(solved, 0.05, 500)
    cost = next(mark for mark in marks if mark.axes == "cost")
    path = solved.problem.descend(0.05, 500)
    assert cost.x[-1] == 500
    assert cost.y == pytest.approx(solved.problem.cost(path[cost.x]))


@pytest.mark.parametrize("name", PROBLEMS)
def test_marks_are_valid_svg_however_wild_the_run(name):
    known = _Solved(PROBLEMS[name])
    picture = Picture(draw(known))
    for rate, steps in ((1e-4, 1), (0.05, 30), (1000.0, 1000)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            marks, said = move(known, rate, steps)
        svg = picture.svg(marks, said)
        ElementTree.fromstring(svg)
        assert not re.search(r"[ML,](nan|-?inf)", svg)


# wiring


def test_dragging_changes_what_is_said(explorer):
    explorer.set(**explorer.presets["reset"])
    said = {explorer.sentence}
    for values in ({"steps": 300}, {"rate": 1.0}, {"data": STANDARDISED}):
        explorer.set(**values)
        said.add(explorer.sentence)
    assert len(said) == 4
    assert explorer.controls["rate"].positions == RATES
    assert explorer.controls["steps"].positions == STEPS == sorted(set(STEPS))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"data": SINE, "rate": 0.002}, "crawling"),
        ({"data": SINE, "rate": 0.02}, "converging"),
        ({"data": SINE, "rate": 1.0}, "climbing first"),
        ({"data": SINE, "rate": 5.0}, "never settling"),
        ({"data": AS_MEASURED, "rate": 0.002}, "oscillating"),
        ({"data": STANDARDISED, "rate": 3.0}, "converging"),
    ],
)
def test_presets_do_what_they_are_called(explorer, values, word):
    explorer.set(**values)
    assert word in explorer.sentence


@EVERY
def test_points_join_the_problem_as_its_own_do(problem):
    (left, right), (low, high) = problem.frame
    middle, up = (left + right) / 2, (low + high) / 2
    joined = problem.joined(((middle, up, 1), (left, low, 0), (right + 1e-6, up, 1)))
    assert joined.added == 2  # the third lies outside
    assert joined.features[-2:, -1] == pytest.approx([up, low])
    powers = [middle**k for k in range(problem.features.shape[1] - 1)]
    assert joined.features[-2, :-1] == pytest.approx(powers)
    assert list(joined.y[-2:]) == [1, 0]
    assert joined.frame == problem.frame
    assert problem.joined(()) is problem


def test_points_that_were_put_in_move_the_boundary_and_are_counted(explorer):
    explorer.set(**explorer.presets["reset"] | {"steps": 1000})
    assert "of 300 points" in explorer.sentence
    score = explorer.move(**explorer.values)[0][3].y.mean()
    explorer.set(points=[(0.0, -1.0, 1)] * 40)  # far below, and called above
    assert "of 340 points" in explorer.sentence
    assert explorer.move(**explorer.values)[0][3].y.mean() < score
    explorer.set(data=STANDARDISED)
    explorer.set(**explorer.presets["reset"])
    assert "of 300 points" in explorer.sentence


@pytest.mark.parametrize("points", [[(0.0, 1.0, 2)], [(np.nan, 1.0, 0)], ["a"], [(1.0, 2.0)]])
def test_what_is_no_point_is_refused(explorer, points):
    with pytest.raises(ValueError, match=r"\(x, y, class\)"):
        explorer.set(points=points)


def test_only_the_points_redraw_what_stands_still(explorer):
    explorer.set(**explorer.presets["reset"])
    picture = explorer.picture
    explorer.set(rate=1.0, steps=200)
    assert explorer.picture is picture
    explorer.set(data=AS_MEASURED)
    assert explorer.picture is not picture
    assert explorer.picture.axes["plane"].get_xlabel() == "bill length (mm)"
