"""Batches, split, Standardize, and what the data sets hold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course import data, datasets
from course.autodiff import gradient
from course.data import Batches, Standardize, split
from course.losses import mse
from course.models import Chain, Line
from course.trees import parameters

counts = st.integers(1, 60)
seeds = st.integers(0, 2**32)
readings = arrays(
    np.float64, st.tuples(st.integers(2, 20), st.integers(1, 4)), elements=st.floats(-1e6, 1e6)
)


def generator(seed=0):
    return np.random.default_rng(seed)


def numbered(n):
    """Samples that carry their own number, so that rows can be told apart and x kept by its y."""
    return np.arange(n) * 10.0, np.arange(n)


def join(batches):
    return tuple(np.concatenate(arrays) for arrays in zip(*batches, strict=True))


# Batches


@given(n=counts, size=counts, seed=seeds)
def test_a_pass_shows_each_sample_once_beside_its_target(n, size, seed):
    x, y = join(Batches(*numbered(n), size, rng=generator(seed)))
    assert sorted(y) == list(range(n))
    np.testing.assert_array_equal(x, y * 10)


@given(n=counts, size=counts)
def test_only_the_last_batch_is_short(n, size):
    batches = Batches(*numbered(n), size, rng=generator())
    sizes = [len(x) for x, _ in batches]
    assert sizes == [size] * (n // size) + [n % size] * (n % size > 0)
    assert len(batches) == len(sizes)


@given(seed=seeds)
def test_the_seed_decides_every_pass_and_passes_differ(seed):
    one, two = (Batches(*numbered(30), 7, rng=generator(seed)) for _ in range(2))
    passes = [list(join(one)[1]) for _ in range(3)]
    assert passes == [list(join(two)[1]) for _ in range(3)]
    assert all(a != b for a, b in pairwise(passes))


def test_a_pass_inside_a_pass_disturbs_neither():
    batches = Batches(*numbered(5), 2, rng=generator())
    outer = []
    for _, y in batches:
        outer.extend(y)
        assert sorted(join(batches)[1]) == [0, 1, 2, 3, 4]
    assert sorted(outer) == [0, 1, 2, 3, 4]


def test_two_passes_taken_in_turn_are_the_two_taken_one_after_the_other():
    in_turn, in_sequence = (Batches(*numbered(9), 2, rng=generator()) for _ in range(2))
    turns = list(zip(in_turn, in_turn, strict=True))
    for which in range(2):
        expected = join(in_sequence)
        np.testing.assert_equal(join(pair[which] for pair in turns), expected)


def test_without_shuffling_samples_come_in_their_order_and_no_number_is_drawn():
    rng = generator()
    before = rng.bit_generator.state
    batches = Batches(*numbered(7), 3, rng=rng, shuffle=False)
    np.testing.assert_array_equal(join(batches)[1], range(7))
    assert rng.bit_generator.state == before


def test_asking_for_an_iterator_draws_nothing_until_it_is_used():
    rng = generator()
    batches = Batches(*numbered(7), 3, rng=rng)
    before = rng.bit_generator.state
    passes = iter(batches)
    assert rng.bit_generator.state == before
    next(passes)
    assert rng.bit_generator.state != before


def test_without_a_generator_two_runs_differ():
    one, two = (join(Batches(*numbered(100), 10))[1] for _ in range(2))
    assert list(one) != list(two)


def test_pictures_and_columns_keep_their_shape_and_type():
    x = np.zeros((10, 4, 4), dtype=np.float32)
    batch_x, batch_y = next(iter(Batches(x, np.zeros((10, 1)), 3, rng=generator())))
    assert batch_x.shape == (3, 4, 4)
    assert batch_x.dtype == np.float32
    assert batch_y.shape == (3, 1)


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("size", [1, 3, 6, 7])
def test_what_is_written_into_a_batch_stays_out_of_the_data(shuffle, size):
    x, y = np.arange(6.0), np.arange(12.0).reshape(6, 2)
    for bx, by in Batches(x, y, size, rng=generator(), shuffle=shuffle):
        bx -= bx.mean()
        by[:] = 0
    np.testing.assert_array_equal(x, np.arange(6.0))
    np.testing.assert_array_equal(y, np.arange(12.0).reshape(6, 2))


class Column:
    """Like a column of pandas."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)


