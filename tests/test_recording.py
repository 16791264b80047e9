"""A replayed gradient is the ordinary one, to the bit, or there is none.

Half of this file are losses that do what they can to make a recording lie. Each is trained with
and without replay: both runs must agree in every bit, or a warning must say where they may not.
"""

import copy
import itertools
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass

import autograd.numpy as np
import numpy
import pytest
from autograd import grad
from autograd.extend import defvjp, primitive
from hypothesis import given, settings
from hypothesis import strategies as st

import course.losses
from course import (
    Adam,
    AdamW,
    Batches,
    Chain,
    Dense,
    Descent,
    Line,
    Momentum,
    Parabola,
    Standardize,
    astype,
    binary_cross_entropy,
    constant,
    cross_entropy,
    gradient,
    logsumexp,
    mae,
    mse,
    one_hot,
    parameters,
    record,
    relu,
    sigmoid,
    softmax,
    tanh,
    train,
    value_and_gradient,
)
from course.engine.recording import difference
from course.engine.source import Listing, names_in

X = numpy.linspace(-1, 1, 50)
Y = 3 * X + 1 + numpy.sin(40 * X)


def line_loss(model, x, y):
    return mse(model(x), y)


def features(n=50, k=4, seed=0):
    return numpy.random.default_rng(seed).normal(size=(n, k))


def classes(n=50, k=3, seed=1):
    return numpy.random.default_rng(seed).integers(0, k, n)


def network(*sizes, activation=relu, seed=2):
    rng = numpy.random.default_rng(seed)
    pairs = list(itertools.pairwise(sizes))
    return Chain(
        *(Dense(a, b, activation, rng=rng) for a, b in pairs[:-1]), Dense(*pairs[-1], rng=rng)
    )


def both(loss, model, data, optimizer=None, make=None, **options):
    """Train with and without replay; `make` makes the loss anew for each of the two runs."""
    options = {"epochs": 40, "progress": False, **options}
    optimizer = Descent(0.01) if optimizer is None else optimizer
    runs = []
    for replay in (True, False):
        used = make() if make else loss
        batches = data() if callable(data) else data
        runs.append(train(used, model, batches, optimizer, replay=replay, **options))
    return runs


def assert_same_bits(runs):
    (model, history), (expected, ordinary) = runs
    for a, b in zip(parameters(model), parameters(expected), strict=True):
        numpy.testing.assert_array_equal(a, b)
        assert type(a) is type(b)
        assert numpy.asarray(a).dtype == numpy.asarray(b).dtype
    numpy.testing.assert_array_equal(history.losses, ordinary.losses)
    assert history.ended == ordinary.ended
    return history


def program_of(recording):
    (replay,) = recording.replays.values()
    return replay.program


def assert_replayed(runs):
    assert assert_same_bits(runs).notes == []


def assert_ordinary(runs, match):
    (note,) = assert_same_bits(runs).notes
    assert "without replay" in note
    assert match in note


# ---- what is recorded, and agrees in every bit --------------------------------------------------


def plain_cross_entropy(model, x, y):
    z = model(x)
    z = z - np.max(z, axis=1, keepdims=True)
    p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


def two_sums(model, x, y):
    rows = np.sum(model(x), axis=1, keepdims=True)
    return np.mean(rows**2) + np.mean(np.sin(rows)) + np.mean(model(x) ** 2)


def sums_of_a_row(model, x, y):
    z = model(x)
    return np.mean(np.sum(z, axis=1) ** 2) + np.mean(np.sum(z, axis=1, keepdims=True) ** 3)


def plain_one_hot(model, x, y):
    return -np.mean(np.sum(y * np.log(softmax(model(x))), axis=1))


