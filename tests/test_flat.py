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
from course.engine.flat import FlatParameters, SeparateParameters, lay_out
from course.trees import rebuild
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


def test_parameters_that_took_different_numbers_of_steps_keep_their_counts():
    model, x, y = problem(float)
    g = rebuild(gradient(loss, model, x, y), [np.ones((4, 5)), np.ones(5), None, None])
    model, state = update(model, g, Adam())  # the second layer rests
    found, history = train(loss, model, [(x, y)], Adam(), epochs=4, state=state)
    expected, after = by_update(model, x, y, Adam(), 4, state=state)
    assert_equal(parameters(found), parameters(expected))
    assert_equal(history.state.parameters, after.parameters)
    assert {memory[-1] for memory in after.parameters} == {4, 5}


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
    return lay_out(rule, values, start_state(rule, values), free)


def test_only_the_courses_own_rules_see_all_parameters_as_one():
    values = [np.ones(3), np.zeros((2, 2))]
    assert type(packed(Adam(), values)) is FlatParameters
    assert type(packed(Own(), values)) is SeparateParameters


def test_parameters_of_different_precision_stay_apart():
    assert type(packed(Adam(), [np.ones(3), np.ones(3, np.float32)])) is SeparateParameters
    assert type(packed(Adam(), [np.ones(3), 1.0])) is FlatParameters


def test_a_rule_of_ones_own_is_stepped_array_by_array():
    model, x, y = problem(float)
    found, _ = train(loss, model, [(x, y)], Own(), epochs=5, progress=False)
    expected, _ = by_update(model, x, y, Own(), 5)
    assert_equal(parameters(found), parameters(expected))


def by_one_step(layout, size=1.0):
    """Gradients full of a number, and the step by them."""
    for one in layout.gradients:
        one[...] = size
    return layout.step(layout.start[0], layout.gradients, layout.start[1])


@pytest.mark.parametrize("rule", [Adam(), Own()])
def test_a_step_leaves_what_was_before_as_it_was(rule):
    layout = packed(rule, [np.ones(3), 2.0])
    values, state = layout.start
    before = [np.copy(value) for value in values]
    after, new = by_one_step(layout)
    assert_equal([np.asarray(v) for v in values], [np.asarray(v) for v in before])
    assert (layout.steps(state), layout.steps(new)) == (0, 1)
    assert all(np.all(value < old) for value, old in zip(after, before, strict=True))


@pytest.mark.parametrize("rule", [Adam(), Own()])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_isnt_finite_is_seen(rule, bad):
    layout = packed(rule, [np.ones(3), np.zeros((2, 2))])
    for one in layout.gradients:
        one[...] = 1e200  # whose square is infinite
    with np.errstate(all="ignore"):  # as in a training
        assert layout.is_finite()
        layout.gradients[1][0, 1] = bad
        assert not layout.is_finite()


@dataclass(frozen=True)
class InPlace:
    """A rule of one's own that writes into everything that it is given."""

    learning_rate: float = 0.1

    def start(self, parameter):
        return np.zeros_like(parameter)

    def step(self, parameter, gradient, state):
        state *= 0.9
        gradient *= self.learning_rate
        state += gradient
        parameter -= state
        return parameter, state


@dataclass(frozen=True)
class InPlaceDescent:
    """Descent that writes into what it is given."""

    learning_rate: float

    def start(self, parameter):
        return None

    def step(self, parameter, gradient, state):
        parameter -= self.learning_rate * gradient
        return parameter, state


def test_after_a_divergence_the_model_before_the_last_step_is_whole_with_a_rule_in_place_too():
    model, x, y = problem(float)
    found = []
    for rule in (InPlaceDescent(1e3), Descent(1e3)):
        with pytest.warns(RuntimeWarning, match="diverged"):
            found.append(parameters(train(loss, model, [(x, y)], rule, epochs=50)[0]))
    assert_equal(*found)


def test_a_rule_that_writes_in_place_changes_nothing_that_a_learner_holds():
    model, x, y = problem(float)
    start = [np.copy(p) for p in parameters(model)]
    seen = []

    def keep(step):
        held = [*parameters(step.model), *parameters(step.gradient)]
        seen.append((held, [np.copy(p) for p in held]))

    found, history = train(loss, model, [(x, y)], InPlace(), epochs=12, callbacks=[keep])
    assert_equal(parameters(model), start)
    for held, copies in seen:
        assert_equal(held, copies)
    state = [np.copy(memory) for memory in history.state.parameters]
    train(loss, found, [(x, y)], InPlace(), epochs=12, state=history.state)
    assert_equal(history.state.parameters, state)
    expected, _ = train(loss, model, [(x, y)], Momentum(0.1), epochs=12)
    for one, other in zip(parameters(found), parameters(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("line", range(1, 18))
def test_an_interrupt_in_the_middle_of_a_step_leaves_what_was_before(line):
    def stop(frame, event, arg):
        nonlocal count
        if frame.f_code.co_filename == "<program>" and event == "line":
            count += 1
            if count == line:
                raise KeyboardInterrupt
        return stop

    layout = packed(Adam(), [np.ones(3), np.zeros(2)])
    values, state = by_one_step(layout, 0.5)
    copies, memory = [np.copy(v) for v in values], layout.state(state).parameters
    before, count = sys.gettrace(), 0
    sys.settrace(stop)
    try:
        with pytest.raises(KeyboardInterrupt):
            layout.step(values, layout.gradients, state)
    finally:
        sys.settrace(before)
    assert_equal(values, copies)
    assert_equal(layout.state(state).parameters, memory)
    assert layout.steps(state) == 1


@dataclass(frozen=True)
class Remembering:
    """A rule of one's own that keeps what it was given: the last parameter and gradient."""

    learning_rate: float = 0.1

    def start(self, parameter):
        return parameter, np.zeros_like(parameter)

    def step(self, parameter, gradient, state):
        before, last = state
        moved = (
            parameter - self.learning_rate * (gradient + 0.5 * last) + 0.1 * (parameter - before)
        )
        return moved, (parameter, gradient)


def test_a_rule_may_keep_the_arrays_that_it_was_given():
    model, x, y = problem(float)
    found, history = train(loss, model, [(x, y)], Remembering(), epochs=12)
    expected, state = by_update(model, x, y, Remembering(), 12)
    assert_equal(parameters(found), parameters(expected))
    assert_equal(history.state.parameters, state.parameters)
