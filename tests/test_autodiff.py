"""The gradient: equal to finite differences, in the model's own shape, and clear when it fails."""

from dataclasses import dataclass
from itertools import pairwise

import autograd.numpy as np
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course import (
    Chain,
    Dense,
    Descent,
    Line,
    Parabola,
    astype,
    check_gradient,
    cross_entropy,
    gradient,
    mse,
    parameters,
    relu,
    sigmoid,
    tanh,
    train,
    value_and_gradient,
)


def loss(model, x, y):
    return mse(model(x), y)


X = np.linspace(-1, 2, 7)
Y = 3 * X - 1


def test_the_gradient_of_a_line_is_a_line_and_equals_calculus():
    line = Line(0.5, 0.25)
    residual = 0.5 * X + 0.25 - Y
    g = gradient(loss, line, X, Y)
    assert type(g) is Line
    assert isinstance(g.m, float)
    assert g.m == pytest.approx(2 * np.mean(residual * X))
    assert g.b == pytest.approx(2 * np.mean(residual))
    assert (line.m, line.b) == (0.5, 0.25)


def test_the_value_comes_with_it():
    value, g = value_and_gradient(loss, Line(0.5, 0.25), X, Y)
    assert value == pytest.approx(np.mean((0.5 * X + 0.25 - Y) ** 2))
    assert g.m == gradient(loss, Line(0.5, 0.25), X, Y).m


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    widths=st.lists(st.integers(1, 4), min_size=2, max_size=4),
    activation=st.sampled_from([tanh, sigmoid, np.sin, None]),
)
def test_random_networks_agree_with_finite_differences(seed, widths, activation):
    rng = np.random.default_rng(seed)
    layers = [Dense(a, b, activation, rng=rng) for a, b in pairwise(widths)]
    x, y = rng.normal(size=(5, widths[0])), rng.normal(size=(5, widths[-1]))
    assert check_gradient(loss, Chain(*layers), x, y, rng=rng) < 1e-6


@pytest.mark.parametrize(
    "model",
    [
        Parabola(1.0, -2.0, 0.5),
        Line(np.array(0.5), np.array(0.25)),
        Line(np.float64(0.5), 0.5),
    ],
)
def test_floats_and_zero_dimensional_arrays_come_back_as_what_they_were(model):
    g = gradient(loss, model, X, Y)
    assert [type(p) for p in parameters(g)] == [type(p) for p in parameters(model)]
    assert check_gradient(loss, model, X, Y) < 1e-7


def test_models_as_learners_write_them():
    @dataclass(frozen=True)
    class Wave:
        height: float
        speed: np.ndarray
        parts: dict

        def __call__(self, x):
            return self.height * np.sin(self.speed * x) + self.parts["offset"]

    model = Wave(1.0, np.array(2.0), {"offset": 0.5, "name": "sea"})
    g = gradient(loss, model, X, Y)
    assert g.parts["name"] == "sea"
    assert check_gradient(loss, model, X, Y) < 1e-7


def test_a_tied_array_gets_the_sum_of_its_places_as_one_object():
    shared = np.array([1.0, 2.0])
    g = gradient(lambda pair: np.sum(pair[0] ** 2) + np.sum(3 * pair[1]), [shared, shared])
    numpy.testing.assert_allclose(g[0], 2 * shared + 3)
    assert g[0] is g[1]


def test_an_unused_parameter_has_gradient_zero():
    g = gradient(lambda m: m["used"] ** 2, {"used": 3.0, "not": np.ones(2)})
    assert g["used"] == 6.0
    numpy.testing.assert_array_equal(g["not"], [0.0, 0.0])


def test_float32_stays_float32():
    rng = np.random.default_rng(0)
    network = astype(Chain(Dense(3, 4, relu, rng=rng), Dense(4, 2, rng=rng)), np.float32)
    x = rng.normal(size=(6, 3)).astype(np.float32)
    value, g = value_and_gradient(
        lambda m, x, y: 0.5 * cross_entropy(m(x), y), network, x, np.arange(6) % 2
    )
    assert value.dtype == np.float32
    assert {p.dtype for p in parameters(g)} == {np.dtype(np.float32)}


def test_gradients_nest():
    """The slope part's own gradient is a row of the Hessian: 2 mean(x^2), 2 mean(x)."""
    row = gradient(lambda model: gradient(loss, model, X, Y).m, Line(0.5, 0.5))
    assert row.m == pytest.approx(2 * np.mean(X**2))
    assert row.b == pytest.approx(2 * np.mean(X))