@pytest.mark.parametrize(
    "make", [list, tuple, Column, np.asfortranarray, lambda x: np.array(x)[::-1][::-1]]
)
def test_lists_and_columns_become_arrays_once(make):
    x, y = make([1.0, 2.0, 3.0]), make([1, 0, 1])
    assert type(Batches(x, y, 2).x) is np.ndarray
    (train_x, _), (test_x, _) = split(x, y, 0.4, rng=generator())
    assert sorted([*train_x, *test_x]) == [1.0, 2.0, 3.0]
    assert Standardize.fit(x).mean == 2.0


MASKED = np.ma.masked_equal([1.0, 2.0, -999.0], -999.0)


@pytest.mark.parametrize(
    "use",
    [
        lambda: Batches(MASKED, np.zeros(3), 1),
        lambda: Batches(np.zeros(3), MASKED, 1),
        lambda: split(MASKED, np.zeros(3), 0.4),
        lambda: split(np.zeros(3), MASKED, 0.4),
        lambda: Standardize.fit(MASKED),
        lambda: Batches([[1.0], [2.0, 3.0]], [1, 2], 1),
        lambda: Batches([1.0, None], [1, 2], 1),
        lambda: Standardize.fit([1j, 2.0]),
    ],
)
def test_masks_gaps_and_ragged_lists_are_refused(use):
    with pytest.raises(TypeError, match=r"holds (a mask|values of).*Leave out the rows"):
        use()


def test_batches_print_for_people():
    batches = Batches(*numbered(1000), 32, rng=generator())
    assert repr(batches) == "Batches of 32 from 1,000 samples, reshuffled at each pass: 32 a pass"
    assert "in their order" in repr(Batches(*numbered(2), 1, shuffle=False))


# split


@given(n=st.integers(4, 60), fraction=st.floats(0.2, 0.8), seed=seeds, stratify=st.booleans())
def test_split_loses_nothing_and_keeps_x_beside_y(n, fraction, seed, stratify):
    x = np.arange(n)
    (x_train, y_train), (x_test, y_test) = split(
        x, x % 3, fraction, rng=generator(seed), stratify=stratify
    )
    assert sorted([*x_train, *x_test]) == list(x)
    assert len(x_test) == round(fraction * n)
    np.testing.assert_array_equal(y_train, x_train % 3)
    np.testing.assert_array_equal(y_test, x_test % 3)


@given(st.lists(st.integers(0, 4), min_size=4, max_size=80), st.floats(0.2, 0.8), seeds)
def test_a_stratified_split_keeps_each_class_to_less_than_one_sample(labels, fraction, seed):
    y = np.array(labels)
    _, (_, y_test) = split(y, y, fraction, rng=generator(seed), stratify=True)
    for label in set(labels):
        assert abs(np.sum(y_test == label) - fraction * np.sum(y == label)) < 1


def test_a_plain_split_does_not_keep_classes():
    y = np.repeat([0, 1], 50)
    held = {int(split(y, y, 0.2, rng=generator(seed))[1][1].sum()) for seed in range(20)}
    assert len(held) > 3


def test_the_seed_decides_the_split():
    tests = [split(*numbered(50), 0.2, rng=generator(seed))[1][1].tolist() for seed in (0, 0, 1)]
    assert tests[0] == tests[1] != tests[2]


@pytest.mark.parametrize("shape", [(10,), (10, 3), (10, 2, 2)])
def test_split_takes_any_number_of_dimensions(shape):
    x = np.arange(np.prod(shape)).reshape(shape)
    (x_train, _), (x_test, _) = split(x, np.arange(10), 0.3, rng=generator())
    assert x_train.shape == (7, *shape[1:])
    assert x_test.shape == (3, *shape[1:])


# Standardize


@given(readings)
def test_standardized_columns_have_mean_0_and_deviation_1_and_come_back(x):
    standardize = Standardize.fit(x)
    z = standardize(x)
    spread = np.ptp(x, axis=0) > 1e-6 * (1 + abs(x).max())
    np.testing.assert_allclose(z.mean(axis=0)[spread], 0, atol=1e-6)
    np.testing.assert_allclose(z.std(axis=0)[spread], 1, atol=1e-6)
    np.testing.assert_allclose(standardize.inverse(z), x, atol=1e-9 * (1 + abs(x).max()))


