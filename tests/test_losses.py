"""Losses: equal to their formulas, finite at any logit, and clear about what can't be compared."""

import multiprocessing
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course import (
    Chain,
    Dense,
    Descent,
    Line,
    Standardize,
    accuracy,
    binary_cross_entropy,
    confusion_matrix,
    cross_entropy,
    gradient,
    logsumexp,
    mae,
    mse,
    one_hot,
    parameters,
    relu,
    sigmoid,
    softmax,
    tanh,
    train,
    value_and_gradient,
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


@pytest.mark.filterwarnings("ignore:cross_entropy. every row:UserWarning")  # by chance
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


@pytest.mark.filterwarnings("ignore:binary_cross_entropy. all logits lie between 0 and 1")
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


@pytest.mark.parametrize("kind", ["int64", "uint64", "int8", ">i4"])
def test_one_hot_has_a_single_one_where_the_label_says(kind):
    """With fewer labels than classes and with more."""
    np.testing.assert_array_equal(one_hot(np.array([2, 0], kind), 3), [[0, 0, 1], [1, 0, 0]])
    labels = np.array([1, 0, 1, 1], kind)
    np.testing.assert_array_equal(one_hot(labels, 2), [[0, 1], [1, 0], [0, 1], [0, 1]])


@given(arrays(int, 9, elements=st.integers(0, 2)), arrays(int, 9, elements=st.integers(0, 2)))
def test_one_hot_rows_count(truth, said):
    a, b = one_hot(truth, 3), one_hot(said, 3)
    pairs = [[np.sum((truth == i) & (said == j)) for j in range(3)] for i in range(3)]
    np.testing.assert_array_equal(a.T @ b, pairs)
    np.testing.assert_array_equal(confusion_matrix(b, truth), pairs)
    np.testing.assert_array_equal((a + b).sum(axis=0), a.sum(axis=0) + b.sum(axis=0))
    assert mse(a, b) == pytest.approx(2 * np.mean(truth != said) / 3)
    assert np.mean(a - b) == 0


# numbers of every kind

KINDS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", [mse, mae])
def test_integers_are_compared_as_floats(kind, loss):
    low, high = (0, 1) if kind == "bool" else (np.iinfo(kind).min, np.iinfo(kind).max)
    a, b = np.array([low, high, low], kind), np.array([high, low, low], kind)
    off = float(high) - float(low)
    expected = 2 / 3 * (off**2 if loss is mse else off)
    for one, other in ((a, b), (b, a), (a.astype(float), b), (a, b.astype(float))):
        assert loss(one, other) == pytest.approx(expected, rel=1e-12)
    assert loss(a.tolist(), b.tolist()) == pytest.approx(expected, rel=1e-12)


def test_a_float32_prediction_of_small_integers_keeps_its_value():
    z, y = np.array([0.5, 2.0], np.float32), np.array([255, 0], np.uint8)
    assert mse(z, y) == pytest.approx((254.5**2 + 4) / 2)
    slope = grad(lambda z: mse(z, y))(z)
    np.testing.assert_allclose(slope, [0.5 - 255, 2.0])


def test_integer_logits_are_scores_like_others():
    z, y = np.array([3, -2, 0]), np.array([0.5, 0.25, 1.0])
    assert binary_cross_entropy(z, y) == pytest.approx(float(binary_cross_entropy(1.0 * z, y)))
    table = np.array([[200, 100], [0, 255]], np.uint8)
    assert cross_entropy(table, np.array([1, 1])) == pytest.approx(50)
    assert accuracy(table, np.array([0, 0])) == 0.5


class Series:
    """Like pandas': two of them are subtracted by their labels, not in their order."""

    def __init__(self, values, index):
        self.values, self.index = np.asarray(values), index

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)

    def __len__(self):
        return len(self.values)

    def __sub__(self, other):
        raise AssertionError("aligned")

    __rsub__ = __sub__


def test_columns_of_a_table_are_taken_in_their_order():
    a, b = Series([1.0, 2.0, 3.0], "abc"), Series([3.0, 2.0, 1.0], "cba")
    yes, z = Series([0, 1, 1], "abc"), np.array([-1.0, 2.0, -3.0])
    assert mse(a, b) == pytest.approx(8 / 3)
    assert mae(a, b) == pytest.approx(4 / 3)
    np.testing.assert_allclose(grad(lambda p: mse(p, b))(np.zeros(3)), [-2.0, -4 / 3, -2 / 3])
    np.testing.assert_allclose(grad(lambda p: mae(p, b))(np.zeros(3)), -1 / 3)
    table = np.stack([-z, z], axis=1)
    for loss, logits in ((binary_cross_entropy, z), (cross_entropy, table)):
        plain = np.array([0, 1, 1])
        assert loss(logits, yes) == loss(logits, plain)
        np.testing.assert_array_equal(
            *(grad(lambda z, y=y, f=loss: f(z, y))(logits) for y in (yes, plain))
        )
    assert accuracy(Series(z, "abc"), yes) == pytest.approx(2 / 3)


MASKED = np.ma.masked_equal([1.0, 0.0, 1.0], 0.0)


