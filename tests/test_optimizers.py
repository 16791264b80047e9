"""Rules: three steps against numbers worked out here, laws that relate them, valleys they cross."""

import math
from dataclasses import dataclass

import autograd.numpy as anp
import numpy as np
import pytest

from course import (
    AdaGrad,
    Adam,
    AdamW,
    Descent,
    Momentum,
    Nesterov,
    RMSProp,
    StepDecay,
    gradient,
    train,
    update,
)

RULES = [
    Descent(0.05),
    Momentum(0.02, 0.8),
    Nesterov(0.02, 0.8),
    AdaGrad(0.3),
    RMSProp(0.02, 0.9),
    Adam(0.1),
    AdamW(0.1, weight_decay=0.001),
]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)


def by_hand(rule, p, gradients):
    """The parameter after each step, in scalar arithmetic, straight from the formulas."""
    name, lr = type(rule).__name__, rule.learning_rate
    v = m = q = 0.0
    a = getattr(rule, "epsilon", 0.0)
    for t, g in enumerate(gradients, start=1):
        if name == "Descent":
            d = lr * g
        elif name == "Momentum":
            v = rule.momentum * v + lr * g
            d = v
        elif name == "Nesterov":
            v = rule.momentum * v + lr * g
            d = rule.momentum * v + lr * g
        elif name == "AdaGrad":
            a += g**2
            d = lr * g / (math.sqrt(a) + rule.epsilon)
        elif name == "RMSProp":
            q = rule.decay * q + (1 - rule.decay) * g**2
            d = lr * g / (math.sqrt(q) + rule.epsilon)
        else:
            m = rule.beta1 * m + (1 - rule.beta1) * g
            v = rule.beta2 * v + (1 - rule.beta2) * g**2
            d = lr * (m / (1 - rule.beta1**t)) / (math.sqrt(v / (1 - rule.beta2**t)) + rule.epsilon)
            d += lr * getattr(rule, "weight_decay", 0.0) * p
        p -= d
        yield p


@every_rule
def test_three_steps_equal_the_formula(rule):
    gradients = [2.0, -0.5, 0.25]
    p = np.array([1.5])
    state = rule.start(p)
    for g, expected in zip(gradients, by_hand(rule, 1.5, gradients), strict=True):
        p, state = rule.step(p, np.array([g]), state)
        assert p[0] == pytest.approx(expected, rel=1e-12)


def test_the_defaults_are_fluxs():
    assert (Descent().learning_rate, AdaGrad().learning_rate) == (0.1, 0.1)
    assert (Momentum().learning_rate, Momentum().momentum) == (0.01, 0.9)
    assert (Nesterov().learning_rate, Nesterov().momentum) == (0.001, 0.9)
    assert (RMSProp().learning_rate, RMSProp().decay, RMSProp().epsilon) == (0.001, 0.9, 1e-8)
    assert (Adam().learning_rate, Adam().beta1, Adam().beta2) == (0.001, 0.9, 0.999)
    assert AdamW().weight_decay == 0.01


@every_rule
def test_a_step_changes_nothing_it_was_given_and_keeps_float32(rule):
    p = np.array([1.0, -2.0], dtype=np.float32)
    g = np.array([0.5, 3.0], dtype=np.float32)
    state = rule.start(p)
    kept = [np.copy(a) for a in (p, g, *(state if isinstance(state, tuple) else [state]))]
    moved, after = rule.step(p, g, state)
    moved, after = rule.step(moved, g, after)
    for now, before in zip(
        (p, g, *(state if isinstance(state, tuple) else [state])), kept, strict=True
    ):
        np.testing.assert_array_equal(now, before)
    arrays = [a for a in (moved, *np.atleast_1d(np.array(after, dtype=object))) if a is not None]
    assert {a.dtype for a in arrays if isinstance(a, np.ndarray)} <= {np.dtype(np.float32)}
    assert moved.dtype == np.float32


@every_rule
def test_every_rule_finds_the_bottom_of_a_bowl(rule):
    def bowl(p):
        return anp.sum(anp.array([1.0, 4.0]) * (p["at"] - 3.0) ** 2)

    found, history = train(bowl, {"at": np.zeros(2)}, [()], rule, epochs=600)
    assert history.ended == "finished"
    np.testing.assert_allclose(found["at"], 3.0, atol=0.02)