LOSSES = {
    "mse": lambda m, x, y: mse(m(x)[:, 0], y * 1.0),
    "mae": lambda m, x, y: mae(m(x)[:, 0], y * 1.0),
    "plain mse": lambda m, x, y: np.mean((m(x)[:, 0] - y) ** 2),
    "cube": lambda m, x, y: np.mean(np.abs(m(x)[:, 0] - y) ** 3),
    "binary": lambda m, x, y: binary_cross_entropy(m(x)[:, 0], y > 0),
    "cross-entropy": lambda m, x, y: cross_entropy(m(x), y),
    "one-hot": lambda m, x, y: cross_entropy(m(x), one_hot(y, 3)),
    "plain cross-entropy": plain_cross_entropy,
    "by one-hot": lambda m, x, y: plain_one_hot(m, x, np.equal(y[:, None], np.arange(3))),
    "weight decay": lambda m, x, y: (
        cross_entropy(m(x), y) + 0.01 * sum(np.sum(layer.weight**2) for layer in m)
    ),
    "where": lambda m, x, y: np.mean(np.where(m(x) > 0, m(x), 0.1 * m(x)) ** 2),
    "standard deviation": lambda m, x, y: np.std(m(x)) + np.mean(m(x)) ** 2,
    "log-sum-exp": lambda m, x, y: np.mean(logsumexp(m(x))),
    "concatenate": lambda m, x, y: np.mean(np.concatenate([m(x), m(2 * x)]) ** 2),
    "broadcast": lambda m, x, y: np.mean((m(x)[:, None, :] - m(x)[None, :, :]) ** 2),
    "batch statistics": lambda m, x, y: mse(m((x - x.mean(0)) / x.std(0))[:, 0], y * 1.0),
    "max of the batch": lambda m, x, y: mse(m(x / x.max())[:, 0], y * 1.0),
    "masks": lambda m, x, y: np.mean(m(x) ** 2 * ((x[:, :1] > 0) & ~(x[:, :1] > 1))),
    "rows chosen by label": lambda m, x, y: np.mean(m[-1].weight[y] ** 2),
    "sums that meet": lambda m, x, y: np.mean(
        np.sum(m(x), axis=1, keepdims=True) * np.mean(m(x) ** 2, axis=0, keepdims=True)
    ),
    "a sum before a product": lambda m, x, y: np.mean(
        (np.sum(m(x)[None], axis=0) @ np.eye(3)) ** 2
    ),
    "a sum by itself": lambda m, x, y: np.mean(m[0](x) ** 2) + np.sum(m[1].weight, axis=0)[0] ** 2,
    "two sums": two_sums,
    "sums of a row": sums_of_a_row,
    "largest of all": lambda m, x, y: np.max(m(x)) ** 2 + np.min(m(x), axis=(0, 1)) ** 2,
    "spread": lambda m, x, y: np.mean(np.var(m(x), axis=0) / np.max(np.abs(m(x)), axis=0)),
    "median": lambda m, x, y: mse(m(x - numpy.median(x))[:, 0], y * 1.0),
    "plain numpy": lambda m, x, y: mse(m(numpy.tanh(x) + numpy.mean(x))[:, 0], y * 1.0),
}


