import xml.etree.ElementTree as ET

import numpy as np
import pytest

from course import Batches, parameters, train
from course.widgets import explore_network, playground
from course.widgets import learner as learners
from course.widgets.base import Picture
from course.widgets.learner import Learner, Settings

GRID = playground.grid(9)


def learner(epochs=5, **settings):
    return Learner.begin(Settings(**settings)).until(epochs)


def changed(before, **settings):
    return before.change(learners.replace(before.settings, **settings))


def same(first, second):
    pairs = zip(parameters(first.network), parameters(second.network), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("optimizer", learners.OPTIMIZERS)
@pytest.mark.parametrize("activation", learners.ACTIVATIONS)
def test_epochs_are_those_of_train(optimizer, activation):
    settings = Settings(
        depth=2, width=3, optimizer=optimizer, activation=activation, l2=0.01, rate=0.01
    )
    ours, theirs, state = Learner.begin(settings), settings.network(), None
    for epoch in range(3):
        batches = Batches(*ours.points[0], settings.batch, rng=np.random.default_rng(epoch))
        data = [(x, y, 0.01) for x, y in batches]
        theirs, history = train(
            learners.penalised, theirs, data, settings.rule(), state=state, replay=False
        )
        state, ours = history.state, ours.epoch()
    for a, b in zip(parameters(ours.network), parameters(theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def test_a_learner_never_changes():
    before = learner(3)
    weights = [w.copy() for w in parameters(before.network)]
    assert same(before.epoch(), before.epoch())
    for one in (before.epoch(), changed(before, width=7), changed(before, data="XOR")):
        one.until(one.epochs + 3)
    assert all(map(np.array_equal, parameters(before.network), weights))
    assert before.epochs == 3


@pytest.mark.parametrize(
    "settings",
    [
        {"rate": 0.1},
        {"l2": 0.01},
        {"batch": 50},
        {"optimizer": "Descent"},
        {"data": "XOR"},
        {"noise": 0.3},
        {"activation": "relu"},
    ],
    ids=str,
)
def test_a_change_keeps_the_weights_and_what_was_learnt(settings):
    before = learner()
    after = changed(before, **settings)
    assert same(before, after)
    assert after.losses[:-1] == before.losses[:-1]
    assert after.epoch().epochs == 6
    assert not same(before.epoch(), after.epoch())


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_wider_network_says_what_it_said(depth):
    before = learner(depth=depth, width=3)
    after = changed(before, width=8)
    assert after.network[0].weight.shape == (2, 8)
    np.testing.assert_allclose(after.network(GRID), before.network(GRID), atol=1e-12)
    moved = after.epoch().network[-1].weight[3:]
    assert np.all(moved != 0)  # the new units learn


def test_a_narrower_network_keeps_its_first_units():
    before = learner(depth=2, width=6)
    after = changed(before, width=4)
    for old, new in zip(before.network, after.network, strict=True):
        n, m = new.weight.shape
        np.testing.assert_array_equal(new.weight, old.weight[:n, :m])
        np.testing.assert_array_equal(new.bias, old.bias[:m])


@pytest.mark.parametrize(("first", "then"), [(1, 3), (3, 1), (2, 0), (0, 2)])
def test_another_depth_keeps_the_first_layers_and_draws_the_output_anew(first, then):
    before = learner(depth=first)
    after = changed(before, depth=then)
    assert len(after.network) == then + 1
    for k in range(min(first, then)):
        assert np.array_equal(after.network[k].weight, before.network[k].weight)
    fresh = after.settings.network()[-1].weight
    np.testing.assert_array_equal(after.network[-1].weight, fresh)
    assert after.epoch().epochs == 6


def test_another_start_starts_again():
    after = changed(learner(), start="He")
    assert after.epochs == 0
    assert same(after, learner(0, start="He"))


def test_before_the_first_epoch_other_layers_are_a_plain_start():
    assert same(changed(learner(0), width=7, depth=2), learner(0, width=7, depth=2))


@pytest.mark.parametrize("name", learners.DATA)
def test_data_are_two_classes_within_the_picture(name):
    (x, y), (x_validation, y_validation) = Settings(data=name, noise=0.0).points()
    assert len(x) == 200
    assert len(x_validation) == 100
    assert np.abs(np.vstack([x, x_validation])).max() < playground.REACH
    assert set(y) == set(y_validation) == {0.0, 1.0}
    assert abs(np.mean([*y, *y_validation]) - 0.5) < 0.1


def test_what_a_line_can_tell_and_what_it_cannot():
    def right(**settings):
        one = learner(60, noise=0.0, **settings)
        x, y = one.points[1]
        return np.mean((one.network(x)[:, 0] > 0) == y)

    assert right(data="two clouds", depth=0) > 0.98
    for name in ("circles", "XOR", "spirals"):
        assert right(data=name, depth=0) < 0.85
        assert right(data=name, depth=2, width=8) > 0.95


def test_zero_weights_learn_nothing_but_the_share():
    one = learner(20, start="zero")
    assert np.ptp(one.network(GRID)) == 0


def test_a_penalty_makes_weights_smaller():
    def size(l2):
        return sum(np.sum(layer.weight**2) for layer in learner(40, l2=l2).network)

    assert size(0.1) < size(0.001) < size(0.0)


def test_divergence_is_said_and_nothing_moves_after_it():
    one = learner(
        60, optimizer="Momentum", rate=10.0, activation="none", depth=3, start="too large"
    )
    assert one.diverged
    assert "diverged" in playground.sentence(one)
    assert one.epoch() is one
    assert changed(one, rate=0.01).epoch().diverged
    assert all(np.isfinite(w).all() for w in parameters(one.network))
    assert not one.until(0).diverged
    ET.fromstring(Picture(playground.draw()).svg(playground.marks(one)))


def test_the_surface_is_the_networks_own_probability():
    one = learner()
    surface = playground.marks(one)[0].values
    z = one.network(playground.grid(playground.SIZE)[[0, -1]])[:, 0]
    np.testing.assert_allclose([surface[0, 0], surface[-1, -1]], 1 / (1 + np.exp(-z)))


def test_each_unit_has_its_picture_and_the_rest_is_empty():
    one = learner(depth=2, width=3)
    tile = playground.SMALL + 2
    pictures = playground.unit_pictures(one.network)
    rows = pictures.reshape(learners.MOST_WIDTH, tile, learners.MOST_DEPTH, tile)
    drawn = ~np.isnan(rows).all(axis=(1, 3))[::-1]  # unit 1 on top
    assert drawn.tolist() == [[True, True, False]] * 3 + [[False] * 3] * 5
    layer = one.network[0]
    unit = np.tanh(playground.grid(playground.SMALL) @ layer.weight[:, 1] + layer.bias[1])
    shown = rows[::-1][1, :, 0, :][1:-1, 1:-1].ravel()
    np.testing.assert_allclose(shown, unit / np.abs(unit).max())


def test_shades_go_from_class_to_class_and_nothing_is_see_through():
    rgba = playground.Shades("plane", np.array([[0.0, 0.5, 1.0, np.nan]])).rgba()[0]
    np.testing.assert_allclose(rgba[0], [0, 0x72 / 255, 0xB2 / 255, 1], atol=0.01)
    np.testing.assert_allclose(rgba[1], 1, atol=0.01)
    np.testing.assert_allclose(rgba[2], [0xE6 / 255, 0x9F / 255, 0, 1], atol=0.01)
    assert rgba[3, 3] == 0


def test_a_network_that_learns_by_heart_is_told():
    one = learner(150, noise=0.3, width=8, depth=3)
    (best, now) = min(v for _, v in one.losses), one.losses[-1][1]
    assert now > 1.2 * best
    assert "by heart" in playground.sentence(one)


@pytest.mark.parametrize(
    "settings", [{"noise": 0.4}, {"data": "XOR"}, {"depth": 1}, {"activation": "relu"}], ids=str
)
def test_after_a_change_the_losses_are_those_of_what_is_shown(settings):
    one = changed(learner(150, noise=0.3, width=8, depth=3), **settings)
    for loss, (x, y) in zip(one.losses[-1], one.points, strict=True):
        score = one.network(x)[:, 0]
        assert np.isclose(loss, np.mean(np.logaddexp(0, score) - y * score))
    assert "by heart" not in playground.sentence(one)  # what was before is of something else


def press(explorer, **values):
    """What the page does at each tick of play."""
    explorer.set(**explorer.play(**{**explorer.values, **values}))


def test_play_goes_on_through_changes_and_start_again_is_epoch_0():
    explorer = explore_network()
    for change in ({}, {"rate": 0.1}, {"data": "XOR"}, {"width": 7}, {"depth": 3}, {"noise": 0.2}):
        press(explorer, **change)
    assert explorer.values["epoch"] == 6
    assert "after 6 epochs" in explorer.sentence
    explorer.set(epoch=2)  # a page that is late undoes nothing
    assert "after 6 epochs" in explorer.sentence
    press(explorer)
    assert explorer.values["epoch"] == 7
    explorer.set(**explorer.presets["start again"])
    assert "after 0 epochs" in explorer.sentence
    assert explorer.values["width"] == 7


def test_a_state_comes_back_from_its_values():
    explorer = explore_network(data="spirals", width=5)
    for _ in range(4):
        press(explorer)
    assert explore_network(**explorer.values).sentence == explorer.sentence


def test_each_explorer_has_a_network_of_its_own():
    first, second = explore_network(), explore_network()
    press(first)
    second.set(rate=0.5)
    assert "after 1 epoch the" in first.sentence
    assert "after 0 epochs" in second.sentence


def test_without_a_kernel_there_is_a_picture_and_what_it_shows():
    explorer = explore_network(epoch=2)
    page = explorer.export()
    assert explorer.sentence in page
    assert "data:image/png" in page
    assert "notebook" in page