def test_standardize_divides_by_the_deviation_of_the_data_fitted():
    standardize = Standardize.fit(np.array([[1.0, 10.0], [3.0, 10.0]]))
    np.testing.assert_array_equal(standardize(np.array([[5.0, 12.0]])), [[3.0, 2.0]])


def test_a_column_that_never_changes_becomes_exactly_0():
    x = np.full((3, 2), 0.1)
    np.testing.assert_array_equal(Standardize.fit(x)(x), 0)


ULP = np.spacing(0.3)
NEARLY = {
    "0.1 + 0.2": [0.3, 0.1 + 0.2],
    "one ulp": [0.3, 0.3, 0.3 + ULP],
    "several ulps": 0.3 + ULP * np.arange(4),
    "negative": [-0.3, -0.1 - 0.2],
    "large": [1e15 / 3, np.nextafter(1e15 / 3, np.inf)],
    "tiny": [1e-300 / 3, np.nextafter(1e-300 / 3, 1)],
    "sums": [sum([0.1] * 10), 1.0],
    "float32": np.array([0.3, 0.3 + 1e-8, 0.30000004], np.float32),
    "float16": np.array([0.3, 0.30005], np.float16),
    "a column": np.stack([np.full(9, 0.3), 0.1 * np.arange(9)], axis=1) + ULP * np.eye(9, 2),
    "zero": [0.0, -0.0],
}


@pytest.mark.parametrize("name", NEARLY)
def test_a_column_that_varies_by_rounding_alone_is_constant(name):
    standardize = Standardize.fit(np.asarray(NEARLY[name]))
    assert np.ravel(standardize.scale)[0] == 1
    assert np.all(np.isfinite(standardize.scale))