@pytest.mark.parametrize("dtype", [numpy.float64, numpy.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_replayed_to_the_bit(name, dtype):
    model = astype(network(4, 5, 3), dtype)
    x, y = features().astype(dtype), classes()

    def data():
        return Batches(x, y, 16, rng=numpy.random.default_rng(3))  # the last batch has 2

    assert_replayed(both(LOSSES[name], model, data, Adam(0.01), epochs=10))


@pytest.mark.parametrize("name", ["plain mse", "plain cross-entropy", "spread", "largest of all"])
def test_float32_stays_float32_on_the_way_back(name):
    model = astype(network(4, 5, 3), numpy.float32)
    recording = record(LOSSES[name], model, features().astype(numpy.float32), classes())
    program = program_of(recording)
    products = [call for call in program.calls if call.function is numpy.matmul]
    assert len(products) >= 3
    assert {call.value.dtype for call in products} == {numpy.dtype(numpy.float32)}


@pytest.mark.parametrize("activation", [relu, tanh, sigmoid, softmax, np.sin, None])
@pytest.mark.parametrize("optimizer", [Descent(0.1), Momentum(0.01), AdamW(0.01)])
def test_networks_and_rules_are_replayed(activation, optimizer):
    model = network(4, 6, 6, 3, activation=activation)
    assert_replayed(both(LOSSES["cross-entropy"], model, [(features(), classes())], optimizer))


MODELS = {
    "floats": Line(0.5, 0.5),
    "numpy floats": Line(numpy.float64(0.5), numpy.float64(0.5)),
    "single floats": Line(numpy.float32(0.5), numpy.float32(0.5)),
    "0-d arrays": Line(numpy.array(0.5), numpy.array(0.5)),
    "arrays of one": Line(numpy.array([0.5]), numpy.array([0.5])),
    "mixed": Line(0.5, numpy.zeros(50, numpy.float32)),
    "parabola": Parabola(0.1, 0.2, 0.3),
}


@pytest.mark.parametrize("dtype", [numpy.float64, numpy.float32])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_keeps_its_kinds(name, dtype):
    data = [(X.astype(dtype), Y.astype(dtype))]
    assert_replayed(both(line_loss, MODELS[name], data, Momentum(0.01)))


TERMS = ["slopes * x", "height", "2 * shifts", "table @ weights"]


@pytest.mark.parametrize(
    "order", [*itertools.permutations(TERMS, 2), *itertools.permutations(TERMS, 3)]
)
def test_gradients_that_are_made_of_the_same(order):
    n = len(X)
    model = {"slopes": numpy.ones(n), "height": 0.5, "shifts": X, "weights": numpy.ones(4)}

    def loss(model, x, y):
        parts = {"x": x, "table": features(n), **model}
        return np.mean((sum(eval(term, parts) for term in order) - y) ** 2)

    assert_replayed(both(loss, model, [(X, Y)]))


def test_an_array_is_kept_as_long_as_a_view_of_it_is_needed():
    def loss(model, x, y):
        backwards = np.reshape(model["w"] * x, -1)[::-1]  # a view
        another = np.tanh(model["v"] * x) + y  # of the same size
        return np.mean((backwards - another) ** 2)

    assert_replayed(both(loss, {"w": X, "v": Y}, [(X, Y)]))


def test_a_tie_stays_one_parameter():
    shared = features(4, 4)
    model = Chain(
        Dense.from_arrays(shared, numpy.zeros(4), tanh), Dense.from_arrays(shared, numpy.ones(4))
    )
    runs = both(LOSSES["mse"], model, [(features(), classes())])
    assert_replayed(runs)
    assert runs[0][0][0].weight is runs[0][0][1].weight


def test_frozen_parts_stay_and_cost_nothing():
    model = network(4, 5, 3)
    runs = both(
        LOSSES["cross-entropy"], model, [(features(), classes())], Adam(), frozen=(model[0],)
    )
    assert_replayed(runs)
    numpy.testing.assert_array_equal(runs[0][0][0].weight, model[0].weight)


def test_a_parameter_that_the_loss_leaves_out():
    model = {"used": 1.0, "unused": numpy.ones(3)}
    assert_replayed(both(lambda m, x: np.mean((m["used"] * x - 1) ** 2), model, [(X,)]))


def test_a_gradient_that_is_always_the_same_or_the_batch_itself():
    model = {"a": numpy.zeros(50), "b": numpy.zeros(50)}
    assert_replayed(
        both(lambda m, x: np.sum(m["a"] * x) + np.sum(m["b"]) + 9.0, model, [(X,)], epochs=12)
    )


def test_clip_validation_patience_and_a_state_to_go_on_from():
    model, data = network(4, 5, 3), [(features(), classes())]
    options = {"clip": 0.01, "validation": (features(seed=5), classes()), "patience": 30}
    runs = both(LOSSES["cross-entropy"], model, data, Adam(0.05), **options)
    assert_replayed(runs)
    more = [
        train(LOSSES["cross-entropy"], m, data, Adam(0.05), state=h.state, epochs=12, replay=replay)
        for (m, h), replay in zip(runs, (True, False), strict=True)
    ]
    assert_replayed(more)


def test_a_layer_that_standardizes():
    x = 100 + 30 * features()
    model = Chain(Standardize.fit(x), *network(4, 5, 3))
    assert_replayed(both(LOSSES["cross-entropy"], model, [(x, classes())]))


def test_batches_of_many_lengths_and_layouts():
    x, y = features(60), classes(60)
    data = [
        (x[:10], y[:10]),
        (x[:7], y[:7]),
        (numpy.asfortranarray(x), y),
        (x[::2], y[::2]),
        (x.astype(numpy.float32), y.astype(numpy.int32)),
        (x[:0:-1], y[:0:-1]),
    ]
    assert_replayed(both(LOSSES["cross-entropy"], network(4, 8, 3), data))


def test_batches_hold_numbers_and_settings_too():
    def loss(model, x, y, scale, power, robust):
        error = model(x) * scale - y
        return np.mean(np.abs(error)) if robust else np.mean(error**power)

    data = [(X, Y, 1.0, 2, False), (X, Y, 2.0, 2, False), (X, Y, numpy.float64(0.5), 4, True)]
    assert_replayed(both(loss, Line(0.5, 0.5), data))


def test_a_rule_of_ones_own_gets_each_array_by_itself_and_to_keep():
    @dataclass(frozen=True)
    class Scaled:
        """Looks at a whole array, keeps the gradient as its state and writes into it."""

        learning_rate: float = 0.1

        def start(self, parameter):
            return numpy.zeros_like(parameter)

        def step(self, parameter, gradient, state):
            new = parameter - self.learning_rate * (gradient + state) / (
                1 + numpy.max(abs(gradient))
            )
            return new, gradient

    assert_replayed(both(LOSSES["mse"], network(4, 5, 3), [(features(), classes())], Scaled()))


@given(
    st.lists(st.sampled_from("+-*/^stmeal"), min_size=1, max_size=12),
    st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=60)
def test_formulas_drawn_at_random_are_replayed_to_the_bit(steps, seed):
    formula = tuple(steps)  # of a list the contents might change

    def loss(model, x, y):
        a, b = model["w"] * x, x + model["v"]
        for step in formula:
            a, b = {
                "+": lambda a, b: (a + b, a),
                "-": lambda a, b: (b - a, a),
                "*": lambda a, b: (a * b, a + y),
                "/": lambda a, b: (a / (2 + b**2), b),
                "^": lambda a, b: (a**2, b),
                "s": lambda a, b: (np.sum(a, axis=0, keepdims=True) + b, a),
                "t": lambda a, b: (np.tanh(a), b),
                "m": lambda a, b: (np.maximum(a, b), b),
                "e": lambda a, b: (np.exp(-(a**2)), a),
                "a": lambda a, b: (np.abs(a) + b.T.T, b),
                "l": lambda a, b: (np.reshape(np.reshape(a, -1)[::-1], np.shape(a)), b),
            }[step](a, b)
        return np.mean(np.tanh(a) + 0 * b)

    rng = numpy.random.default_rng(seed)
    model = {"w": rng.normal(size=(4,)), "v": rng.normal(size=(6, 1))}
    data = [(rng.normal(size=(6, 4)), rng.normal(size=(6, 4))) for _ in range(3)]
    assert_replayed(both(loss, model, data, epochs=4))


# ---- losses that look at the numbers: they go the ordinary way, and say so ----------------------


def looks_by_if(model, x, y):
    return mse(model(x), y) if mse(model(x), y) > 1 else mae(model(x), y)


def looks_by_while(model, x, y):
    steps = 0
    while np.sum(x**2) * 2.0**-steps > 1:
        steps += 1
    return mse(model(x), y) / steps


def looks_by_assert(model, x, y):
    assert np.all(np.isfinite(model(x)))
    return mse(model(x), y)


def looks_by_float(model, x, y):
    return mse(model(x) / float(x.max()), y)


def looks_by_int(model, x, y):
    return mse(model(x), y) * int(1 + abs(x[0]) * 10)


def looks_by_item(model, x, y):
    return mse(model(x) * x.max().item(), y)


def looks_by_tolist(model, x, y):
    return mse(model(x), y) + model.m**2 * sum(x.tolist())


def looks_by_asarray(model, x, y):
    return mse(model(x), y) + model.m**2 * numpy.linalg.norm(numpy.asarray(x))


def looks_by_plain_stack(model, x, y):
    return mse(model(numpy.array([x, x])[0]), y)


def looks_by_einsum(model, x, y):
    return mse(np.einsum("i,i->i", x, model(x)), y)


def looks_by_format(model, x, y):
    return mse(model(x), y) * float(f"{x[0]:.3f}")


def looks_by_index_into_an_array(model, x, y):
    table = numpy.linspace(0, 1, 100)
    return mse(model(x) * table[np.argmax(x)], y)


def looks_by_set(model, x, y):
    return mse(model(x), y) + model.m**2 * sum(one > 0 for one in set(x))


def looks_by_membership(model, x, y):
    return mse(model(x), y) + model.m**2 * sum(one in {1.0, 2.0} for one in np.round(x))


def looks_by_dict(model, x, y):
    return mse(model(x), y) + model.m**2 * sum({1.0: 2.0}.get(one, 1.0) for one in np.round(x))


def looks_by_counter(model, x, y):
    return mse(model(x), y) + model.m**2 * Counter(np.round(x)).most_common(1)[0][1]


def looks_by_copy(model, x, y):
    return mse(model(copy.deepcopy(x)), y)


def looks_by_python_max(model, x, y):
    return mse(model(x) / max(x), y)


def looks_by_sort(model, x, y):
    return np.mean(np.sort(model(x))[:5] ** 2)


def writes_into_what_it_made(model, x, y):
    scaled = numpy.empty_like(x)
    numpy.multiply(x, 2.0, out=scaled)
    return mse(model(scaled), y)


def changes_its_batch(model, x, y):
    x -= 0.01
    x[0] = 0.5
    return mse(model(x), y)


LOOKING = [value for name, value in dict(globals()).items() if name.startswith("looks_by")]


def cut(n=50, size=20):
    """Batches of two lengths, whose values differ: made anew for each run."""
    return [(X[i : i + size].copy(), Y[i : i + size].copy()) for i in range(0, n, size)]


@pytest.mark.parametrize("loss", [*LOOKING, changes_its_batch, writes_into_what_it_made])
@pytest.mark.parametrize("data", [cut, lambda: [(X.copy(), Y.copy())]])
def test_a_loss_that_looks_goes_the_ordinary_way(loss, data):
    runs = both(loss, Line(0.5, 0.5), data, epochs=20)
    assert_ordinary(runs, "")


@pytest.mark.parametrize("loss", LOOKING)
def test_a_loss_that_looks_isnt_recorded(loss):
    with pytest.raises(ValueError, match=r"can't be recorded.*replay=False"):
        record(loss, Line(0.5, 0.5), X, Y)


def chosen_by_mask(model, x, y):
    return np.mean((model(x) - y)[x > 0] ** 2)


def counted_only(model, x, y):
    return mse(model(x), y) + model.m**2 * len(np.unique(np.round(x, 1)))


def chosen_by_slice(model, x, y):
    start = np.argmax(x)
    return mse(model(x)[start // 2 :], y[start // 2 :])


def chosen_by_where(model, x, y):
    (rows,) = np.where(x > 0)
    return np.mean((model(x) - y)[rows] ** 2)


@pytest.mark.parametrize("loss", [chosen_by_mask, counted_only, chosen_by_slice, chosen_by_where])
def test_a_choice_that_may_keep_another_number_goes_the_ordinary_way(loss):
    data = [(X, Y)] * 4 + [(X[::-1] * 1.5 + 0.5, Y)]  # the fifth step is the first to be different
    assert_ordinary(both(loss, Line(0.5, 0.5), data), "kind or shape")


# ---- losses that aren't the same each time: found out, at once or later -------------------------


def drawn(make_rng):
    def make():
        rng = make_rng()
        return lambda model, x, y: mse(model(x) * (rng.random(np.shape(x)) > 0.5), y)

    return make


def from_numpys_own_random():
    numpy.random.seed(0)  # noqa: NPY002
    return lambda model, x, y: mse(model(x) + numpy.random.normal(size=len(x)), y)  # noqa: NPY002


def counting():
    count = itertools.count()
    return lambda model, x, y: mse(model(x), y) + next(count) * model.m**2


def accumulating():
    seen = []

    def loss(model, x, y):
        seen.append(1.0)
        return mse(model(x), y) + model.m**2 * len(seen)

    return loss


def alternating():
    turn = itertools.cycle([mse, mae])
    return lambda model, x, y: next(turn)(model(x), y)


def remembering():
    last = {"x": 0.0}

    def loss(model, x, y):
        value = mse(model(x), y) + np.mean(last["x"] * model.m)
        last["x"] = x
        return value

    return loss


def remembering_the_first():
    first = {}

    def loss(model, x, y):
        first.setdefault("x", x * 1.0)
        return mse(model(x), y) + np.sum(first["x"] * model.m)

    return loss


IMPURE = [
    drawn(lambda: numpy.random.default_rng(0)),
    from_numpys_own_random,
    counting,
    accumulating,
    alternating,
    remembering,
    remembering_the_first,
]


@pytest.mark.parametrize("make", IMPURE)
@pytest.mark.parametrize("data", [lambda: [(X, Y)], lambda: cut(40)])
def test_a_loss_that_changes_from_the_start_is_as_without_replay(make, data):
    runs = both(None, Line(0.5, 0.5), data, make=make, epochs=20)
    assert_ordinary(runs, "")


def later(step, change):
    """A loss that changes after so many calls."""

    def make():
        count = itertools.count()
        return lambda model, x, y: (
            mse(model(x), y) + (change if next(count) >= step else 0.0) * model.m**2
        )

    return make


@pytest.mark.parametrize("step", [2, 3, 4, 5])
def test_an_iterator_from_outside_is_not_replayed(step):
    assert_ordinary(both(None, Line(0.5, 0.5), [(X, Y)], make=later(step, 0.1)), "count")


def test_a_clock_in_the_loss():
    start = time.perf_counter()
    with pytest.raises(ValueError, match=r"can't be recorded.*clock"):
        record(lambda m, x: np.sum(m["w"] * x) * (time.perf_counter() - start), {"w": 1.0}, X)


def test_data_that_change_between_steps():
    def run(replay):
        x, y = X.copy(), Y.copy()

        def shift(step):
            x[:] += 0.01
            y[step.index % 50] = 0

        options = {"epochs": 40, "callbacks": [shift], "replay": replay}
        return train(line_loss, Line(0.5, 0.5), [(x, y)], Descent(0.01), **options)

    assert_replayed([run(True), run(False)])


def test_a_batch_that_the_loss_takes_from_outside():
    """The argument is ignored; autograd and replay both see the whole of X."""
    batches = cut()
    assert_replayed(both(lambda m, x, y: mse(m(X), Y), Line(0.5, 0.5), batches))


def test_features_kept_from_the_first_batch_are_found_out():
    def make():
        kept = {}

        def loss(model, x, y):
            if "features" not in kept:
                kept["features"] = np.tanh(x)
            return mse(model(kept["features"]), y)

        return loss

    runs = both(None, Line(0.5, 0.5), [(X, Y)], make=make)
    assert_ordinary(runs, "a dict, whose contents may change")


def test_arrays_that_a_loss_collects_are_arrays_afterwards():
    seen = []

    def loss(model, x, y):
        seen.append(x * 2)
        return mse(model(x), y)

    train(loss, Line(0.5, 0.5), [(X, Y)], Descent(0.01), epochs=10)
    for kept in seen:
        numpy.testing.assert_array_equal(kept + 0, 2 * X)
        assert kept.sum() == numpy.sum(2 * X)
        assert numpy.median(kept) == numpy.median(2 * X)
        assert value_and_gradient(line_loss, Line(1.0, 0.0), kept, 2 * X)[0] == 0


def test_a_primitive_of_ones_own_that_is_random():
    rng = numpy.random.default_rng(0)

    @primitive
    def noisy(x):
        return x + rng.normal(size=x.shape)

    defvjp(noisy, lambda ans, x: lambda g: g)

    def loss(model, x, y):
        return mse(noisy(model(x)), y)

    _, history = train(loss, Line(0.5, 0.5), [(X, Y)], Descent(0.01), epochs=10)
    assert "`rng` from outside, a Generator" in history.notes[0]


def test_a_primitive_of_ones_own_is_replayed():
    @primitive
    def double(x):
        return 2 * x

    defvjp(double, lambda ans, x: lambda g: 2 * g)
    assert_replayed(both(lambda m, x, y: mse(double(m(x)), y), Line(0.5, 0.5), cut()))


# ---- when the loss is called --------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    """Count how often `mse` computes, which a loss can't see."""
    counted = []
    body = course.errors.losses.require_same_shape

    def counting(*args):
        counted.append(args)
        return body(*args)

    monkeypatch.setattr(course.losses, "require_same_shape", counting)
    return counted


@pytest.mark.parametrize("steps", [10, 64, 1000])
def test_the_loss_is_called_in_the_first_two_steps_and_once_at_the_end(steps, calls):
    train(line_loss, Line(0.5, 0.5), [(X, Y)], Descent(0.01), epochs=steps)
    assert len(calls) == 3


def test_the_batches_compared_are_not_the_same_ones_of_each_pass(calls):
    """Of an unshuffled pass of 8 batches, each step at a power of two would see the first."""
    batches = Batches(X[:48], Y[:48], 6, shuffle=False)
    train(line_loss, Line(0.5, 0.5), batches, Descent(0.01), epochs=8)
    targets = [list(batches.y).index(target[0].item()) // 6 for _, _, target in calls]
    assert targets == [0, 1, 7]


def test_batches_of_ever_new_lengths_go_the_ordinary_way():
    data = [(X[:n], Y[:n]) for n in range(1, 50)]
    assert_ordinary(both(line_loss, Line(0.5, 0.5), data, epochs=2), "kinds")


@pytest.mark.parametrize("odd", [[0.0, 1.0], {"a": 1}, numpy.array(["a"]), numpy.ma.ones(3)])
def test_a_batch_with_something_that_isnt_an_array_goes_the_ordinary_way(odd):
    data = [(X, Y, odd)]
    assert_ordinary(both(lambda m, x, y, odd: mse(m(x), y), Line(0.5, 0.5), data), "batch holds")


# ---- errors come as they do without replay ------------------------------------------------------


BAD = {
    "label too large": (cross_entropy, classes(20), numpy.full(20, 3), r"0 to 2"),
    "label negative": (cross_entropy, classes(20), numpy.full(20, -1), r"labels go from -1"),
    "yes or no beyond 1": (
        lambda z, y: binary_cross_entropy(z[:, 0], y),
        numpy.ones(20),
        numpy.full(20, 2.0),
        r"0 \(no\) to 1",
    ),
    "another shape": (cross_entropy, classes(20), classes(19), r"19 labels for 20 rows"),
    "another type": (cross_entropy, classes(20), numpy.ones(20), r"labels\.astype\(int\)"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("replay", [True, False])
def test_bad_labels_in_a_later_batch_raise(name, replay):
    function, good, bad, message = BAD[name]
    x = features(20)
    data = [(x, good)] * 10 + [(x, bad)]
    with pytest.raises((ValueError, TypeError), match=message):
        train(lambda m, x, y: function(m(x), y), network(4, 3), data, Descent(0.01), replay=replay)


def test_an_error_in_the_loss_is_the_losss_own():
    def loss(model, x, y):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine") as raised:
        train(loss, Line(0.5, 0.5), [(X, Y)], Descent(0.01), epochs=20)
    assert raised.value.__context__ is None  # one traceback, and not that of a recording above it


def test_an_error_after_a_recording_leaves_autograd_as_it_was():
    with pytest.raises(ZeroDivisionError):
        train(lambda m, x: 1 / 0, Line(0.5, 0.5), [(X,)], Descent(0.01), epochs=20)
    assert gradient(line_loss, Line(3.0, 0.0), X, 3 * X).m == 0


# ---- what a replay gives is ours to keep --------------------------------------------------------


def test_what_callbacks_get_is_theirs_to_keep():
    kept, models = [], []

    def keep(step):
        kept.append((step.model, step.gradient))
        models.append(
            [numpy.copy(p) for p in (*parameters(step.model), *parameters(step.gradient))]
        )
        parameters(step.gradient)[0][...] = numpy.nan  # nor does writing into it do harm
        parameters(step.model)[0][...] = numpy.nan

    data = [(features(), classes())]
    runs = both(
        LOSSES["cross-entropy"], network(4, 5, 3), data, Adam(), callbacks=[keep], epochs=12
    )
    assert_replayed(runs)
    for (model, gradient_), copies in zip(kept, models, strict=True):
        now = [*parameters(model), *parameters(gradient_)]
        for index in (1, 2, 3, 5, 6, 7):
            numpy.testing.assert_array_equal(now[index], copies[index])


@pytest.mark.parametrize("step", [0, 1, 2, 3, 7, 20])
def test_an_interrupt_gives_the_last_complete_step(step):
    def stop(shown):
        if shown.index == step:
            raise KeyboardInterrupt

    options = {"epochs": 50, "callbacks": [stop]}
    data = [(features(), classes())]
    model, history = train(LOSSES["cross-entropy"], network(4, 3), data, Adam(), **options)
    assert history.ended == "interrupted"
    assert len(history.losses) == history.state.step == step
    if step:
        expected, _ = train(LOSSES["cross-entropy"], network(4, 3), data, Adam(), epochs=step)
        for a, b in zip(parameters(model), parameters(expected), strict=True):
            numpy.testing.assert_array_equal(a, b)


def test_divergence_is_noticed_at_the_same_step():
    def run(replay):
        with pytest.warns(RuntimeWarning, match="diverged: loss .* at step"):
            return train(
                line_loss, Line(0.5, 0.5), [(X, Y)], Descent(3.0), epochs=500, replay=replay
            )

    assert_replayed([run(True), run(False)])


# ---- record: the gradient as a program to read --------------------------------------------------


def test_a_recording_gives_the_ordinary_gradient():
    model, x, y = network(4, 5, 3), features(), classes()
    recording = record(LOSSES["cross-entropy"], model, x, y)
    for model_, x_, y_ in [
        (model, x, y),
        (network(4, 5, 3, seed=9), x[::-1], y),
        (model, x[:7], y[:7]),
    ]:
        value, found = recording.value_and_gradient(model_, x_, y_)
        expected_value, expected = value_and_gradient(LOSSES["cross-entropy"], model_, x_, y_)
        assert value == expected_value
        for a, b in zip(parameters(found), parameters(expected), strict=True):
            numpy.testing.assert_array_equal(a, b)


def test_a_recordings_gradient_is_ours_to_keep():
    recording = record(line_loss, {"w": X} and Line(numpy.ones(50), numpy.zeros(50)), X, Y)
    first = recording(Line(numpy.ones(50), numpy.zeros(50)), X, Y)
    copy = first.m.copy()
    recording(Line(numpy.zeros(50), numpy.zeros(50)), X, Y)
    numpy.testing.assert_array_equal(first.m, copy)


def test_another_model_is_recorded_anew():
    recording = record(LOSSES["cross-entropy"], network(4, 5, 3), features(), classes())
    other = network(4, 5, 3, activation=tanh)
    found = parameters(recording(other, features(), classes()))
    expected = parameters(gradient(LOSSES["cross-entropy"], other, features(), classes()))
    for a, b in zip(found, expected, strict=True):
        numpy.testing.assert_array_equal(a, b)


def test_a_model_with_another_constant_is_recorded_anew():
    @dataclass
    class Scaled:
        w: float
        scale: float = constant()

    def loss(model, x):
        return np.mean((model.w * model.scale * x - 1) ** 2)

    recording = record(loss, Scaled(1.0, 2.0), X)
    assert recording(Scaled(1.0, 5.0), X).w == gradient(loss, Scaled(1.0, 5.0), X).w


def test_a_batch_of_another_layout_is_recorded_anew():
    model, x, y = network(4, 5, 3), features(), classes()
    recording = record(LOSSES["cross-entropy"], model, x, y)
    for other in (numpy.asfortranarray(x), numpy.repeat(x, 2, axis=1)[:, ::2]):
        found = parameters(recording(model, other, y))
        for a, b in zip(found, parameters(gradient(recording.loss, model, other, y)), strict=True):
            numpy.testing.assert_array_equal(a, b)
    (replay,) = recording.replays.values()
    assert len(replay.compared) == 1
    assert len(replay.recorded) == 3  # the other two were called once


def test_the_source_is_a_function_to_read_and_to_run():
    source = record(line_loss, Line(0.5, 0.5), X, Y).source
    exec(source, scope := {"np": numpy})
    value, gradients = scope["value_and_gradient"](0.5, 0.5, X, Y)
    expected_value, expected = value_and_gradient(line_loss, Line(0.5, 0.5), X, Y)
    assert value == expected_value
    assert gradients == [expected.m, expected.b]


@pytest.mark.parametrize("name", LOSSES)
def test_every_source_runs_and_gives_the_ordinary_gradient(name):
    model, x, y = network(4, 5, 3), features(), classes()
    recording = record(LOSSES[name], model, x, y)
    program = program_of(recording)
    text = Listing(program, names_in(model, LOSSES[name], (x, y)))
    source = text.text()
    exec(source, scope := {"np": numpy, **text.constants})
    value, gradients = scope["value_and_gradient"](*parameters(model), x, y)
    expected_value, expected = value_and_gradient(LOSSES[name], model, x, y)
    assert value == expected_value
    for a, b in zip(gradients, parameters(expected), strict=True):
        numpy.testing.assert_array_equal(a, b)


def test_the_source_reads_as_one_would_write_it():
    source = record(line_loss, Line(0.5, 0.5), X, Y).source
    assert source.splitlines() == [
        "def value_and_gradient(m, b, x, y):",
        "    # forward: the loss",
        "    t1 = m * x + b - y",
        "    loss = np.mean(np.square(t1))",
        "    # backward: the gradient",
        "    t2 = t1 * 0.04",
        "    d_b = np.sum(t2, axis=0)",
        "    d_m = np.sum(x * t2, axis=0)",
        "    return loss, [d_m, d_b]",
    ]


def test_names_that_a_program_needs_itself():
    def loss(model, np_, t1, *more):
        return np.mean((model["loss"] * np_ + model["t2"] * t1 + model["d_loss"] - more[0]) ** 2)

    model = {"loss": 1.0, "t2": 2.0, "d_loss": 3.0, "not a name": 4.0, 5: 6.0}
    recording = record(loss, model, X, Y, Y)
    assert recording(model, X, Y, Y) == gradient(loss, model, X, Y, Y)
    head = recording.source.splitlines()[0]
    assert (
        head == "def value_and_gradient(loss_, t2, d_loss, not_a_name, layer_5, np_, t1, batch_2):"
    )


def test_each_part_of_a_batch_that_the_loss_takes_together_has_its_name():
    def loss(model, *batch, float=1.0, **slice):
        x, y = batch
        return np.mean((model["float"] * x + model["slice"] - y) ** 2)

    recording = record(loss, {"float": 1.0, "slice": 2.0}, X, Y)
    assert "(float_, slice_, batch_0, batch_1):" in recording.source


def test_a_loss_that_asks_whether_it_has_an_array_is_told_the_truth():
    def loss(model, x, y):
        x = x / 2 if isinstance(x, numpy.ndarray) else x
        y = y if isinstance(y, (list, tuple)) else y + 1
        return mse(model(x), y)

    assert_replayed(both(loss, Line(0.5, 0.5), cut()))


def test_big_endian_labels():
    y = classes().astype(">i8")
    assert_replayed(both(LOSSES["cross-entropy"], network(4, 3), [(features(), y)]))


@pytest.mark.parametrize("samples", [3, 50])  # fewer than classes, and more
def test_a_function_that_is_recorded_whole_is_called_in_each_replay(samples):
    model, x = network(4, 5), features(samples)
    recording = record(LOSSES["cross-entropy"], model, x, classes(samples, 5))
    assert "unit_rows(y, 5, np.float64)" in recording.source
    for seed in range(3):
        y = classes(samples, 5, seed)
        replayed = parameters(recording(model, x, y))
        expected = parameters(gradient(LOSSES["cross-entropy"], model, x, y))
        for one, other in zip(replayed, expected, strict=True):
            numpy.testing.assert_array_equal(one, other)


def test_large_data_are_not_copied():
    x = numpy.random.default_rng(0).random((20_000, 784), numpy.float32)
    y = classes(20_000)
    model = astype(network(784, 8, 3), numpy.float32)
    batches = Batches(x, y, 128, rng=numpy.random.default_rng(0))
    tracemalloc.start()
    train(LOSSES["cross-entropy"], model, batches, Adam(), progress=False)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < x.nbytes / 4


def test_a_gradient_inside_the_loss():
    """A penalty on the slope of the model, which is itself a gradient."""

    def loss(model, x, y):
        slope = grad(lambda x: np.sum(np.tanh(model(x))))(x)
        return mse(model(x), y) + np.mean(slope**2)

    assert_replayed(both(loss, Line(0.5, 0.5), cut()))


@pytest.mark.parametrize(
    ("dtype", "rounding", "mistake"), [(float, 1e-11, 1e-7), (np.float32, 1e-6, 1e-2)]
)
def test_a_difference_is_more_than_rounding_and_less_than_a_mistake(dtype, rounding, mistake):
    gradients = [np.array([[3.0, -4.0], [0.0, 1e-3]], dtype), np.array([100.0], dtype)]
    for share, told in ((0, False), (rounding, False), (mistake, True)):
        moved = [g + dtype(share * 100) for g in gradients]
        assert bool(difference([2.0, *moved], [2.0, *gradients])) is told
        value = 2.0 * (1 + share)
        assert bool(difference([value, *gradients], [2.0, *gradients])) is told
    lost = [np.full((2, 2), np.nan, dtype), gradients[1]]
    assert difference([2.0, *lost], [2.0, *lost]) is None
    assert difference([2.0, *lost], [2.0, *gradients])


def test_a_reshape_in_fortran_order_is_replayed():
    def by_columns(model, x):
        return np.sum(np.reshape(model["w"] * x, (3, 2), "F") * np.arange(6.0).reshape(3, 2))

    model, x = {"w": np.ones(6)}, np.arange(6.0)
    numpy.testing.assert_array_equal(
        record(by_columns, model, x)(model, x)["w"], gradient(by_columns, model, x)["w"]
    )
