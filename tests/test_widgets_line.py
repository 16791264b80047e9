import xml.etree.ElementTree as ET

import numpy as np
import pytest

from course.models import Line
from course.widgets import explore_line
from course.widgets.base import Picture
from course.widgets.line import draw, lowest_cost, move

X = np.array([0.0, 1.0, 2.0, 3.0])
Y = np.array([1.0, 3.0, 5.0, 7.4])  # nearly 2 x + 1


@pytest.fixture
def explorer():
    return explore_line()


# computing


def test_the_lowest_cost_is_that_of_least_squares():
    columns = np.stack([X, np.ones(4)], axis=1)
    _, squares, *_ = np.linalg.lstsq(columns, Y)
    assert lowest_cost(X, Y) == pytest.approx(squares[0] / 4)


# what moves


def test_the_line_goes_through_its_ends():
    marks, _ = move(X, Y, Line(2.0, 1.0))
    (line,) = (mark for mark in marks if mark.axes == "fit" and len(mark.x) == 2)
    np.testing.assert_array_equal(line.x, [0, 3])
    np.testing.assert_array_equal(line.y, [1, 7])


def test_each_point_has_its_miss_and_the_pen_is_lifted_in_between():
    marks, _ = move(X, Y, Line(0.0, 0.0))
    misses = marks[0].y.reshape(4, 3)
    np.testing.assert_array_equal(misses[:, 0], Y)
    np.testing.assert_array_equal(misses[:, 1], 0)
    assert np.isnan(misses[:, 2]).all()


def test_the_cost_stands_at_its_height():
    marks, _ = move(X, Y, Line(0.0, 1.0))
    (cost,) = (mark for mark in marks if mark.axes == "cost")
    assert cost.y == pytest.approx(np.full(2, np.mean((1 - Y) ** 2)))


def test_the_marks_are_well_formed():
    marks, words = move(X, Y, Line(2.0, 1.0))
    picture = ET.fromstring(Picture(draw(X, Y)).svg(marks, words))
    assert picture.attrib["aria-label"] == words


# the sentence


def test_a_bad_line_is_told_how_bad_it_is():
    # cost (0 + 4 + 16 + 40.96) / 4 = 15.24; least squares leaves 0.012
    _, words = move(X, Y, Line(0.0, 1.0))
    assert "y = 0 x + 1" in words
    assert "3.9 off" in words
    assert "its cost is 15.2" in words
    assert "1,270 times the lowest possible" in words


def test_a_good_line_has_found_the_data():
    slope, intercept = np.polyfit(X, Y, 1)
    _, words = move(X, Y, Line(slope, intercept))
    assert words.endswith("lowest possible is 0.012. You have found the data.")


def test_points_on_a_line_have_a_lowest_cost_of_0():
    """Which the logarithmic axis shows below everything else."""
    y = 2 * X + 1
    assert lowest_cost(X, y) == 0
    low, high = Picture(draw(X, y)).axes["cost"].get_ylim()
    assert 0 < low < np.mean(y**2) <= high
    words = move(X, y, Line(0.0, 1.0))[1]
    assert words.endswith("and the lowest possible is 0: a line goes through every point.")
    assert move(X, y, Line(2.0, 1.0))[1].endswith("is 0. You have found the data.")


# the explorer


def test_it_starts_flat_and_wrong(explorer):
    assert explorer.values == {"m": 0.0, "b": 0.0}
    assert "You have found" not in explorer.sentence


def test_dragging_to_the_truth_finds_the_data(explorer):
    explorer.set(m=3.18, b=145.5)
    assert explorer.sentence.endswith("lowest possible is 890. You have found the data.")


def test_the_best_line_is_within_reach_of_the_sliders(explorer):
    for name, best in {"m": 3.18, "b": 145.5}.items():
        positions = np.array(explorer.controls[name].positions)
        explorer.set(**{name: positions[np.argmin(np.abs(positions - best))]})
    assert "You have found the data" in explorer.sentence


def test_the_sliders_visit_round_numbers(explorer):
    np.testing.assert_allclose(np.diff(explorer.controls["m"].positions), 0.1)
    np.testing.assert_allclose(np.diff(explorer.controls["b"].positions), 10)
    assert 0.0 in explorer.controls["b"].positions


def test_moving_a_slider_moves_the_picture(explorer):
    before = explorer.frame["marks"]
    explorer.controls["m"].value += 5
    assert explorer.frame["marks"] != before


def test_data_of_the_readers_own():
    explorer = explore_line(X, Y)
    explorer.set(m=2.0, b=1.0)
    assert "y = 2 x + 1" in explorer.sentence
