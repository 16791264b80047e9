import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from course import Momentum, Nesterov, data
from course.widgets import explore_momentum
from course.widgets.base import Picture
from course.widgets.momentum import (
    HEAVY,
    NESTEROV,
    best,
    draw,
    factor,
    move,
    roll,
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


def walk(rule, steps):
    """The parameters at each step of one of the library's rules, `(steps + 1, 2)`."""
    p = START
    state, path = rule.start(p), [p]
    for _ in range(steps):
        p, state = rule.step(p, HESSIAN @ (p - LEAST_SQUARES), state)
        path.append(p)
    return np.array(path)


# computing


def test_the_problem_is_the_running_one(bowl):
    np.testing.assert_allclose(bowl.curvatures, np.linalg.eigvalsh(HESSIAN), rtol=1e-9)
    np.testing.assert_allclose(bowl.minimum, LEAST_SQUARES, rtol=1e-8)


@pytest.mark.parametrize("curvature", [0.5, 3.0, 6000.0])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("rate", [1e-5, 2e-4, 1e-3])
def test_the_factor_is_the_spectral_radius_of_the_step(rate, momentum, curvature):
    push = rate * curvature
    heavy = [[momentum, push], [-momentum, 1 - push]]
    ahead = [[momentum, push], [-(momentum**2), 1 - (1 + momentum) * push]]
    for rule, matrix in {HEAVY: heavy, NESTEROV: ahead}.items():
        radius = np.abs(np.linalg.eigvals(matrix)).max()
        assert factor(rate, momentum, curvature, rule) == pytest.approx(radius, abs=1e-7)


def test_without_momentum_the_factor_is_that_of_descent():
    for rule in RULES:
        assert factor(1e-4, 0.0, 6768.5, rule) == pytest.approx(1 - 0.67685)
        assert factor(3e-4, 0.0, 6768.5, rule) == pytest.approx(2.03055 - 1)


def test_the_factor_broadcasts_over_a_map():
    assert factor(np.ones((1, 5, 1)), np.zeros((4, 1, 1)), np.ones(2)).shape == (4, 5, 2)


@pytest.mark.parametrize("rule", RULES)
def test_no_place_on_a_fine_grid_is_better_than_theorys_best(bowl, rule):
    rate, momentum = best(bowl.curvatures, rule)
    rates = rate * np.linspace(0.8, 1.2, 81)
    momenta = 1 - (1 - momentum) * np.linspace(0.5, 1.5, 81)
    worst = factor(rates[:, None], momenta[:, None, None], bowl.curvatures, rule).max(axis=-1)
    assert factor(rate, momentum, bowl.curvatures, rule).max() <= worst.min() * (1 + 1e-6)


def test_theorys_best_of_the_heavy_ball_is_polyaks(bowl):
    root = np.sqrt(13_745.18)
    rate, momentum = best(bowl.curvatures)
    assert momentum == pytest.approx(((root - 1) / (root + 1)) ** 2)
    assert rate == pytest.approx(4 / (np.sqrt(6768.5076) + np.sqrt(0.4924276)) ** 2)
    assert factor(rate, momentum, bowl.curvatures) == pytest.approx(np.sqrt(momentum), abs=1e-6)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("rate", "momentum"), [(1e-4, 0.9), (1e-4, 0.99), (2e-4, 0.0)])
def test_it_rolls_as_the_librarys_rule_does(bowl, rule, rate, momentum):
    path = bowl.minimum + roll(bowl, rate, momentum, rule, most=400) @ bowl.directions.T
    expected = walk(RULES[rule](rate, momentum), len(path) - 1)
    np.testing.assert_allclose(path, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_it_ends_at_the_first_step_within_a_thousandth(bowl, rule):
    rate, momentum = best(bowl.curvatures, rule)
    away = np.abs(walk(RULES[rule](rate, momentum), 3000) - LEAST_SQUARES).max(axis=1)
    assert len(roll(bowl, rate, momentum, rule)) - 1 == np.argmax(away <= 1e-3)


def test_it_ends_when_it_is_lost(bowl):
    distances = np.abs(roll(bowl, 6e-4, 0.9))
    assert len(distances) < 100
    assert distances[-1].max() > 1e6
    assert np.isfinite(distances).all()


# what it says


def test_it_counts_the_steps_to_arrive(bowl):
    rate, momentum = best(bowl.curvatures)
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
    expected = bowl.minimum + roll(bowl, 1e-4, 0.9)[-1] @ bowl.directions.T
    np.testing.assert_allclose([last.x[0], last.y[0]], expected)


def test_the_star_on_the_map_is_theorys_best(bowl):
    for rule in RULES:
        axes = {ax.get_label(): ax for ax in draw(bowl, rule).axes}
        stars = [line for line in axes["map"].lines if line.get_marker() == "*"]
        assert [star.get_xydata()[0].tolist() for star in stars] == [
            pytest.approx(best(bowl.curvatures, rule))
        ]


# wiring


def test_a_dragged_momentum_changes_what_is_said(explorer):
    before = explorer.sentence
    explorer.controls["momentum"].slider.value += 5
    assert explorer.sentence != before


def test_the_rule_redraws_the_map_and_the_others_do_not(explorer):
    picture = explorer.picture
    explorer.set(rate=2e-4, momentum=0.95)
    assert explorer.picture is picture
    explorer.set(rule=NESTEROV)
    assert explorer.picture is not picture


def test_every_preset_shows_what_its_button_says(explorer):
    said = {}
    for button in explorer.children[-3].children:
        button.click()
        said[button.description] = explorer.sentence
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
