"""However a run keeps its parameters, its steps are those that `update` takes, to the bit."""

import sys
from dataclasses import dataclass

import numpy as np
import pytest

from course import (
    AdaGrad,
    Adam,
    AdamW,
    Chain,
    CosineDecay,
    Dense,
    Descent,
    ExponentialDecay,
    Momentum,
    Nesterov,
    Parabola,
    RMSProp,
    WarmUp,
    astype,
    clip_by_global_norm,
    cross_entropy,
    gradient,
    mse,
    parameters,
    relu,
    train,
    update,
)
from course.engine.flat import Apart, Together, pack
from course.updating import start_state

RULES = [Descent, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW]
RATES = [0.01, 0.0, ExponentialDecay(0.1, 0.9), WarmUp(CosineDecay(0.1, 10), 3)]


def loss(model, x, y):
    return cross_entropy(model(x), y) if isinstance(model, Chain) else mse(model(x), y)


def problem(dtype):
    rng = np.random.default_rng(0)
    model = astype(Chain(Dense(4, 5, relu, rng=rng), Dense(5, 3, rng=rng)), dtype)
    return model, rng.normal(size=(20, 4)).astype(dtype), rng.integers(0, 3, 20)


def by_update(model, x, y, rule, steps, clip=None, state=None):
    for _ in range(steps):
        g = gradient(loss, model, x, y)
        g = g if clip is None else clip_by_global_norm(g, clip)
        model, state = update(model, g, rule, state)
    return model, state


def assert_equal(one, other):
    assert type(one) is type(other)
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            assert_equal(a, b)
    else:
        np.testing.assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("rule", RULES)
def test_a_step_of_all_at_once_is_a_step_of_each(rule, rate, dtype):
    model, x, y = problem(dtype)
    found, history = train(loss, model, [(x, y)], rule(rate), epochs=12, progress=False)
    expected, state = by_update(model, x, y, rule(rate), 12)
    assert_equal(parameters(found), parameters(expected))
    assert_equal(history.state.parameters, state.parameters)
    assert history.state.step == state.step == 12


@pytest.mark.parametrize("rule", RULES)
def test_python_floats_are_stepped_as_python_floats(rule):
    x = np.linspace(-1, 1, 20)
    data = [(x, x**2)]
    found, _ = train(loss, Parabola(0.1, 0.2, 0.3), data, rule(0.01), epochs=9, progress=False)
    expected, _ = by_update(Parabola(0.1, 0.2, 0.3), *data[0], rule(0.01), 9)
    assert_equal(parameters(found), parameters(expected))


@pytest.mark.parametrize("rule", RULES)
def test_a_run_goes_on_from_a_state(rule):
    model, x, y = problem(float)
    model, state = by_update(model, x, y, rule(0.01), 5)
    kept = [np.copy(p) for p in parameters(model)]
    found, history = train(loss, model, [(x, y)], rule(0.01), epochs=4, state=state, progress=False)
    expected, after = by_update(model, x, y, rule(0.01), 4, state=state)
    assert_equal(parameters(found), parameters(expected))
    assert_equal(history.state.parameters, after.parameters)
    assert_equal(parameters(model), kept)  # nothing that was given is changed
    assert state.step == 5


@pytest.mark.parametrize("clip", [1e-3, 1e3])
def test_clipping_is_that_of_the_whole_gradient(clip):
    model, x, y = problem(float)
    found, _ = train(loss, model, [(x, y)], Adam(), epochs=9, clip=clip, progress=False)
    expected, _ = by_update(model, x, y, Adam(), 9, clip=clip)
    assert_equal(parameters(found), parameters(expected))


@dataclass(frozen=True)
class Own(Adam):
    """A rule of one's own, by one method."""

    def step(self, parameter, gradient, state):
        return super().step(parameter, gradient / np.max(np.abs(gradient)), state)


def packed(rule, values, free=None):
    free = list(range(len(values))) if free is None else free
    return pack(rule, values, start_state(rule, values), free)


def test_only_the_courses_own_rules_see_all_parameters_as_one():
    values = [np.ones(3), np.zeros((2, 2))]
    assert type(packed(Adam(), values)) is Together
    assert type(packed(Own(), values)) is Apart


def test_parameters_of_different_precision_stay_apart():
    assert type(packed(Adam(), [np.ones(3), np.ones(3, np.float32)])) is Apart
    assert type(packed(Adam(), [np.ones(3), 1.0])) is Together


def test_a_rule_of_ones_own_is_stepped_array_by_array():
    model, x, y = problem(float)
    found, _ = train(loss, model, [(x, y)], Own(), epochs=5, progress=False)
    expected, _ = by_update(model, x, y, Own(), 5)
    assert_equal(parameters(found), parameters(expected))


@pytest.mark.parametrize("rule", [Adam(), Own()])
def test_a_step_leaves_what_was_before_as_it_was(rule):
    packing = packed(rule, [np.ones(3), 2.0])
    for place in packing.into:
        place[...] = 1.0
    before = [np.copy(value) for value in packing.values()]
    packing.now, after = packing.step(), packing.now
    assert_equal([np.asarray(v) for v in packing.values()], [np.asarray(v) for v in before])
    packing.now = after
    assert packing.steps == 1
    assert all(np.all(value < old) for value, old in zip(packing.values(), before, strict=True))


@pytest.mark.parametrize("rule", [Adam(), Own()])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_isnt_finite_is_seen(rule, bad):
    packing = packed(rule, [np.ones(3), np.zeros(2)])
    for place in packing.into:
        place[...] = 1e200  # whose square is infinite
    assert packing.is_finite()
    packing.into[1][0] = bad
    assert not packing.is_finite()


@pytest.mark.parametrize("line", range(1, 18))
def test_an_interrupt_in_the_middle_of_a_step_leaves_what_was_before(line):
    def stop(frame, event, arg):
        nonlocal count
        if frame.f_code.co_filename == "<string>" and event == "line":
            count += 1
            if count == line:
                raise KeyboardInterrupt
        return stop

    start = [np.ones(3), np.zeros(2)]
    packing, expected = packed(Adam(), start), packed(Adam(), start)
    for one in (packing, expected):
        for place in one.into:
            place[...] = 0.5
        one.step()
    for place in packing.into:
        place[...] = 0.25
    before, count = sys.gettrace(), 0
    sys.settrace(stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            packing.step()
    finally:
        sys.settrace(before)
    assert_equal(packing.values(), expected.values())
    assert_equal(packing.state().parameters, expected.state().parameters)
    assert packing.steps == expected.steps == 1