@pytest.mark.parametrize("x", [[0.3, 0.3 + 1e-12], [1e9, 1e9 + 1], [0.0, 1e-100], [1e-9, 3e-9]])
def test_a_column_that_varies_little_is_not_constant(x):
    z = Standardize.fit(np.array(x))(np.array(x))
    np.testing.assert_allclose(z, [-1, 1], atol=1e-3)


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e-50, 1.0, 1e155, 1e307])
def test_a_column_of_any_size_has_the_same_standard_scores(size):
    """Squares of 1e155 overflow, those of 1e-170 vanish; other columns aren't touched by it."""
    scores = np.array([[-1.0, 0.5], [0.0, 2.0], [1.0, 0.5]])
    expected = (scores - scores.mean(axis=0)) / scores.std(axis=0)
    x = scores * [size, 1.0]
    standardize = Standardize.fit(x)
    np.testing.assert_allclose(standardize(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(standardize.inverse(standardize(x)), x, rtol=1e-12, atol=1e-12)


def test_one_feature_stays_flat_and_integers_become_floats():
    standardize = Standardize.fit(np.array([1, 3]))
    np.testing.assert_array_equal(standardize(np.array([1, 3])), [-1.0, 1.0])
    assert standardize.inverse(0.0) == 2.0


@pytest.mark.parametrize("shape", [(8,), (8, 3)])
def test_float32_stays_float32(shape):
    x = generator().random(shape, dtype=np.float32)
    standardize = Standardize.fit(x)
    assert standardize(x).dtype == standardize.inverse(x).dtype == np.float32


def test_standardize_holds_nothing_to_train():
    assert parameters(Standardize.fit(np.eye(3))) == []


def test_in_a_chain_standardize_lets_gradients_through_and_is_not_trained():
    x, y = data.auto_mpg()
    standardize = Standardize.fit(x)
    chain, line = Chain(standardize, Line(1.0, 0.0)), Line(1.0, 0.0)
    inside = gradient(lambda model, x: mse(model(x), y), chain, x)
    outside = gradient(lambda model, z: mse(model(z), y), line, standardize(x))
    assert (inside[1].m, inside[1].b) == (outside.m, outside.b)
    assert inside[0].scale is standardize.scale
    by_x = gradient(lambda x: standardize(x[0])[0], [x])[0]
    np.testing.assert_allclose(by_x, np.eye(392)[0] / standardize.scale)


def test_standardize_prints_few_digits_and_few_columns():
    assert repr(Standardize.fit(np.array([1.0, 2.0]))) == "Standardize(mean=1.5, scale=0.5)"
    assert len(repr(Standardize.fit(np.eye(784)))) < 200


# data sets


def least_squares(dataset, degree):
    return np.polyfit(dataset.x, dataset.y, degree)


def test_line_is_the_line_of_the_blog():
    points = data.line(generator())
    np.testing.assert_array_equal(points.x, range(1, 101))
    noise = points.y - 3 * points.x - 100
    np.testing.assert_allclose(noise, 100 * generator().random(100))
    np.testing.assert_allclose(least_squares(points, 1), [3.18456364, 145.50863456])


def test_steps_that_the_line_takes_to_arrive():
    """The slow direction decides: e_k = V (1 - rate lambda)^k V' e_0."""
    rng = generator()
    points = data.line(rng)
    columns = np.stack([points.x, np.ones(100)], axis=1)
    curvatures, directions = np.linalg.eigh(2 / 100 * columns.T @ columns)
    np.testing.assert_allclose(curvatures, [0.492, 6768.5], rtol=1e-3)
    start = rng.random(2) - least_squares(points, 1)

    def error(step):
        return directions @ ((1 - 1e-4 * curvatures) ** step * (directions.T @ start))

    assert abs(error(241_367)).max() > 1e-3 > abs(error(241_368)).max()


def test_parabola_is_the_parabola_of_the_blog():
    points = data.parabola(generator())
    np.testing.assert_allclose(points.x, np.linspace(-10, 10, 201), atol=1e-14)
    noise = points.y - 5 * points.x**2 - 10 * points.x - 3
    np.testing.assert_allclose(noise, 100 * generator().random(201))


def test_auto_mpg_holds_392_cars_with_seven_features():
    cars = data.auto_mpg("all")
    assert cars.x.shape == (392, 7)
    assert cars.samples[0] == "chevrolet chevelle malibu"
    np.testing.assert_array_equal(cars.x[0], [8, 307, 130, 3504, 12, 70, 1])
    assert cars.y[0] == 18
    assert cars.units[3] == "pounds"
    assert cars.y.mean() == pytest.approx(23.4459, abs=1e-4)


def test_one_feature_is_flat_and_several_are_columns_in_the_order_asked():
    everything = data.auto_mpg("all")
    horsepower, weight = everything.x[:, 2], everything.x[:, 3]
    np.testing.assert_array_equal(data.auto_mpg().x, horsepower)
    np.testing.assert_array_equal(data.auto_mpg(["horsepower"]).x, horsepower)
    np.testing.assert_array_equal(
        data.auto_mpg(["weight", "horsepower"]).x, np.stack([weight, horsepower], axis=1)
    )


def test_what_is_missing_is_seen():
    kept, dropped = data.penguins(), data.penguins(missing="drop")
    assert kept.x.shape == (344, 4)
    assert np.isnan(kept.x).sum() == 8
    assert "2 penguins were not measured" in repr(kept)
    assert dropped.x.shape == (342, 4)
    assert np.isfinite(dropped.x).all()
    assert "2 penguins that were not measured have been left out" in repr(dropped)
    assert "six more cars" in repr(data.auto_mpg()).lower()


def test_penguins_are_three_species():
    birds = data.penguins(missing="drop")
    assert birds.classes == ("Adelie", "Chinstrap", "Gentoo")
    np.testing.assert_array_equal(np.bincount(birds.y), [151, 68, 123])
    np.testing.assert_allclose(
        [birds.x[birds.y == label, 3].mean() for label in range(3)],
        [3700.66, 3733.09, 5076.02],
        atol=0.01,
    )


def test_mnist_is_500_of_each_digit_between_0_and_1():
    digits = data.mnist_5k(dtype=np.float32)
    assert digits.x.shape == (5000, 784)
    assert digits.x.dtype == np.float32
    assert (digits.x.min(), digits.x.max()) == (0, 1)
    np.testing.assert_array_equal(np.bincount(digits.y), [500] * 10)
    assert digits.x[0].reshape(digits.picture_shape).shape == (28, 28)


def test_spirals_are_even_and_no_line_parts_them():
    arms = data.spirals(300, generator(), noise=0.0)
    np.testing.assert_array_equal(np.bincount(arms.y), [100] * 3)
    np.testing.assert_allclose(
        np.linalg.norm(arms.x, axis=1), np.repeat(np.arange(1, 101) / 100, 3)
    )
    columns = np.column_stack([arms.x, np.ones(300)])
    scores = columns @ np.linalg.lstsq(columns, np.eye(3)[arms.y], rcond=None)[0]
    assert np.mean(scores.argmax(axis=1) == arms.y) < 0.7


def test_sine_boundary_labels_the_side():
    points = data.sine_boundary(1000, generator())
    np.testing.assert_array_equal(points.y == 1, points.x[:, 1] > np.sin(points.x[:, 0]))
    assert points.y.mean() == pytest.approx(0.5, abs=0.05)


ALL = {
    "line": lambda: data.line(generator()),
    "parabola": lambda: data.parabola(generator()),
    "auto_mpg": lambda: data.auto_mpg("all"),
    "penguins": data.penguins,
    "mnist_5k": data.mnist_5k,
    "spirals": lambda: data.spirals(30, generator()),
    "sine_boundary": lambda: data.sine_boundary(30, generator()),
}


@pytest.mark.parametrize("name", ALL)
def test_each_data_set_says_what_it_is(name):
    dataset = ALL[name]()
    x, y = dataset
    assert x is dataset.x
    assert len(x) == len(y) == len(dataset)
    assert len(dataset.names) == len(dataset.units) == (1 if x.ndim == 1 else x.shape[1])
    printed = repr(dataset)
    for part in (f"{len(x):,} samples", dataset.names[0], dataset.units[0], dataset.target):
        assert part in printed
    for part in (f"Source: {dataset.source}", f"Licence: {dataset.licence}"):
        assert part in printed
    assert max(map(len, printed.splitlines())) <= 120


def test_a_data_set_prints_as_a_table():
    assert repr(data.penguins(["bill_length", "body_mass"])).splitlines()[:6] == [
        "Palmer penguins: 344 samples, 2 features",
        "",
        "bill_length   body_mass    species",
        "         mm           g",
        "       39.1        3750   0 Adelie",
        "       39.5        3800   0 Adelie",
    ]


def test_the_readme_names_every_file_with_its_licence():
    folder = datasets.FOLDER
    readme = (folder / "README.md").read_text(encoding="utf-8")
    files = {"auto_mpg.csv": "CC BY 4.0", "penguins.csv": "CC0", "mnist_5k.npz": "CC BY-SA 3.0"}
    shipped = {file.name for file in folder.iterdir() if file.name.endswith((".csv", ".npz"))}
    assert shipped == set(files)
    rows = [line for line in readme.splitlines() if line.startswith("| `")]
    for name, licence in files.items():
        assert any(name in row and licence in row for row in rows)


# Every error names the cure

SLIPS = {
    "lengths": (
        lambda: Batches(np.zeros(3), np.zeros(2), 1),
        ValueError,
        r"x holds 3 samples and y 2.*each row of x needs its y.*Batches\(x, y, 32, rng=rng\)",
    ),
    "size": (lambda: Batches([1], [1], 1.5), ValueError, r"size=1.5 is not a whole number above 0"),
    "size 0": (lambda: Batches([1], [1], 0), ValueError, r"size=0 is not a whole number above 0"),
    "size True": (lambda: Batches([1], [1], True), ValueError, r"size=True is not a whole number"),
    "empty": (
        lambda: Batches([], [], 1),
        ValueError,
        r"x has shape \(0,\) and so holds no samples",
    ),
    "text": (lambda: Batches(["a"], [1], 1), TypeError, r"type <U1, and numbers.*as integers"),
    "NaN": (
        lambda: Batches(*data.penguins(), 32),
        ValueError,
        r"x holds 8 values that are NaN.*rows 3, 271 and columns 0, 1, 2, 3.*all\(axis=1\)",
    ),
    "NaN in y": (
        lambda: Batches([1, 2], [1, np.nan], 1),
        ValueError,
        r"y holds 1 values .* in rows 1\. .*keep = np.isfinite\(y\), then",
    ),
    "many NaN": (
        lambda: Batches(np.full((9, 2, 2), np.inf), np.zeros(9), 1),
        ValueError,
        r"36 values.*rows 0, 1, 2, 3, 4, \.\.\. and columns 0, 1.*all\(axis=\(1, 2\)\)",
    ),
    "seed for generator": (
        lambda: Batches([1], [1], 1, rng=0),
        TypeError,
        r"0 came.*np.random.default_rng\(0\), then Batches",
    ),
    "split seed": (lambda: split([1, 2], [1, 2], 0.5, rng=0), TypeError, r"0 came.*then split\("),
    "split count": (lambda: split([1, 2], [1, 2], 20), ValueError, r"fraction=20 is not a share"),
    "split NaN": (lambda: split([1, 2], [1, 2], np.nan), ValueError, r"fraction=nan is not a sha"),
    "split empty": (lambda: split([1, 2], [1, 2], 0.1), ValueError, r"0.1 of 2 samples leaves one"),
    "split lengths": (lambda: split([1, 2], [1], 0.5), ValueError, r"x holds 2 samples and y 1"),
    "split measured": (
        lambda: split([1, 2], [1.5, 2.0], 0.5, stratify=True),
        ValueError,
        r"stratify=True needs classes.*float64.*for a plain split",
    ),
    "split one-hot": (
        lambda: split(np.eye(3), np.eye(3), 0.5, stratify=True),
        ValueError,
        r"needs classes.*y has shape \(3, 3\)",
    ),
    "fit NaN": (
        lambda: Standardize.fit(data.penguins().x),
        ValueError,
        r"8 values that are NaN.*Leave their rows out",
    ),
    "fit text": (lambda: Standardize.fit(["a"]), TypeError, r"numbers are expected.*Standardize.f"),
    "other features": (
        lambda: Standardize.fit(np.eye(3))(np.zeros((5, 2))),
        ValueError,
        r"fitted to x of shape \(n, 3\); x of shape \(5, 2\) came",
    ),
    "column for flat": (
        lambda: Standardize.fit(np.arange(3.0))(np.zeros((5, 1))),
        ValueError,
        r"fitted to x of shape \(n,\); x of shape \(5, 1\) came",
    ),
    "no generator": (
        data.line,
        TypeError,
        r"none was given.*default_rng\(0\), then data.line\(rng",
    ),
    "parabola seed": (lambda: data.parabola(1), TypeError, r"1 came.*then data.parabola\(rng\)"),
    "old generator": (
        lambda: data.spirals(9, np.random),
        TypeError,
        r"module 'numpy.random'.*then data.spirals\(300, rng\)",
    ),
    "sine generator": (data.sine_boundary, TypeError, r"then data.sine_boundary\(300, rng\)"),
    "few samples": (
        lambda: data.spirals(2, generator()),
        ValueError,
        r"n=2, classes=3.*each class",
    ),
    "noise": (lambda: data.spirals(9, generator(), noise=-1), ValueError, r"noise=-1 makes no spi"),
    "half a sample": (
        lambda: data.sine_boundary(2.5, generator()),
        ValueError,
        r"n=2.5 is not a w",
    ),
    "feature": (
        lambda: data.auto_mpg("hp"),
        ValueError,
        r"no feature called 'hp'\. There are cylinders, .*data.auto_mpg\('all'\)",
    ),
    "no feature": (lambda: data.penguins([]), ValueError, r"no feature was chosen.*bill_length"),
    "missing": (
        lambda: data.penguins(missing=0),
        ValueError,
        r"missing=0 is neither 'keep' nor 'd",
    ),
    "integer ink": (lambda: data.mnist_5k(int), TypeError, r"int64 can't hold.*dtype=np.float32"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_met_with_its_cure(slip):
    call, error, message = SLIPS[slip]
    with pytest.raises(error, match=message):
        call()