@pytest.mark.parametrize("call", [
    lambda: mse(np.zeros(3), MASKED),
    lambda: mse(MASKED, np.zeros(3)),
    lambda: mae(np.zeros(3), MASKED),
    lambda: binary_cross_entropy(np.zeros(3), MASKED),
    lambda: binary_cross_entropy(MASKED, np.zeros(3)),
    lambda: cross_entropy(np.zeros((3, 2)), MASKED.astype(int)),
    lambda: cross_entropy(np.ma.array(np.zeros((3, 2))), np.zeros(3, int)),
    lambda: cross_entropy(np.zeros((3, 2)), np.ma.array(np.eye(2)[[0, 0, 1]])),
    lambda: accuracy(MASKED, np.zeros(3)),
    lambda: confusion_matrix(np.zeros(3), MASKED),
    lambda: one_hot(MASKED.astype(int), 2),
    lambda: mse(np.zeros(2), np.array([1j, 0])),
    lambda: mae(np.zeros(2), np.array(["a", "b"])),
    lambda: mse(np.zeros(2), np.array([1.0, None])),
    lambda: accuracy(np.array([1j, 2]), np.zeros(2)),
])  # fmt: skip
def test_masks_and_what_is_no_number_are_refused(call):
    with pytest.raises(TypeError, match=r"masked|array of|labels are"):
        call()


# NaN and infinity


@pytest.mark.parametrize(("logit", "yes"), [(np.inf, 1.0), (np.inf, 0.0), (-np.inf, 0.0)])
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_an_infinite_logit_of_yes_or_no_gives_nan_by_every_way_as_its_docstring_says(logit, yes):
    logits, y = np.array([logit, 1.0]), np.array([yes, 0.0])
    assert "an infinite one gives NaN" in binary_cross_entropy.__doc__
    assert np.isnan(binary_cross_entropy(logits, y))
    assert np.isnan(value_and_gradient(binary_cross_entropy, logits, y)[0])
    for replay in (True, False):
        with pytest.raises(ValueError, match="the loss is nan at the first step"):
            train(binary_cross_entropy, logits, [(y,)], Descent(0.1), replay=replay)


def test_nan_is_never_a_right_prediction():
    z = np.array([np.nan, np.nan, 1.0, -1.0])
    assert accuracy(z, np.array([0, 1, 1, 0])) == 0.5
    table = np.stack([z, -z], axis=1)
    assert accuracy(table, np.array([0, 1, 0, 1])) == 0.5
    table[0] = [np.nan, 5.0]
    table[1] = [-np.inf, -np.inf]
    assert accuracy(table, np.array([1, 0, 0, 1])) == 0.5
    for logits in (z, table):
        with pytest.raises(ValueError, match=r"2 samples are NaN, or -inf.*first of sample 0"):
            confusion_matrix(logits, np.array([0, 1, 1, 0]))
    for use in (accuracy, confusion_matrix, binary_cross_entropy):
        with pytest.raises(ValueError, match=r"y is NaN for 1 of 2 samples.*np\.isfinite\(y\)"):
            use(np.zeros(2), np.array([0, np.nan]))


@pytest.mark.parametrize("use", [accuracy, confusion_matrix, cross_entropy])
@pytest.mark.parametrize("rows", [
    [[0, 1], [0, 0]], [[3.5, 1.0], [0.0, 1.0]], [[-1.0, 2.0], [0.0, 1.0]], [[np.nan, 1], [0, 1]],
])  # fmt: skip
def test_one_hot_labels_are_rows_that_sum_to_one(use, rows):
    with pytest.raises(ValueError, match=rf"{use.__name__}: not every row.*one_hot\(labels, 2\)"):
        use(np.zeros((2, 2)), np.array(rows))


