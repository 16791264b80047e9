"""Models are called, layers fit or say why not, and printing is for people."""

import numpy as np
import pytest

from course import (
    Chain,
    Dense,
    Descent,
    Line,
    Parabola,
    Standardize,
    activations,
    gradient,
    parameters,
    relu,
    sigmoid,
    softmax,
    tanh,
    train,
)

RNG = np.random.default_rng(0)


def dense(n_in, n_out, activation=None):
    return Dense(n_in, n_out, activation, rng=np.random.default_rng(n_in))


def test_line_and_parabola_are_their_formulas():
    x = np.array([0.0, 1.0, -2.0])
    np.testing.assert_allclose(Line(2.0, 1.0)(x), [1, 3, -3])
    np.testing.assert_allclose(Parabola(1.0, 2.0, 3.0)(x), [3, 6, 3])
    assert repr(Line(2.0, 1.0)) == "Line(m=2.0, b=1.0)"


def test_dense_multiplies_adds_and_bends():
    layer = Dense.from_arrays(np.array([[1.0, -1.0], [2.0, 0.0]]), np.array([0.5, -0.5]), relu)
    np.testing.assert_allclose(layer(np.array([[1.0, 1.0], [-1.0, 0.0]])), [[3.5, 0], [0, 0.5]])
    np.testing.assert_allclose(layer(np.array([1.0, 1.0])), [3.5, 0.0])


def test_dense_starts_as_he_and_glorot_say():
    he, glorot = (Dense(400, 300, f, rng=np.random.default_rng(1)) for f in (relu, tanh))
    assert np.std(he.weight) == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert np.max(np.abs(glorot.weight)) == pytest.approx(np.sqrt(6 / 700), rel=0.01)
    assert np.std(glorot.weight) == pytest.approx(np.sqrt(2 / 700), rel=0.02)
    assert not he.bias.any()


