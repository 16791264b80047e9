import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from course import Momentum, Nesterov, data
from course.theory import HEAVY, NESTEROV, best_momentum
from course.widgets import explore_momentum
from course.widgets.base import Picture
from course.widgets.momentum import (
    draw,
    move,
    running_problem,
)

RULES = {HEAVY: Momentum, NESTEROV: Nesterov}
RNG = np.random.default_rng(0)
X, Y = data.line(RNG)
START = RNG.random(2)  # where lesson 01 begins
HESSIAN = np.array([[2 * np.mean(X**2), 2 * np.mean(X)], [2 * np.mean(X), 2.0]])
LEAST_SQUARES = np.polyfit(X, Y, 1)


@pytest.fixture(scope="module")
def bowl():
    return running_problem()


@pytest.fixture
def explorer():
    return explore_momentum()


# what it says


def test_it_counts_the_steps_to_arrive(bowl):
    rate, momentum = best_momentum(bowl.curvatures)
    assert "within 0.001 of least squares after 940 steps" in move(bowl, rate, momentum)[1]


def test_it_names_the_direction_that_sets_the_pace(bowl):
    assert "The flat one sets the pace: about 24,000 steps" in move(bowl, 1e-4, 0.9)[1]
    assert "The steep one sets the pace" in move(bowl, 5.6139e-4, 0.9)[1]


@pytest.mark.parametrize(
    ("rate", "momentum", "arrives"),
    [(2.95e-4, 0.0, True), (2.96e-4, 0.0, False), (5.6e-4, 0.9, True), (5.63e-4, 0.9, False)],
)
def test_it_says_where_the_edge_is(bowl, rate, momentum, arrives):
    """The heavy ball arrives below a rate of 2 (1 + momentum) / (largest curvature)."""
    assert (rate < 2 * (1 + momentum) / 6768.5) == arrives
    assert ("diverges" not in move(bowl, rate, momentum)[1]) == arrives


# drawing


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("rate", "momentum"), [(1e-5, 0.0), (1e-4, 0.9), (5.81e-4, 0.9665), (3e-3, 0.999), (6e-4, 0.5)]
)
def test_every_state_is_drawn_as_sound_svg(bowl, rule, rate, momentum):
    marks, sentence = move(bowl, rate, momentum, rule)
    picture = Picture(draw(bowl, rule))
    svg = ElementTree.fromstring(picture.svg(marks, sentence))
    assert svg.get("aria-label") == sentence
    assert not any("nan" in (part.get("d") or "") for part in svg.iter())
    assert picture.png(marks, dpi=40).startswith(b"\x89PNG")


def test_the_dot_is_where_the_controls_are(bowl):
    dot = move(bowl, 2e-4, 0.95)[0][0]
    assert (dot.axes, dot.x, dot.y) == ("map", [2e-4], [0.95])


def test_the_last_point_of_the_path_is_the_last_one_rolled(bowl):
    marks, _ = move(bowl, 1e-4, 0.9)
    last = next(mark for mark in marks if mark.axes == "path" and mark.dot == 9)
    expected = bowl.minimum + bowl.descend_with_momentum(START, 1e-4, 0.9)[-1] @ bowl.directions.T
    np.testing.assert_allclose([last.x[0], last.y[0]], expected)


def test_the_star_on_the_map_is_theorys_best(bowl):
    for rule in RULES:
        axes = {ax.get_label(): ax for ax in draw(bowl, rule).axes}
        stars = [line for line in axes["map"].lines if line.get_marker() == "*"]
        assert [star.get_xydata()[0].tolist() for star in stars] == [
            pytest.approx(best_momentum(bowl.curvatures, rule))
        ]


# wiring


def test_a_dragged_momentum_changes_what_is_said(explorer):
    before = explorer.sentence
    explorer.controls["momentum"].value += 0.05
    assert explorer.sentence != before


def test_the_rule_redraws_the_map_and_the_others_do_not(explorer):
    picture = explorer.picture
    explorer.set(rate=2e-4, momentum=0.95)
    assert explorer.picture is picture
    explorer.set(rule=NESTEROV)
    assert explorer.picture is not picture


def test_every_preset_shows_what_its_button_says(explorer):
    said = {}
    for name, values in explorer.presets.items():
        explorer.set(**values)
        said[name] = explorer.sentence
    assert "about 81,700 steps" in said["plain descent at its best"]
    assert "about 24,000 steps" in said["the usual 0.9"]
    assert "least squares after 940 steps" in said["theory's best"]
    assert "steps to arrive" in said["too much momentum"]
    assert "diverges" in said["over the edge"]
    assert said["reset"] == said["the usual 0.9"]


def test_a_move_costs_milliseconds(bowl):
    """A drag must not lag: count what is computed and sent, which no busy machine can change."""
    marks, sentence = move(bowl, 1e-4, 0.99)
    assert sum(np.size(mark.x) for mark in marks) < 1500
    assert len(Picture(draw(bowl, HEAVY)).svg(marks, sentence)) < 30_000
