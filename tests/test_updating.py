"""One step of a whole model: ties, gaps, dtypes, and slips."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import (
    AdaGrad,
    Adam,
    AdamW,
    Chain,
    Dense,
    Descent,
    Line,
    Momentum,
    Nesterov,
    RMSProp,
    astype,
    clip_by_global_norm,
    gradient,
    load,
    mse,
    parameters,
    relu,
    save,
    start,
    train,
    update,
    value_and_gradient,
)

X = np.linspace(-1, 1, 9)
Y = 2 * X + 1


def loss(model, x, y):
    return mse(model(x), y)


def test_a_step_makes_a_new_model_and_running_it_again_gives_the_same():
    line, g = Line(1.0, 2.0), Line(0.5, -1.0)
    first, _ = update(line, g, Descent(0.1))
    again, _ = update(line, g, Descent(0.1))
    assert (first.m, first.b) == (again.m, again.b) == (0.95, 2.1)
    assert (line.m, line.b, g.m) == (1.0, 2.0, 0.5)


def test_the_three_line_loop_keeps_a_path():
    model, state, path = Line(0.0, 0.0), None, []
    for _ in range(10):
        g = gradient(loss, model, X, Y)
        model, state = update(model, g, Momentum(0.1), state)
        path.append(model)
    assert len({line.m for line in path}) == 10
    assert state.step == 10


def test_the_same_rule_used_twice_starts_afresh():
    rule, line, g = Adam(0.1), Line(1.0, 2.0), Line(0.5, -1.0)
    once, state = update(line, g, rule)
    update(once, g, rule, state)
    assert update(line, g, rule)[0].m == once.m


def test_a_given_state_is_not_changed():
    _, state = update(Line(1.0, 2.0), Line(1.0, 1.0), Momentum(0.1))
    kept = list(state.parameters)
    update(Line(1.0, 2.0), Line(5.0, 5.0), Momentum(0.1), state)
    assert state.parameters == kept
    assert state.step == 1


def test_a_rule_that_works_in_place_cannot_reach_what_the_learner_holds():
    @dataclass(frozen=True)
    class InPlace:
        learning_rate: float = 0.1

        def start(self, parameter):
            return np.zeros_like(parameter)

        def step(self, parameter, gradient, state):
            state += gradient
            parameter -= self.learning_rate * state
            gradient *= 0
            return parameter, state

    model, g = {"w": np.ones(2)}, {"w": np.ones(2)}
    moved, state = update(model, g, InPlace())
    update(moved, g, InPlace(), state)
    np.testing.assert_allclose(moved["w"], 0.9)
    np.testing.assert_array_equal([model["w"], g["w"], state.parameters[0]], np.ones((3, 2)))


def test_none_skips_value_and_state_and_a_zero_gradient_does_not():
    rule, model = Momentum(0.1), {"a": np.ones(2), "b": np.ones(2)}
    model, state = update(model, {"a": np.ones(2), "b": np.ones(2)}, rule)
    after, then = update(model, {"a": None, "b": np.zeros(2)}, rule, state)
    np.testing.assert_array_equal(after["a"], model["a"])
    np.testing.assert_array_equal(then.parameters[0], state.parameters[0])
    np.testing.assert_allclose(after["b"], model["b"] - 0.9 * 0.1)
    np.testing.assert_allclose(then.parameters[1], 0.9 * state.parameters[1])


def test_none_skips_a_whole_branch():
    layers = [Dense(1, 2, relu), Dense(2, 1)]
    g = gradient(lambda m: np.sum(m[1](m[0](np.ones((3, 1))))), layers)
    after, _ = update(layers, [None, g[1]], Descent(1.0))
    np.testing.assert_array_equal(after[0].weight, layers[0].weight)
    assert not np.shares_memory(after[0].weight, layers[0].weight)  # the learner's stays his
    np.testing.assert_allclose(after[1].bias, layers[1].bias - g[1].bias)


def test_a_tied_array_is_stepped_once_and_stays_tied():
    shared = np.array([1.0])
    model = [shared, {"again": shared}]
    rule, state = Momentum(1.0, momentum=0.5), None
    for _ in range(2):
        g = gradient(lambda m: 1.0 * np.sum(m[0]) + 2.0 * np.sum(m[1]["again"]), model)
        model, state = update(model, g, rule, state)
    # v = 3, then v = 0.5 * 3 + 3 = 4.5, each taken once
    assert model[0][0] == 1.0 - 3.0 - 4.5
    assert model[0] is model[1]["again"]
    assert len(state.parameters) == 1


def test_gradients_by_hand_in_the_places_of_a_tie_are_summed():
    shared = np.array([1.0])
    moved, _ = update([shared, shared], [np.array([1.0]), np.array([2.0])], Descent(1.0))
    assert moved[0][0] == -2.0
    moved, _ = update([shared, shared], [None, np.array([2.0])], Descent(1.0))
    assert moved[0] is moved[1]
    assert moved[0][0] == -1.0


def test_types_dtypes_and_shapes_are_kept():
    model = {"f": 0.5, "zero": np.array(0.5), "n": np.float32(0.5), "w": np.ones(2, np.float32)}
    g = {"f": 1, "zero": 1.0, "n": 1.0, "w": np.ones(2)}
    state = None
    for _ in range(2):
        model, state = update(model, g, Adam(0.1), state)
    assert type(model["f"]) is float
    assert isinstance(model["zero"], np.ndarray)
    assert model["zero"].shape == ()
    assert type(model["n"]) is np.float32
    assert model["w"].dtype == np.float32
    assert state.parameters[3][0].dtype == np.float32


def test_float32_stays_in_model_and_state():
    network = astype(Chain(Dense(2, 3, relu), Dense(3, 1)), np.float32)
    x = np.ones((4, 2), np.float32)
    g = gradient(lambda m: np.mean(m(x)), network)
    moved, state = update(network, g, Momentum(np.float64(0.1)))
    assert {p.dtype for p in parameters(moved)} == {v.dtype for v in state.parameters}
    assert parameters(moved)[0].dtype == np.float32


def test_clipping_shortens_by_the_global_norm_only_what_is_longer():
    g = {"a": np.array([3.0]), "b": 4.0}
    clipped = clip_by_global_norm(g, 1.0)
    np.testing.assert_allclose([clipped["a"][0], clipped["b"]], [0.6, 0.8])
    assert clip_by_global_norm(g, 5.0)["b"] == 4.0
    assert g["b"] == 4.0


@given(
    st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=5),
    st.sampled_from([1e-250, 1.0, 1e250]),
    st.sampled_from([1e-300, 1e-150, 1.0]),
)
def test_clipped_a_gradient_has_its_direction_and_at_most_the_norm_at_any_size(parts, most, scale):
    g = np.array(parts) * scale
    clipped = clip_by_global_norm({"a": g[:2], "b": g[2:]}, most)
    came = [Fraction(float(v)) for v in np.concatenate([clipped["a"], clipped["b"]])]
    square = sum(Fraction(float(v)) ** 2 for v in g)  # fractions neither overflow nor round
    if square <= Fraction(most) ** 2:
        np.testing.assert_allclose(np.array(came, dtype=float), g, rtol=1e-12)
    else:
        assert float(sum(v**2 for v in came) / Fraction(most) ** 2) == pytest.approx(1, rel=1e-9)
        largest = int(np.argmax(np.abs(g)))
        ratios = [float(v / came[largest]) for v in came]
        np.testing.assert_allclose(ratios, g / g[largest], rtol=1e-9, atol=1e-60)


def test_clipping_computes_in_float64_and_keeps_the_dtype():
    half = clip_by_global_norm({"w": np.full(4, 200.0, np.float16)}, 1.0)["w"]
    assert half.dtype == np.float16
    assert half.tolist() == [0.5] * 4
    many = clip_by_global_norm({"w": np.full(100_000, 1e3, np.float16)}, 100.0)["w"]
    np.testing.assert_allclose(many, 100 / np.sqrt(100_000), rtol=1e-3)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_refused_by_clipping(bad):
    with pytest.raises(ValueError, match="NaN or infinity, which no factor makes shorter"):
        clip_by_global_norm({"m": bad, "b": 1.0}, 1.0)


RULES = [Descent, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW]


@pytest.mark.parametrize(
    ("first", "second"), [(a, b) for a in RULES for b in RULES if a is not b], ids=str
)
def test_the_state_of_another_rule_is_refused_by_every_way_in(first, second, tmp_path):
    line, g = Line(1.0, 2.0), Line(0.5, -1.0)
    _, state = update(line, g, first(0.1))
    with pytest.raises(ValueError, match=f"{first.__name__} remembers, and what {second.__name__}"):
        update(line, g, second(0.1), state)
    with pytest.raises(ValueError, match=f"{first.__name__} remembers, and what {second.__name__}"):
        train(loss, line, [(X, Y)], second(0.1), state=state)
    save(tmp_path / "state", state)
    with pytest.raises(ValueError, match=f"{first.__name__}' in the file and '{second.__name__}'"):
        load(tmp_path / "state", start(line, second()))


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"b": 5.0, "m": 1.0}, "the parameter m, and b was expected"),
        ({"m": 1.0}, "the parameter b, and no other parameter was expected"),
        ({"m": 1.0, "b": 5.0, "c": 0.0}, "no more, and c was expected"),
        ({"m": 1.0, "c": 5.0}, "the parameter b, and c was expected"),
        ([1.0, 5.0], "the parameter m, and 0 was expected"),
        ({"m": np.ones(2), "b": 5.0}, r"\(\) for m, and \(2,\) was expected"),
    ],
)
def test_the_state_of_another_model_is_refused_by_every_way_in(other, text, tmp_path):
    model = {"m": 1.0, "b": 5.0}
    _, state = update(model, model, Momentum(0.1))
    with pytest.raises(ValueError, match=text):
        update(other, other, Momentum(0.1), state)
    with pytest.raises(ValueError, match=text):
        train(lambda m: sum(np.sum(p) for p in parameters(m)), other, [()], Momentum(), state=state)
    save(tmp_path / "state", state)
    with pytest.raises(ValueError, match="in the tree"):
        load(tmp_path / "state", start(other, Momentum()))


def test_a_state_fits_a_rule_of_other_hyperparameters_and_a_line_of_other_numbers():
    _, state = update(Line(1.0, 2.0), Line(0.5, -1.0), Momentum(0.1))
    moved, _ = update(Line(5.0, 5.0), Line(0.0, 0.0), Momentum(0.7, momentum=0.5), state)
    assert (moved.m, moved.b) == (5.0 - 0.5 * 0.05, 5.0 + 0.5 * 0.1)


def test_a_rule_that_keeps_the_parameter_it_starts_at_does_not_keep_the_learners():
    class Averaged:
        def start(self, parameter):
            return parameter

        def step(self, parameter, gradient, state):
            state *= 0.5
            return parameter - gradient, state

    model = {"w": np.ones(2)}
    update(model, {"w": np.ones(2)}, Averaged())
    np.testing.assert_array_equal(model["w"], 1.0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: update(
                Line(1.0, 2.0), value_and_gradient(loss, Line(1.0, 2.0), X, Y), Descent()
            ),
            TypeError,
            r"value, g = value_and_gradient",
        ),
        (
            lambda: update(Line(1.0, 2.0), {"m": 1.0}, Descent()),
            TypeError,
            r"a Line has the part 'm', and the dict",
        ),
        (
            lambda: update({"w": np.ones(2)}, {"w": np.ones(3)}, Descent()),
            ValueError,
            r"gradient of w has shape \(3,\) and the parameter \(2,\)",
        ),
        (
            lambda: update(Line(1.0, 2.0), Line(1.0, 2.0), Descent),
            TypeError,
            r"Descent is a class; give one of its kind: Descent\(\.\.\.\)",
        ),
        (
            lambda: update(Line(1.0, 2.0), Line(1.0, 2.0), 0.1),
            TypeError,
            r"0\.1 isn't an optimizer.*Descent\(0\.01\)",
        ),
        (
            lambda: update(Line(1.0, 2.0), Line(1.0, 2.0), Descent(), start([1.0], Descent())),
            ValueError,
            r"keeps the parameter 0, and m was expected.*same model, or None to start afresh",
        ),
        (
            lambda: update(Line(1.0, 2.0), Line(1.0, 2.0), Descent(), [None, None]),
            TypeError,
            r"state is a list; an OptimizerState was expected",
        ),
        (lambda: clip_by_global_norm({"m": 1.0}, 0), ValueError, r"largest norm is 0"),
    ],
)
def test_slips_meet_their_cure(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_rule_that_changes_a_shape_is_told_so():
    class Summed:
        def start(self, parameter):
            return None

        def step(self, parameter, gradient, state):
            return np.sum(parameter - gradient), state

    with pytest.raises(ValueError, match=r"shape \(2,\) into \(\)"):
        update({"w": np.ones(2)}, {"w": np.ones(2)}, Summed())


def test_start_is_the_state_that_a_first_step_begins_with():
    line, g = Line(1.0, 2.0), Line(0.5, -1.0)
    state = start(line, Adam(0.1))
    assert state.step == 0
    assert update(line, g, Adam(0.1), state)[0].m == update(line, g, Adam(0.1))[0].m
    with pytest.raises(TypeError, match="Adam is a class"):
        start(line, Adam)