def test_one_hot_labels_are_looked_at_in_each_step_of_a_replay():
    batches = [(one_hot(np.array([0, 1]), 2),)] * 11 + [(np.ones((2, 2), int),)]
    with pytest.raises(ValueError, match="not every row of the one-hot labels"):
        train(cross_entropy, np.zeros((2, 2)), batches, Descent(0.1), epochs=2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_class_that_is_ruled_out_counts_nothing_by_every_way(dtype):
    z, labels = np.array([[1.0, -np.inf, 3.0], [-np.inf, 2.0, -np.inf]], dtype), np.array([2, 1])
    expected = np.log(1 + np.exp(-2.0)) / 2
    for target in (labels, one_hot(labels, 3), one_hot(labels, 3).astype(bool), np.eye(3)[labels]):
        value, slope = cross_entropy(z, target), grad(cross_entropy)(z, target)
        assert value == pytest.approx(expected, rel=1e-6)
        assert value.dtype == slope.dtype == dtype
        assert np.all(np.isfinite(slope))
    assert cross_entropy(z, np.array([1, 1])) == np.inf
    assert cross_entropy(z, one_hot(np.array([1, 1]), 3)) == np.inf
    assert accuracy(z, labels) == 1.0


# probabilities where logits belong


@pytest.mark.parametrize("use", [accuracy, confusion_matrix, binary_cross_entropy])
@pytest.mark.parametrize("z", [
    [-3.0, -2.0, 2.0, -1.0],
    [-3.0, -2.0, 2.0],
    [-0.9, 1.5, -2.0, 3.0, 0.8, -0.7],
    [-5.0, -4.0, -6.0, -5.0],
    [4.0, 5.0, 3.0],
])  # fmt: skip
def test_probabilities_of_yes_are_met_with_the_cure(use, z):
    z = np.array(z)
    y = (z > 0).astype(int)
    cure = "Leave sigmoid out" if use is binary_cross_entropy else rf"{use.__name__}\(p - 0\.5, y\)"
    use(z, y)  # logits are taken without a word
    if np.all(z > 0) or (use is binary_cross_entropy and np.all(z < 0)):
        return  # right either way; or real logits that are small, for all a loss can tell
    with pytest.warns(UserWarning, match=rf"{use.__name__}: all logits lie.*{cure}"):
        use(1 / (1 + np.exp(-z)), y)


def test_a_loss_with_sigmoid_in_the_model_warns_while_training():
    rng = np.random.default_rng(0)
    x = rng.normal(size=40)
    y = (x > 0).astype(int)

    def loss(model, x, y):
        return binary_cross_entropy(sigmoid(model(x)), y)

    with pytest.warns(UserWarning, match="as if sigmoid was applied already"):
        gradient(loss, Line(4.0, 0.0), x, y)


def test_logits_near_zero_at_the_start_of_a_training_hardly_ever_warn():
    """2,000 first steps: all logits between 0 and 1, labels of any share, batches of 1 to 64."""
    rng = np.random.default_rng(0)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for _ in range(2000):
            n, share, bias = rng.integers(1, 65), rng.random(), rng.uniform(0, 1)
            z = np.clip(bias + rng.normal(0, rng.choice([0.01, 0.1]), n), 0, 1)
            binary_cross_entropy(z, rng.random(n) < share)
    assert len(seen) <= 6
    for zeros in (np.zeros(8), np.full(8, 0.3)):
        binary_cross_entropy(zeros, np.zeros(8, int))
        accuracy(zeros, np.zeros(8, int))


def test_yes_and_no_may_be_said_by_booleans_and_by_0_and_1():
    said, y = np.array([True, False, True, False]), np.array([1, 0, 0, 0])
    assert accuracy(said, y) == accuracy(said.astype(int), y == 1) == 0.75
    np.testing.assert_array_equal(confusion_matrix(said, y), [[2, 1], [0, 1]])


@pytest.mark.parametrize("said", [np.array([True, False]), np.array([1, 0]), np.array([0.5, -1])])
def test_labels_of_more_classes_are_refused_with_the_functions_own_name(said):
    for use in (accuracy, confusion_matrix):
        with pytest.raises(ValueError, match=rf"{use.__name__}: y goes from 0 to 2.*np\.mean"):
            use(said, np.array([0, 2]))


# pickling

PUBLIC = [relu, sigmoid, tanh, softmax, logsumexp, mse, mae, binary_cross_entropy, cross_entropy,
          accuracy, confusion_matrix, one_hot, gradient]  # fmt: skip


@pytest.mark.parametrize("function", PUBLIC, ids=lambda f: f.__name__)
def test_functions_are_pickled_by_their_name(function):
    assert pickle.loads(pickle.dumps(function)) is function


def test_a_network_is_computed_in_another_process():
    rng = np.random.default_rng(0)
    network = Chain(Standardize.fit(rng.random((4, 2))), Dense(2, 3, relu, rng=rng), sigmoid)
    x = rng.random((5, 2))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        np.testing.assert_array_equal(pool.submit(network, x).result(), network(x))
        assert pool.submit(mse, x, x).result() == 0


Z, L = np.zeros((4, 3)), np.array([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: mse(np.zeros(3), np.zeros((3, 1))), ValueError, r"\(3,\) .*\(3, 1\).*y\[:, 0\]"),
        (lambda: mse(np.zeros((3, 1)), np.zeros(3)), ValueError, r"prediction\[:, 0\]"),
        (lambda: mae(np.zeros(3), np.zeros(4)), ValueError, r"mae: .*\(3,\).*\(4,\).*len\(x\)"),
        (
            lambda: mse(0.0, np.zeros(4)),
            ValueError,
            r"shape \(\).*whole of x: mse\(model",
        ),
        (lambda: mse(np.zeros((3, 2)), np.zeros((3, 4))), ValueError, r"as many outputs as y"),
        (lambda: binary_cross_entropy(np.zeros((3, 1)), np.zeros(3)), ValueError, r"\[:, 0\]"),
        (lambda: binary_cross_entropy(np.zeros(2), np.array([-1, 1])), ValueError, r"\(y \+ 1\)"),
        (lambda: cross_entropy(Z[:, :1], L), ValueError, r"binary_cross_entropy\(logits\[:, 0\]"),
        (
            lambda: accuracy(Z[:, :1], L),
            ValueError,
            r"use accuracy\(logits, y\).*accuracy\(logits\[:",
        ),
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
