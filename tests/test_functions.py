"""Activations: right where they are easy, finite where the naive formula isn't."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import elementwise_grad, grad
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course import Line, logsumexp, relu, sigmoid, softmax, tanh

ELEMENTWISE = [relu, sigmoid, tanh]
points = arrays(float, st.integers(1, 5), elements=st.floats(-8, 8).filter(lambda v: abs(v) > 1e-3))
rows = arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(-20, 20))


@given(points)
def test_values_equal_their_textbook_formulas(x):
    np.testing.assert_allclose(relu(x), np.where(x > 0, x, 0.0))
    np.testing.assert_allclose(sigmoid(x), 1 / (1 + np.exp(-x)), rtol=1e-12)
    np.testing.assert_allclose(
        tanh(x), (np.exp(2 * x) - 1) / (np.exp(2 * x) + 1), rtol=1e-9, atol=1e-12
    )


@given(rows)
def test_softmax_is_a_distribution_and_logsumexp_its_logarithm(z):
    p = softmax(z)
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-9)
    np.testing.assert_allclose(logsumexp(z), np.log(np.exp(z).sum(axis=1)), atol=1e-9)
    np.testing.assert_allclose(softmax(z + 100.0), p, rtol=1e-9)


@given(points)
def test_laws_of_the_logistic_function(x):
    np.testing.assert_allclose(sigmoid(-x), 1 - sigmoid(x), atol=1e-12)
    np.testing.assert_allclose(2 * sigmoid(2 * x) - 1, tanh(x), atol=1e-12)


@pytest.mark.parametrize(("function", "order"), [(relu, 1), (sigmoid, 2), (tanh, 2)])
@given(x=points)
def test_derivatives_by_hand_equal_autograds_of_the_plain_body(function, order, x):
    """`.fun` is the body without the derivative beside it. (Twice through relu nothing is left.)"""
    ours, plain = function, function.fun
    for _ in range(order + 1):
        np.testing.assert_allclose(ours(x), plain(x), rtol=1e-9, atol=1e-12)
        ours, plain = elementwise_grad(ours), elementwise_grad(plain)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("keepdims", [True, False])
def test_logsumexp_derivative_equals_the_plain_bodys_along_each_axis(axis, keepdims):
    z = np.random.default_rng(0).normal(size=(3, 4))

    def squared(f):
        return lambda z: anp.sum(f(z, axis=axis, keepdims=keepdims) ** 2)

    ours, plain = grad(squared(logsumexp)), grad(squared(logsumexp.fun))
    np.testing.assert_allclose(ours(z), plain(z), rtol=1e-10)
    ours, plain = (grad(lambda z, f=f: anp.sum(f(z) ** 2)) for f in (ours, plain))
    np.testing.assert_allclose(ours(z), plain(z), rtol=1e-8)


def test_softmax_differentiates_like_its_formula():
    x = np.random.default_rng(0).normal(size=(4, 3))
    weights = np.arange(12.0).reshape(4, 3)  # a plain sum of probabilities doesn't change

    def weighted(f):
        return lambda x: anp.sum(weights * f(x) ** 2)

    ours, plain = grad(weighted(softmax)), grad(weighted(softmax.fun))
    np.testing.assert_allclose(ours(x), plain(x), rtol=1e-10, atol=1e-14)
    ours, plain = (grad(lambda x, f=f: anp.sum(f(x) ** 2)) for f in (ours, plain))
    np.testing.assert_allclose(ours(x), plain(x), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, logsumexp], ids=lambda f: f.__name__)
def test_values_and_gradients_at_a_thousand_are_finite_and_keep_their_dtype(function, dtype):
    x = np.array([-1000.0, 0.0, 1000.0], dtype=dtype)
    value = function(x)
    slope = grad(lambda x: anp.sum(function(x)))(x)
    assert np.all(np.isfinite(value))
    assert np.all(np.isfinite(slope))
    assert value.dtype == slope.dtype == dtype


def test_relus_gradient_at_zero_is_zero():
    assert grad(relu)(0.0) == 0.0


def test_small_probabilities_are_not_lost():
    assert sigmoid(np.array([-40.0]))[0] == pytest.approx(np.exp(-40), rel=1e-12)


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
def test_nan_is_not_hidden(function):
    with np.errstate(invalid="ignore"):
        assert np.isnan(function(np.array([np.nan]))[0])


@pytest.mark.parametrize("kind", ["bool", "int8", "uint8", "uint16", "int64", "list"])
@pytest.mark.parametrize("function", [*ELEMENTWISE, softmax, logsumexp], ids=lambda f: f.__name__)
def test_whole_numbers_of_every_kind_count_as_floats(function, kind):
    numbers = [0, 1] if kind == "bool" else [0, 100, 3]
    given = numbers if kind == "list" else np.array(numbers, kind)
    np.testing.assert_allclose(function(given), function(np.array(numbers, float)), rtol=1e-15)
    if kind == "int8":
        low = np.array([-128, 127], kind)
        np.testing.assert_allclose(function(low), function(low.astype(float)), rtol=1e-15)


@pytest.mark.parametrize("function", [sigmoid, tanh, softmax, logsumexp], ids=lambda f: f.__name__)
def test_a_model_in_place_of_its_prediction_is_told_so(function):
    with pytest.raises(
        TypeError, match=r"Line came\. A model isn't a number.*sigmoid\(model\(x\)\)"
    ):
        function(Line(1.0, 2.0))
    with pytest.raises(TypeError, match=r"an array of object came\. Write np\.asarray\("):
        function(np.array([1.0, None]))
