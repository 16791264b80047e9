"""The hidden-unit explorer: it trains as the library does, and says what is seen."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from course import Chain, Dense, Descent, accuracy, cross_entropy, data, relu, train
from course.exercises.lessons import exercises
from course.widgets import explore_hidden, hidden
from course.widgets.base import Picture

SPIRALS = hidden.Spirals(*data.spirals(300, np.random.default_rng(0)))


def loss(model, x, y):
    return cross_entropy(model(x), y)


def network(W, b, V, c):
    return Chain(Dense.from_arrays(W, b, relu), Dense.from_arrays(V, c))


@pytest.mark.parametrize(
    ("units", "name", "rate"),
    [(5, "He", 0.5), (1, "zero", 1.0), (32, "Glorot", 3.0), (9, "too large", 0.01)],
)
def test_descent_is_what_train_does(units, name, rate):
    run = SPIRALS.descend(units, name, rate, steps=20)
    start = network(*SPIRALS.start(units, name))
    batch = [(SPIRALS.x, SPIRALS.y)]
    fitted, history = train(loss, start, batch, Descent(rate), epochs=20)
    np.testing.assert_allclose(SPIRALS.losses(run, np.arange(20)), history.losses, rtol=1e-9)
    expected = [fitted[0].weight, fitted[0].bias, fitted[1].weight, fitted[1].bias]
    for ours, theirs in zip(run.at(20), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-12)
    assert SPIRALS.right(run, 20) == accuracy(fitted(SPIRALS.x), SPIRALS.y)


@pytest.mark.parametrize(
    ("name", "spread"), [("zero", 0), ("too small", 0.01), ("He", 1), ("too large", 10)]
)
def test_starts_are_the_same_draws_at_another_size(name, spread):
    small, he = SPIRALS.start(6, name), SPIRALS.start(6, "He")
    np.testing.assert_allclose(small[0], spread * he[0])
    np.testing.assert_allclose(small[2], spread * he[2])


def test_he_and_glorot_have_the_size_that_their_rules_say():
    assert hidden.STARTS["He"](50, 10) == pytest.approx(0.2)
    assert hidden.STARTS["Glorot"](30, 20) == pytest.approx(0.2)


def test_more_units_keep_the_others():
    np.testing.assert_array_equal(SPIRALS.start(9, "He")[0][:, :4], SPIRALS.start(4, "He")[0])


def test_cuts_are_where_units_switch_and_ticks_point_to_their_on_side():
    weight, bias = np.array([[3.0, 0.0], [4.0, 2.0]]), np.array([-1.0, 0.5])
    lines = hidden.cuts(weight, bias, reach=2.0, tick=0.1).reshape(2, 6, 2)
    for unit, (one, other, _, foot, tip, _) in enumerate(lines):
        for point in (one, other, foot):
            assert point @ weight[:, unit] + bias[unit] == pytest.approx(0)
        assert np.hypot(*(one - other)) == pytest.approx(4)
        assert tip @ weight[:, unit] + bias[unit] > 0
        assert np.hypot(*(tip - foot)) == pytest.approx(0.1)
    assert np.isnan(lines[:, [2, 5]]).all()


def test_a_unit_without_weights_has_no_line():
    assert len(hidden.cuts(np.zeros((2, 3)), np.zeros(3))) == 0


def test_dead_is_who_is_off_for_every_point():
    weight = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert SPIRALS.dead(weight, np.array([0.0, -5.0, 0.0])) == 2


def test_regions_have_the_most_probable_colour_and_are_stronger_the_surer():
    sure, unsure = [1.0, 0.0, 0.0], [0.2, 0.2, 0.6]
    rgba = hidden.Regions("plane", np.array([[sure], [unsure]])).rgba()
    assert rgba.shape == (2, 1, 4)
    np.testing.assert_allclose(rgba[1, 0], [0, 0x72 / 255, 0xB2 / 255, 1.0])
    np.testing.assert_allclose(rgba[0, 0], [0, 0x9E / 255, 0x73 / 255, 0.4])


def test_zero_weights_say_why_nothing_moves():
    explorer = explore_hidden()
    explorer.set(start="zero", steps=100)
    assert "100 of 300 points (33.3%)" in explorer.sentence
    assert "No unit has moved" in explorer.sentence


def test_a_rate_that_is_too_high_is_shown_and_kills():
    explorer = explore_hidden()
    explorer.set(hidden=16, rate=10.0, steps=100)
    assert "16 of the units are dead" in explorer.sentence
    explorer.set(rate=30.0, start="too large", steps=1000)
    ET.fromstring(explorer.picture.svg(explorer.move(**explorer.values)[0]))


def test_every_step_can_be_drawn():
    run = SPIRALS.descend(3, "He", 1.0, steps=50)
    picture = Picture(hidden.draw(SPIRALS))
    for step in (0, 1, 50):
        marks, words = hidden.move(SPIRALS, run, 3, "He", 1.0, step)
        ET.fromstring(picture.svg(marks, words))
        assert f"after {step} step{'s' * (step != 1)} the loss is" in words


def test_dragging_the_steps_trains_nothing(monkeypatch):
    trained = []
    descend = hidden.Spirals.descend
    monkeypatch.setattr(
        hidden.Spirals, "descend", lambda self, *how: trained.append(how) or descend(self, *how)
    )
    explorer = explore_hidden()
    for steps in (0, 10, 500):
        explorer.set(steps=steps)
    assert trained == [(8, "He", 1.0)]
    explorer.set(hidden=9)
    assert trained[1:] == [(9, "He", 1.0)]


def test_the_number_that_the_exercise_asks_for():
    runs = [SPIRALS.descend(units, "He", 1.0) for units in range(1, 9)]
    shares = [SPIRALS.right(run, -1) for run in runs]
    enough = [units for units, share in enumerate(shares, 1) if share > 0.95]
    assert enough[0] == exercises()["04-units"].reference
    assert shares[5] == pytest.approx(0.933, abs=5e-4)
    assert shares[4] < shares[2]