def test_the_same_generator_gives_the_same_layer():
    one, two = (Dense(3, 2, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.weight, two.weight)


def test_a_chain_calls_its_layers_in_order():
    chain = Chain(lambda x: x + 1, np.square)
    assert chain(3.0) == 16.0
    assert Chain()(3.0) == 3.0


def test_chains_are_indexed_sliced_iterated_and_nested():
    a, b, c = dense(2, 3), relu, dense(3, 1)
    chain = Chain(a, b, c)
    assert len(chain) == 3
    assert chain[0] is a
    assert chain[-1] is c
    assert isinstance(chain[1:], Chain)
    assert list(chain[:2]) == [a, b]
    x = RNG.normal(size=(4, 2))
    np.testing.assert_array_equal(Chain(chain[:2], Chain(), chain[2:])(x), chain(x))


def test_activations_are_every_intermediate_value():
    chain = Chain(dense(2, 3, relu), Chain(dense(3, 2)), softmax)
    x = RNG.normal(size=(4, 2))
    values = activations(chain, x)
    assert [v.shape for v in values] == [(4, 3), (4, 2), (4, 2)]
    np.testing.assert_array_equal(values[-1], chain(x))
    np.testing.assert_array_equal(values[0], chain[0](x))
    assert len(activations(chain[0], x)) == 1


def test_flux_articles_chain_raises_and_its_mended_form_has_55050_parameters():
    with pytest.raises(
        ValueError, match=r"Dense\(64, 64, relu\) gives 64 features and Dense\(32, 10\) takes 32"
    ):
        Chain(dense(784, 64, relu), dense(64, 64, relu), dense(32, 10))
    network = Chain(dense(784, 64, relu), dense(64, 64, relu), dense(64, 10))
    assert sum(p.size for p in parameters(network)) == 55_050
    assert repr(network) == (
        "Chain(\n"
        "  Dense(784, 64, relu)  weight (784, 64), bias (64,)  50,240\n"
        "  Dense(64, 64, relu)   weight (64, 64), bias (64,)  4,160\n"
        "  Dense(64, 10)         weight (64, 10), bias (10,)  650\n"
        ")  55,050 parameters"
    )


@pytest.mark.parametrize("between", [(relu,), (sigmoid, tanh), (Chain(),), (Chain(relu),)])
def test_sizes_are_known_through_what_keeps_them(between):
    with pytest.raises(ValueError, match=r"gives 3 features and Dense\(4, 1\) takes 4"):
        Chain(dense(2, 3), *between, dense(4, 1))


def test_sizes_are_known_of_nested_chains():
    with pytest.raises(ValueError, match=r"Chain gives 5 features and Chain takes 4"):
        Chain(Chain(dense(2, 5), relu), Chain(relu, dense(4, 1)))


def test_an_unknown_callable_ends_what_can_be_known():
    chain = Chain(dense(2, 3), lambda x: np.concatenate([x, x[:, :1]], axis=1), dense(4, 1))
    assert chain(np.ones((5, 2))).shape == (5, 1)


def test_tied_arrays_are_counted_once():
    layer = dense(3, 3)
    assert repr(Chain(layer, relu, layer)).endswith(")  12 parameters")


def test_anything_callable_is_a_layer_and_prints_by_its_name():
    text = repr(
        Chain(Standardize.fit(np.array([[1.0, 2.0], [3.0, 5.0]])), dense(2, 1), lambda x: x)
    )
    assert [line.split("  ")[1] for line in text.splitlines()[1:-1]] == [
        "Standardize",
        "Dense(2, 1)",
        "lambda",
    ]
    assert repr(Chain()) == "Chain()  0 parameters"
    assert repr(dense(2, 1, tanh)) == "Dense(2, 1, tanh)  3 parameters"


def test_a_standardizer_in_a_chain_is_not_trained():
    x = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 1.0]])
    model = Chain(Standardize.fit(x), dense(2, 1))
    g = gradient(lambda m: np.sum(m(x)), model)
    assert g[0].mean is model[0].mean
    assert len(parameters(model)) == 2


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: Dense(0, 3), ValueError, r"Dense\(0, 3\): sizes are positive integers"),
        (lambda: Dense(2.0, 3), ValueError, r"sizes are positive integers"),
        (lambda: Dense(2, 3, "relu"), TypeError, r"activation 'relu' can't be called"),
        (lambda: Dense(2, 3, rng=0), TypeError, r"default_rng\(0\), then Dense\(2, 3, rng=rng\)"),
        (
            lambda: Dense.from_arrays(np.ones((2, 3)), np.ones(2)),
            ValueError,
            r"\(2, 3\) and .*\(2,\)",
        ),
        (lambda: dense(2, 3)(np.ones((5, 4))), ValueError, r"Dense\(2, 3\): .*\(5, 4\).*\(n, 2\)"),
        (lambda: dense(1, 3)(np.ones(5)), ValueError, r"x\[:, None\]"),
        (lambda: Chain([relu]), TypeError, r"list isn't\. Write Chain\(\*layers\)"),
        (lambda: Chain(3), TypeError, r"int isn't\. Write Chain\(Dense"),
    ],
)
def test_what_makes_no_layer_is_quoted_with_the_cure(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_gradient_of_a_frozen_layer_prints():
    model, seen = Chain(Dense(2, 3, relu), Dense(3, 1)), []
    data = [(np.ones((4, 2)),)]
    train(lambda m, x: np.mean(m(x) ** 2), model, data, Descent(0.1), frozen=(model[0],),
          callbacks=[seen.append])  # fmt: skip
    assert "Dense(..., relu)\n" in repr(seen[0].gradient)
    assert "weight (3, 1), bias (1,)  4" in repr(seen[0])


def test_a_layer_of_lists_is_one_of_float_arrays():
    layer = Dense.from_arrays([[1, -1], [2, 0]], [0, 1])
    np.testing.assert_array_equal(layer([3.0, 1.0]), [5.0, -2.0])
    assert [p.dtype for p in parameters(layer)] == [float, float]
    kept = np.ones((1, 1), np.float32)
    assert Dense.from_arrays(kept, np.zeros(1)).weight is kept
