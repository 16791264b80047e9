"""Losses: equal to their formulas, finite at any logit, and clear about what can't be compared."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course import (
    Line,
    accuracy,
    binary_cross_entropy,
    confusion_matrix,
    cross_entropy,
    gradient,
    mae,
    mse,
    one_hot,
    parameters,
    softmax,
)

small = st.floats(-10, 10)


@st.composite
def scored(draw):
    n, k = draw(st.integers(1, 6)), draw(st.integers(2, 4))
    return draw(arrays(float, (n, k), elements=small)), draw(
        arrays(int, n, elements=st.integers(0, k - 1))
    )


@given(arrays(float, (2, 5), elements=small))
def test_regression_losses_equal_their_formulas(pair):
    prediction, target = pair
    differences = [float(p) - float(t) for p, t in zip(prediction, target, strict=True)]
    assert mse(prediction, target) == pytest.approx(sum(d * d for d in differences) / 5)
    assert mae(prediction, target) == pytest.approx(sum(abs(d) for d in differences) / 5)


@given(scored())
def test_cross_entropy_is_the_mean_surprise_at_the_true_class(given_):
    logits, labels = given_
    surprises = []
    for row, label in zip(logits, labels, strict=True):
        weights = np.exp(row - row.max())
        surprises.append(-np.log(weights[label] / weights.sum()))
    assert cross_entropy(logits, labels) == pytest.approx(np.mean(surprises), abs=1e-9)
    hot = np.eye(logits.shape[1])[labels]
    assert cross_entropy(logits, hot) == pytest.approx(np.mean(surprises), abs=1e-9)


@given(arrays(float, 6, elements=small), arrays(int, 6, elements=st.integers(0, 1)))
def test_binary_cross_entropy_is_cross_entropy_with_a_second_logit_of_zero(z, y):
    two = np.stack([np.zeros(6), z], axis=1)
    assert binary_cross_entropy(z, y) == pytest.approx(float(cross_entropy(two, y)), abs=1e-9)
    p = 1 / (1 + np.exp(-z))
    naive = -np.mean(y * np.log(p) + (1 - y) * np.log1p(-p))
    assert binary_cross_entropy(z, y) == pytest.approx(naive, abs=1e-4)


def cases():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(5, 3))
    yield pytest.param(mse, z[:, 0], z[:, 1], id="mse")
    yield pytest.param(binary_cross_entropy, z[:, 0], np.array([0, 1, 1, 0, 1]), id="binary")
    yield pytest.param(cross_entropy, z, np.array([0, 1, 2, 2, 1]), id="labels")
    yield pytest.param(cross_entropy, z, np.eye(3)[[0, 1, 2, 2, 1]], id="one-hot")


@pytest.mark.parametrize(("loss", "prediction", "target"), [*cases()])
def test_derivatives_by_hand_equal_autograds_of_the_plain_body(loss, prediction, target):
    ours, plain = grad(loss), grad(loss.fun)
    np.testing.assert_allclose(ours(prediction, target), plain(prediction, target), rtol=1e-10)
    direction = np.random.default_rng(1).normal(size=prediction.shape)
    ours, plain = (
        grad(lambda p, f=f: anp.sum(f(p, target) * direction))(prediction) for f in (ours, plain)
    )
    np.testing.assert_allclose(ours, plain, rtol=1e-8, atol=1e-12)


def test_mse_is_differentiable_in_its_target_too():
    a, b = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    np.testing.assert_allclose(grad(mse, 1)(a, b), (b - a))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_a_thousand_give_finite_losses_and_gradients(dtype):
    z = np.array([-1000.0, 1000.0, 0.0], dtype=dtype)
    y = np.array([1, 0, 1])
    table = np.stack([z, -z], axis=1)
    for loss, logits in ((binary_cross_entropy, z), (cross_entropy, table)):
        value, slope = loss(logits, y), grad(loss)(logits, y)
        assert np.isfinite(value)
        assert np.all(np.isfinite(slope))
        assert value.dtype == slope.dtype == dtype
    assert binary_cross_entropy(z, y) == pytest.approx((2000 + np.log(2)) / 3)


def test_an_l2_penalty_is_an_ordinary_line_in_a_loss():
    def loss(model, x, y):
        return mse(model(x), y) + 0.1 * sum(anp.sum(p**2) for p in parameters(model))

    x = np.array([0.0, 1.0])
    plain = gradient(lambda m, x, y: mse(m(x), y), Line(2.0, 3.0), x, x)
    assert gradient(loss, Line(2.0, 3.0), x, x).m == pytest.approx(plain.m + 0.2 * 2.0)


@given(scored())
def test_accuracy_and_confusion_matrix_count_the_same_samples(given_):
    logits, labels = given_
    table = confusion_matrix(logits, labels)
    assert table.sum() == len(labels)
    np.testing.assert_array_equal(table.sum(axis=1), np.bincount(labels, minlength=len(table)))
    assert accuracy(logits, labels) == pytest.approx(np.trace(table) / len(labels))
    assert accuracy(logits, one_hot(labels, logits.shape[1])) == accuracy(logits, labels)


def test_truth_is_in_the_rows():
    logits = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_array_equal(confusion_matrix(logits, np.array([0, 1, 1])), [[0, 1], [1, 1]])


def test_yes_or_no_is_counted_at_logit_zero():
    z, y = np.array([-1.0, 2.0, 0.5, -3.0]), np.array([0, 1, 0, 0])
    assert accuracy(z, y) == 0.75
    np.testing.assert_array_equal(confusion_matrix(z, y), [[2, 1], [0, 1]])


def test_one_hot_has_a_single_one_where_the_label_says():
    np.testing.assert_array_equal(one_hot(np.array([2, 0]), 3), [[0, 0, 1], [1, 0, 0]])


Z, L = np.zeros((4, 3)), np.array([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: mse(np.zeros(3), np.zeros((3, 1))), ValueError, r"\(3,\) .*\(3, 1\).*y\[:, 0\]"),
        (lambda: mse(np.zeros((3, 1)), np.zeros(3)), ValueError, r"prediction\[:, 0\]"),
        (lambda: mae(np.zeros(3), np.zeros(4)), ValueError, r"mae: .*\(3,\).*\(4,\).*len\(x\)"),
        (lambda: mse(0.0, np.zeros(4)), ValueError, r"shape \(\).*whole of x"),
        (lambda: binary_cross_entropy(np.zeros((3, 1)), np.zeros(3)), ValueError, r"\[:, 0\]"),
        (lambda: binary_cross_entropy(np.zeros(2), np.array([-1, 1])), ValueError, r"\(y \+ 1\)"),
        (lambda: cross_entropy(Z[:, :1], L), ValueError, r"binary_cross_entropy\(logits\[:, 0\]"),
        (lambda: cross_entropy(Z[:, 0], L), ValueError, r"shape \(4,\).*\(n, k\)"),
        (lambda: cross_entropy(Z, L + 1), ValueError, r"go from 1 to 3.*labels - 1"),
        (lambda: cross_entropy(Z, L - 1), ValueError, r"go from -1 to 1"),
        (lambda: cross_entropy(Z, L.astype(float)), TypeError, r"labels\.astype\(int\)"),
        (lambda: cross_entropy(Z, L[:3]), ValueError, r"3 labels for 4 rows"),
        (lambda: cross_entropy(Z, np.eye(4)), ValueError, r"\(4, 4\).*one_hot\(labels, 3\)"),
        (lambda: cross_entropy(Z, L[:, None]), ValueError, r"labels\[:, 0\]"),
        (lambda: one_hot(L, 2), ValueError, r"2 classes are counted from 0 to 1"),
        (lambda: one_hot(L / 2, 3), TypeError, r"float64.*astype\(int\)"),
        (lambda: accuracy(Z, L[:2]), ValueError, r"accuracy: 2 labels for 4 rows"),
        (lambda: accuracy(Z[:, 0], L[:2]), ValueError, r"accuracy: predictions have shape \(4,\)"),
        (lambda: confusion_matrix(Z, L + 5), ValueError, r"confusion_matrix: labels go from 5"),
    ],
)
def test_what_cannot_be_compared_is_quoted_with_the_cure(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_softmax_before_a_logit_loss_warns():
    with pytest.warns(UserWarning, match=r"sums to 1.*Leave it out of the model"):
        cross_entropy(softmax(np.arange(12.0).reshape(4, 3)), L)
    cross_entropy(np.array([[2.0, -1.0, 0.0]]), L[:1])  # sums to 1 by chance: no warning