def test_an_overflowing_float_gives_infinity_not_an_exception():
    with np.errstate(over="ignore"):
        value, _ = value_and_gradient(lambda m: m["x"] ** 2, {"x": 1e200})
    assert value == np.inf


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda m, x, y: (m(x) - y) ** 2, ValueError, r"ndarray of shape \(7,\).*np\.mean"),
        (lambda m, x, y: mse(m(x), y) * np.ones(1), ValueError, r"one number.*shape \(1,\)"),
        (lambda m, x, y: None, ValueError, r"NoneType.*forget `return`"),
        (lambda m, x, y: np.mean(x - y), ValueError, r"argument was ignored.*step functions"),
        (lambda m, x, y: np.mean(m(x) > y), ValueError, r"step functions.*sigmoid"),
        (lambda m, x, y: m(x)[0] > 0, ValueError, r"step functions"),
        (lambda m, x, y: np.sum(np.sign(m(x))), ValueError, r"zero almost everywhere"),
    ],
)
def test_slips_in_a_loss_meet_their_cure(wrong, error, text):
    with pytest.raises(error, match=text):
        gradient(wrong, Line(1.0, 2.0), X, Y)


def test_a_model_without_parameters_is_told_what_a_model_is():
    class Plain:
        m = 1.0

    with pytest.raises(TypeError, match=r"model \(a Plain\) holds.*@dataclass above `class Plain`"):
        gradient(loss, Plain(), X, Y)


def test_nan_in_the_data_is_found():
    y = np.where(X > 1, np.nan, Y)
    with pytest.raises(
        ValueError, match=r"argument 2 .* NaN or infinity in 2 of its 7 rows.*row 5"
    ):
        gradient(loss, Line(1.0, 2.0), X, y)


@pytest.mark.parametrize(
    "untraceable",
    [
        lambda w: float(w[0]) ** 2,
        lambda w: w.dot(w),
        lambda w: w[0].item(),
        lambda w: float(f"{w[0]:.2f}"),
        lambda w: w.__setitem__(0, 1.0),
        lambda w: numpy.mean(numpy.clip(w, 0, 1)),
    ],
)
def test_what_cannot_be_traced_is_told_what_can(untraceable):
    with pytest.raises((AttributeError, TypeError, ValueError)) as caught:
        gradient(lambda m: untraceable(m["w"]), {"w": np.array([1.0, -2.0])})
    assert "import autograd.numpy as np" in "".join(caught.value.__notes__)


def test_an_error_of_the_learners_own_gets_no_note():
    with pytest.raises(ValueError, match="mine") as caught:
        gradient(lambda m: int("mine"), {"w": 1.0})
    assert not hasattr(caught.value, "__notes__")


def test_check_gradient_finds_a_wrong_derivative():
    from autograd.extend import defvjp, primitive

    @primitive
    def square(x):
        return x**2

    defvjp(square, lambda ans, x: lambda g: g * 2.1 * x)
    with pytest.raises(ValueError, match=r"differ by .*written by hand"):
        check_gradient(lambda m: square(m["x"]), {"x": 3.0})


def test_check_gradient_checks_float32_in_double_precision():
    model = astype({"w": np.array([1.0, 2.0])}, np.float32)
    assert check_gradient(lambda m: np.sum(m["w"] ** 3), model) < 1e-7


@pytest.mark.parametrize("at", [0, 1])
def test_check_gradient_names_the_parameter_whose_gradient_is_no_number(at):
    values = [1.0, 1.0]
    values[at] = 0.0

    def kink(model):
        return np.sqrt(model["a"] ** 2) + np.sqrt(model["b"] ** 2)

    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match=f"gradient of {'ab'[at]} isn't finite"),
    ):
        check_gradient(kink, dict(zip("ab", values, strict=True)))


def test_check_gradient_raises_where_the_loss_is_no_number_beside_the_parameters():
    def half_line(model):
        return np.log(model["x"] - 1 + 1e-9)

    with np.errstate(all="ignore"), pytest.raises(ValueError, match="differ by nan"):
        check_gradient(half_line, {"x": 1.0})


@pytest.mark.parametrize("replay", [True, False])
def test_a_complex_loss_is_refused(replay):
    with pytest.raises(ValueError, match=r"a real number, and this one is complex.*np\.abs"):
        train(lambda m: m["x"] * (1 + 1j), {"x": 1.0}, [()], Descent(0.1), epochs=20, replay=replay)


def test_function_without_a_derivative_comes_with_what_else_to_write():
    with pytest.raises(NotImplementedError, match="average") as caught:
        gradient(lambda m: np.average(m["w"]), {"w": np.ones(3)})
    assert "np.mean(weights * x)" in caught.value.__notes__[0]


def test_check_gradient_wants_a_generator():
    with pytest.raises(TypeError, match=r"3 came.*check_gradient\(.*rng=rng\)"):
        check_gradient(lambda m: m["x"] ** 2, {"x": 1.0}, rng=3)
