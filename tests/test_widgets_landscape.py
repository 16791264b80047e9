import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from autograd import elementwise_grad

from course import Momentum, relu, sigmoid, tanh
from course.widgets import explore_landscape
from course.widgets.base import Picture
from course.widgets.landscape import (
    LEVEL,
    MOST_STEPS,
    PRESETS,
    REACH,
    STRAIGHT,
    SURFACES,
    draw,
    move,
    place,
    roll,
)

NETWORKS = {
    "two valleys": lambda x, p, q: sigmoid(3 * (x - p)) + sigmoid(3 * (x - q)),
    "saddle at zero": lambda x, p, q: q * tanh(p * x),
    "a unit that dies": lambda x, p, q: relu(p * x + q),
}
RNG = np.random.default_rng(0)


@pytest.fixture(params=SURFACES)
def name(request):
    return request.param


def cost(name, p, q):
    """The cost by the library's own functions."""
    surface = SURFACES[name]
    return np.mean((NETWORKS[name](surface.x, p, q) - surface.y) ** 2)


def show(surface, across, up, rate, momentum, steps):
    """The marks and the sentence of a state."""
    path = roll(SURFACES[surface], (across, up), rate, momentum)
    return move(surface, *path, rate, momentum, steps)


# computing


def test_cost_and_slope_are_those_of_the_librarys_functions(name):
    for p, q in RNG.uniform(-REACH, REACH, (20, 2)):
        value, by_p, by_q = SURFACES[name].look(p, q)
        assert value == pytest.approx(cost(name, p, q), rel=1e-9, abs=1e-15)
        slopes = [elementwise_grad(cost, which)(name, p, q) for which in (1, 2)]
        np.testing.assert_allclose([by_p, by_q], slopes, rtol=1e-7, atol=1e-12)


def test_the_height_drawn_is_the_cost(name):
    p, q = RNG.uniform(-REACH, REACH, (2, 3, 4))
    expected = [
        [cost(name, a, b) for a, b in zip(*row, strict=True)] for row in zip(p, q, strict=True)
    ]
    np.testing.assert_allclose(SURFACES[name].cost(p, q), expected, rtol=1e-9)


def test_the_cost_is_zero_where_the_stars_are(name):
    for p, q in SURFACES[name].lowest:
        assert cost(name, p, q) < 1e-20
        assert place(SURFACES[name], p, q) == "valley"


def test_it_rolls_as_the_librarys_momentum_does(name):
    rule, p = Momentum(0.2, 0.8), np.array([5.0, -3.0])
    state, expected = rule.start(p), [p]
    for _ in range(60):
        p, state = rule.step(p, np.array(SURFACES[name].look(*p)[1:]), state)
        expected.append(p)
    points, costs = roll(SURFACES[name], (5.0, -3.0), 0.2, 0.8, steps=60)
    np.testing.assert_allclose(points, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(costs, [cost(name, *point) for point in points], atol=1e-12)


def test_the_two_valleys_are_one_network_with_its_units_swapped():
    surface = SURFACES["two valleys"]
    p, q = RNG.uniform(-REACH, REACH, (2, 100))
    np.testing.assert_allclose(surface.cost(p, q), surface.cost(q, p), rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "point", "kind"),
    [
        ("two valleys", (0.0, 0.0), "saddle"),
        ("two valleys", (7.0, -1.0208), "plateau"),
        ("two valleys", (3.0, -2.0), "slope"),
        ("saddle at zero", (0.0, 0.0), "saddle"),
        ("a unit that dies", (1.0, -5.0), "plateau"),
    ],
)
def test_it_knows_the_kind_of_a_place(name, point, kind):
    assert place(SURFACES[name], *point) == kind


def test_the_curvatures_of_the_saddle_at_zero_are_equal_and_opposite():
    """There the table is [[0, -c], [-c, 0]] with c twice the mean of x y."""
    surface = SURFACES["saddle at zero"]
    c = 2 * np.mean(surface.x * surface.y)
    np.testing.assert_allclose(surface.curvatures(0.0, 0.0), [-c, c], rtol=1e-5)


def test_a_kind_is_what_slope_and_curvatures_say(name):
    surface = SURFACES[name]
    for start in RNG.uniform(-REACH, REACH, (30, 2)):
        p, q = roll(surface, start, 0.3, 0.0, steps=100)[0][-1]
        value, *slope = surface.look(p, q)
        flattest = surface.curvatures(p, q)[0]
        kind = place(surface, p, q)
        assert (kind == "slope") == (np.hypot(*slope) > LEVEL)
        assert kind != "saddle" or flattest < 0
        assert kind != "valley" or value < 1e-3
        assert kind != "plateau" or (abs(flattest) < STRAIGHT and value >= 1e-3)


def test_no_start_on_a_round_number_is_dead_by_chance():
    """At the bend itself of one sample, the slope of relu counts as 1."""
    assert SURFACES["a unit that dies"].look(4.0, -4.0)[1:] != (0.0, 0.0)
    assert SURFACES["a unit that dies"].look(4.0, -4.1)[1:] == (0.0, 0.0)