ROSENBROCK_RATES = {
    "Descent": 2e-3,
    "Momentum": 3e-4,
    "Nesterov": 3e-4,
    "AdaGrad": 0.5,
    "RMSProp": 2e-3,
    "Adam": 0.02,
    "AdamW": 0.02,
}


@every_rule
def test_every_rule_walks_down_rosenbrocks_valley(rule):
    def valley(p):
        x, y = p["at"][0], p["at"][1]
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    kind = type(rule)
    rule = kind(ROSENBROCK_RATES[kind.__name__], **({"weight_decay": 0.0} if kind is AdamW else {}))
    found, _ = train(valley, {"at": np.array([-1.2, 1.0])}, [()], rule, epochs=6000)
    np.testing.assert_allclose(found["at"], 1.0, atol=0.1)


def test_momentum_zero_is_descent():
    p, g = np.array([1.0, 2.0]), np.array([0.3, -0.7])
    with_momentum, _ = Momentum(0.1, momentum=0.0).step(p, g, np.zeros(2))
    np.testing.assert_array_equal(with_momentum, Descent(0.1).step(p, g, None)[0])


@dataclass(frozen=True)
class FormA:
    """PyTorch's momentum, as a learner would add it: the rate stands outside the velocity."""

    learning_rate: float
    momentum: float = 0.9

    def start(self, parameter):
        return np.zeros_like(parameter)

    def step(self, parameter, gradient, state):
        velocity = self.momentum * state + gradient
        return parameter - self.learning_rate * velocity, velocity


def descend(rule, steps=10):
    model, state, path = {"x": 5.0}, None, []
    for _ in range(steps):
        g = gradient(lambda m: m["x"] ** 2, model)
        model, state = update(model, g, rule, state)
        path.append(model["x"])
    return np.array(path)


def test_form_a_is_form_b_until_the_rate_changes():
    np.testing.assert_allclose(descend(FormA(0.05)), descend(Momentum(0.05)), rtol=1e-12)
    drop = StepDecay(0.05, every=5, factor=0.1)
    a, b = descend(FormA(drop)), descend(Momentum(drop))
    np.testing.assert_allclose(a[:5], b[:5], rtol=1e-12)
    assert abs(a[5] - b[5]) > 0.1


def test_adamw_is_adam_and_a_shrinking_parameter():
    p, g = np.array([10.0]), np.array([0.0])
    moved, _ = AdamW(0.1, weight_decay=0.5).step(p, g, AdamW().start(p))
    assert moved[0] == pytest.approx(10.0 - 0.1 * 0.5 * 10.0)


def test_a_rule_prints_its_hyperparameters():
    assert repr(Adam(0.01)) == "Adam(learning_rate=0.01, beta1=0.9, beta2=0.999, epsilon=1e-08)"


def test_a_rate_of_zero_is_legal_and_numpy_numbers_become_plain():
    assert Descent(0).learning_rate == 0.0
    assert type(Descent(np.float64(0.1)).learning_rate) is float


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: Descent(-0.1), ValueError, r"Descent: learning_rate = -0\.1; .*isn't negative"),
        (lambda: Adam(math.nan), ValueError, r"Adam: learning_rate = nan"),
        (lambda: Adam(math.inf), ValueError, r"finite"),
        (lambda: Descent("fast"), TypeError, r"learning_rate = 'fast'; a number was expected"),
        (lambda: Momentum(0.1, lambda k: 0.9), TypeError, r"momentum = <function.*a number was"),
        (lambda: Momentum(0.1, 1.0), ValueError, r"momentum = 1\.0; .*below 1"),
        (lambda: Adam(0.1, beta2=1.5), ValueError, r"beta2 = 1\.5"),
        (lambda: RMSProp(0.1, decay=-0.5), ValueError, r"decay = -0\.5"),
        (lambda: AdaGrad(0.1, epsilon=-1), ValueError, r"epsilon = -1"),
        (lambda: AdamW(weight_decay=math.nan), ValueError, r"weight_decay = nan"),
    ],
)
def test_hyperparameters_that_make_no_sense_raise(make, error, text):
    with pytest.raises(error, match=text):
        make()