def test_it_ends_where_it_diverges():
    points, costs = roll(SURFACES["saddle at zero"], (3.0, 3.0), 10.0, 0.0)
    assert len(points) == len(costs) < MOST_STEPS
    assert costs[-1] > 1e6 * costs[0]
    assert (costs[:-1] <= 1e6 * costs[0]).all()


# what it says


@pytest.mark.parametrize(
    ("preset", "said"),
    [
        ("into a valley", "in a lowest valley, at (-1, 1)"),
        ("onto the saddle", "on a saddle, at (0, 0), cost 0.0499; curvatures -0.138 and 0.106"),
        ("lost on a plateau", "stuck on a plateau, at (6.96, -1.02)"),
        ("past a saddle", "in a lowest valley"),
        ("rolling through", "in a lowest valley"),
        ("thrown out, dead", "stuck on a plateau, at (0.34, -1.3)"),
    ],
)
def test_a_preset_shows_what_its_button_says(preset, said):
    assert said in show(**PRESETS[preset])[1]


def test_every_preset_has_its_sentence_tested():
    assert len(PRESETS) == 6


def test_the_preset_past_a_saddle_comes_by_the_saddle():
    points, _ = roll(SURFACES["saddle at zero"], (2.5, -3.0), 0.3, 0.0)
    assert 0 < np.hypot(*points.T).min() < 0.06


def test_it_says_how_far_it_has_come_and_when_it_diverges():
    assert "after 0 steps: still on its way" in show("two valleys", -4.0, -2.0, 3.0, 0.0, 0)[1]
    assert "after 1 step: still" in show("two valleys", -4.0, -2.0, 3.0, 0.0, 1)[1]
    assert "has diverged" in show("saddle at zero", 3.0, 3.0, 10.0, 0.0, 300)[1]


def test_it_says_what_the_valleys_wall_is():
    """Beyond 2 over the larger curvature a descent can't stay in the valley, below it can."""
    wall = 2 / SURFACES["two valleys"].curvatures(-1.0, 1.0)[1]
    assert f"so the wall is {wall:.1f}" in show("two valleys", -1.2, 1.1, 3.0, 0.0, 300)[1]
    for factor, stays in {0.95: True, 1.05: False}.items():
        points, _ = roll(SURFACES["two valleys"], (-1.01, 1.01), factor * wall, 0.0)
        away = np.hypot(*(points[-1] - (-1.0, 1.0)))
        assert (away < 1e-6) == stays


# drawing


def test_every_state_is_drawn_as_sound_svg(name):
    picture = Picture(draw(name))
    for rate, momentum, steps in [(0.01, 0.0, 0), (3.0, 0.9, 1), (100.0, 0.99, MOST_STEPS)]:
        marks, sentence = show(name, 7.0, -8.0, rate, momentum, steps)
        svg = ElementTree.fromstring(picture.svg(marks, sentence))
        assert svg.get("aria-label") == sentence
        assert not any("nan" in (part.get("d") or "") for part in svg.iter())
    assert picture.png(marks, dpi=40).startswith(b"\x89PNG")


def test_the_marks_are_start_path_and_place():
    marks, _ = show("two valleys", 2.0, -5.0, 3.0, 0.0, 50)
    points, costs = roll(SURFACES["two valleys"], (2.0, -5.0), 3.0, 0.0)
    path, _, start, now = (mark for mark in marks if mark.axes == "land")
    np.testing.assert_array_equal(np.column_stack([path.x, path.y]), points[:51])
    assert (start.x[0], start.y[0]) == (2.0, -5.0)
    assert (now.x[0], now.y[0]) == tuple(points[50])
    line = next(mark for mark in marks if mark.axes == "cost")
    np.testing.assert_allclose(line.y, np.maximum(costs[:51], 1e-7))


# wiring


def test_a_moved_start_changes_what_is_said_and_redraws_nothing_still():
    explorer = explore_landscape()
    picture = explorer.picture
    explorer.set(across=3.0, up=3.0)
    assert "on a saddle" in explorer.sentence
    assert explorer.picture is picture
    explorer.set(surface="saddle at zero", rate=0.3)
    assert explorer.picture is not picture
    assert "in a lowest valley, at (3.99, 4)" in explorer.sentence


def test_every_preset_can_be_set():
    explorer = explore_landscape()
    for preset in PRESETS.values():
        explorer.set(**preset)
        assert explorer.values == preset


def test_a_move_is_small():
    marks, sentence = show("two valleys", 7.0, 7.0, 3.0, 0.9, MOST_STEPS)
    assert len(Picture(draw("two valleys")).svg(marks, sentence)) < 30_000


def test_a_state_comes_back_from_its_call():
    explorer = explore_landscape(across=1.5, steps=7)
    assert explorer.values["across"] == 1.5
    assert explorer.values["steps"] == 7
    assert explorer.spec["play"] == "steps"
    assert explorer.spec["drag"] == {"land": ("across", "up")}
