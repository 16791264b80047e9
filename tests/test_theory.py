"""The theory against numpy's own numbers, simulations and the library's rules."""

import warnings
from itertools import combinations

import numpy as np
import pytest

from course import (
    Batches,
    Chain,
    Dense,
    Descent,
    Line,
    Momentum,
    Nesterov,
    Parabola,
    binary_cross_entropy,
    data,
    gradient,
    mae,
    mse,
    parameters,
    train,
)
from course.theory import (
    HEAVY,
    LOGISTIC_REGIMES,
    NESTEROV,
    LineProblem,
    Logistic,
    Quadratic,
    as_vector,
    best_momentum,
    from_vector,
    half_life,
    has_diverged,
    logistic_regime,
    momentum_factor,
    quadratic,
    regime,
    samples_seen,
    until_diverged,
)

RNG = np.random.default_rng(0)
X, Y = data.line(RNG)
START = RNG.random(2)  # where lesson 01 begins
HESSIAN = np.array([[2 * np.mean(X**2), 2 * np.mean(X)], [2 * np.mean(X), 2.0]])
LEAST_SQUARES = np.polyfit(X, Y, 1)
RULES = {HEAVY: Momentum, NESTEROV: Nesterov}


def squared_error(model, x, y):
    return mse(model(x), y)


@pytest.fixture(scope="module")
def bowl():
    return quadratic(squared_error, Line(*START), X, Y)


# gradient descent


def plain_descent(rate, steps):
    """Gradient descent on the line, with the derivatives worked out by hand."""
    m, b = START
    path = [(m, b)]
    for _ in range(steps):
        error = m * X + b - Y
        m, b = m - rate * np.mean(2 * error * X), b - rate * np.mean(2 * error)
        path.append((m, b))
    return np.array(path)


def test_the_curvatures_are_those_of_the_data(bowl):
    hessian = [[2 * np.mean(X**2), 2 * np.mean(X)], [2 * np.mean(X), 2.0]]
    np.testing.assert_allclose(bowl.curvatures, np.linalg.eigvalsh(hessian), rtol=1e-9)
    np.testing.assert_allclose(bowl.curvatures, [0.4924, 6768.5], rtol=1e-4)
    assert bowl.condition == pytest.approx(13_745, rel=1e-4)


def test_the_largest_stable_rate(bowl):
    assert bowl.stable_rate == pytest.approx(2.955e-4, rel=1e-3)


def test_the_minimum_is_least_squares(bowl):
    slope, intercept = np.polyfit(X, Y, 1)
    np.testing.assert_allclose(bowl.minimum, [slope, intercept], rtol=1e-8)
    assert bowl.lowest == pytest.approx(np.mean((slope * X + intercept - Y) ** 2))


def test_the_loss_is_the_mean_squared_error(bowl):
    for m, b in [(0.5, 0.5), (3.0, 150.0), (-7.0, 1000.0)]:
        assert bowl.loss([m, b]) == pytest.approx(np.mean((m * X + b - Y) ** 2))


@pytest.mark.parametrize("rate", [1e-6, 1e-4, 2.9e-4])
def test_the_path_is_that_of_a_plain_loop(bowl, rate):
    path = bowl.descend(START, rate, np.arange(10_001))
    np.testing.assert_allclose(path, plain_descent(rate, 10_000), rtol=1e-7, atol=1e-7)


def test_a_diverging_path_is_that_of_a_plain_loop(bowl):
    path = bowl.descend(START, 3e-4, np.arange(500))
    np.testing.assert_allclose(path, plain_descent(3e-4, 499), rtol=1e-6)


def test_a_parabola_is_a_bowl_too():
    x = np.linspace(-10, 10, 201)
    y = 5 * x**2 + 10 * x + 3 + 100 * np.random.default_rng(1).random(201)
    bowl = quadratic(squared_error, Parabola(0.0, 0.0, 0.0), x, y)
    np.testing.assert_allclose(bowl.minimum, np.polyfit(x, y, 2), rtol=1e-6)
    assert bowl.stable_rate == pytest.approx(4.90e-4, rel=2e-3)
    assert bowl.condition == pytest.approx(4593, rel=1e-3)


def test_standardised_data_has_the_same_curvature_everywhere():
    z = (X - X.mean()) / X.std()
    bowl = quadratic(squared_error, Line(0.5, 0.5), z, Y)
    np.testing.assert_allclose(bowl.curvatures, [2.0, 2.0])
    np.testing.assert_allclose(bowl.descend(START, 0.5, [1])[0], bowl.minimum)


@pytest.mark.parametrize(
    "loss",
    [
        lambda model, x, y: squared_error(model, x, y) ** 2,
        lambda model, x, y: mae(model(x), y),
        lambda model, x, y: mae(model(x), x),  # the signs change within the data
        lambda model, x, y: squared_error(model, x, y) + abs(model.b - 120.0),
        lambda model, x, y: model.m**2 - model.b**2,  # a saddle
        lambda model, x, y: 3.0 * model.m + model.b,
    ],
)
def test_a_loss_that_is_no_quadratic_is_refused(loss):
    with pytest.raises(ValueError, match=r"isn't a quadratic.*linear in its parameters"):
        quadratic(loss, Line(0.5, 0.5), X, Y)


def test_an_unknown_rule_and_data_without_a_line_are_refused():
    with pytest.raises(ValueError, match="rule is 'Adam'; it must be 'heavy ball' or 'Nesterov'"):
        momentum_factor(0.1, 0.9, 1.0, "Adam")
    for x, y in (([1.0, 1.0], [0.0, 1.0]), ([1.0], [2.0]), ([0.0, 1.0], [1.0])):
        with pytest.raises(ValueError, match=r"two different x or more.*This works"):
            LineProblem.of(x, y)


def test_a_model_in_a_row_and_back():
    model = Chain(Dense(2, 3, rng=np.random.default_rng(1)), Dense(3, 1))
    row = as_vector(model)
    assert row.tolist() == [v for p in parameters(model) for v in np.ravel(p)]
    again = from_vector(model, 2 * row)
    assert [p.shape for p in parameters(again)] == [p.shape for p in parameters(model)]
    np.testing.assert_array_equal(as_vector(again), 2 * row)


@pytest.mark.parametrize(
    ("rate", "name"),
    [
        (0.09, "crawling"),
        (0.11, "converging"),
        (1.0, "converging"),
        (1.01, "oscillating"),
        (2.0, "oscillating"),
        (2.01, "diverging"),
    ],
)
def test_regimes_are_named_by_rate_times_curvature(rate, name):
    assert regime(rate, 1.0) == name
    assert regime(rate / 4, 4.0) == name


def test_half_life_of_the_slow_direction(bowl):
    steps = half_life(1e-4, bowl.curvatures[0])
    assert round(steps) == 14_076
    far, near = bowl.descend(START, 1e-4, [100_000, 100_000 + round(steps)]) - bowl.minimum
    np.testing.assert_allclose(near / far, 0.5, rtol=1e-4)


def test_half_life_at_the_ends():
    assert half_life(0.5, 2.0) == 0
    assert half_life(1.0, 2.0) == np.inf
    assert half_life(0.0, 2.0) == np.inf


def test_a_quadratic_is_plain_data():
    bowl = Quadratic(np.zeros(2), 1.0, np.array([1.0, 10.0]), np.eye(2))
    assert bowl.stable_rate == 0.2
    assert bowl.loss([1.0, 1.0]) == 1 + 0.5 * (1 + 10)
    np.testing.assert_allclose(bowl.descend([1.0, 1.0], 0.1, [0, 1]), [[1, 1], [0.9, 0]])


@pytest.mark.parametrize("rate", [2.9e-4, 3.1e-4])
def test_a_run_has_diverged_where_train_says_so(rate):
    """Its losses are those of `train` up to the one at which that ends."""
    bowl = quadratic(squared_error, Line(*START), X, Y)
    losses = bowl.loss(bowl.descend(START, rate, range(400)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, history = train(squared_error, Line(*START), [(X, Y)], Descent(rate), epochs=400)
    assert has_diverged(losses).any() == (history.ended == "diverged")
    np.testing.assert_allclose(losses[: until_diverged(losses)], history.losses, rtol=1e-6)


def test_what_is_no_number_has_diverged():
    assert until_diverged(np.array([1.0, np.nan, 2.0])) == 2
    assert until_diverged(np.array([1.0, np.inf, np.nan])) == 2
    assert until_diverged(np.array([3.0, 2.0, 1.0])) == 3


# momentum


def walk(rule, steps):
    """The parameters at each step of one of the library's rules, `(steps + 1, 2)`."""
    p = START
    state, path = rule.start(p), [p]
    for _ in range(steps):
        p, state = rule.step(p, HESSIAN @ (p - LEAST_SQUARES), state)
        path.append(p)
    return np.array(path)


@pytest.mark.parametrize("curvature", [0.5, 3.0, 6000.0])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("rate", [1e-5, 2e-4, 1e-3])
def test_the_factor_is_the_spectral_radius_of_the_step(rate, momentum, curvature):
    push = rate * curvature
    heavy = [[momentum, push], [-momentum, 1 - push]]
    ahead = [[momentum, push], [-(momentum**2), 1 - (1 + momentum) * push]]
    for rule, matrix in {HEAVY: heavy, NESTEROV: ahead}.items():
        radius = np.abs(np.linalg.eigvals(matrix)).max()
        assert momentum_factor(rate, momentum, curvature, rule) == pytest.approx(radius, abs=1e-7)


def test_without_momentum_the_factor_is_that_of_descent():
    for rule in RULES:
        assert momentum_factor(1e-4, 0.0, 6768.5, rule) == pytest.approx(1 - 0.67685)
        assert momentum_factor(3e-4, 0.0, 6768.5, rule) == pytest.approx(2.03055 - 1)


def test_the_factor_broadcasts_over_a_map():
    assert momentum_factor(np.ones((1, 5, 1)), np.zeros((4, 1, 1)), np.ones(2)).shape == (4, 5, 2)


@pytest.mark.parametrize("rule", RULES)
def test_no_place_on_a_fine_grid_is_better_than_theorys_best(bowl, rule):
    rate, momentum = best_momentum(bowl.curvatures, rule)
    rates = rate * np.linspace(0.8, 1.2, 81)
    momenta = 1 - (1 - momentum) * np.linspace(0.5, 1.5, 81)
    worst = momentum_factor(rates[:, None], momenta[:, None, None], bowl.curvatures, rule).max(
        axis=-1
    )
    assert momentum_factor(rate, momentum, bowl.curvatures, rule).max() <= worst.min() * (1 + 1e-6)


def test_theorys_best_of_the_heavy_ball_is_polyaks(bowl):
    root = np.sqrt(13_745.18)
    rate, momentum = best_momentum(bowl.curvatures)
    assert momentum == pytest.approx(((root - 1) / (root + 1)) ** 2)
    assert rate == pytest.approx(4 / (np.sqrt(6768.5076) + np.sqrt(0.4924276)) ** 2)
    assert momentum_factor(rate, momentum, bowl.curvatures) == pytest.approx(
        np.sqrt(momentum), abs=1e-6
    )


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("rate", "momentum"), [(1e-4, 0.9), (1e-4, 0.99), (2e-4, 0.0)])
def test_it_rolls_as_the_librarys_rule_does(bowl, rule, rate, momentum):
    path = (
        bowl.minimum
        + bowl.descend_with_momentum(START, rate, momentum, rule, most=400) @ bowl.directions.T
    )
    expected = walk(RULES[rule](rate, momentum), len(path) - 1)
    np.testing.assert_allclose(path, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rule", RULES)
def test_it_ends_at_the_first_step_within_a_thousandth(bowl, rule):
    rate, momentum = best_momentum(bowl.curvatures, rule)
    away = np.abs(walk(RULES[rule](rate, momentum), 3000) - LEAST_SQUARES).max(axis=1)
    assert len(bowl.descend_with_momentum(START, rate, momentum, rule)) - 1 == np.argmax(
        away <= 1e-3
    )


def test_it_ends_when_it_is_lost(bowl):
    distances = np.abs(bowl.descend_with_momentum(START, 6e-4, 0.9))
    assert len(distances) < 100
    assert distances[-1].max() > 1e6
    assert np.isfinite(distances).all()


# batches


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    return LineProblem.of(x, 2 * x + 1 + rng.normal(size=60))


def orders(n, passes, seed=3):
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(n) for _ in range(passes)])


def test_minimum_is_least_squares(problem):
    slope, intercept = np.polyfit(problem.x, problem.y, 1)
    assert problem.minimum == pytest.approx([slope, intercept])
    assert problem.lowest == pytest.approx(
        np.mean((slope * problem.x + intercept - problem.y) ** 2)
    )


def test_excess_is_the_loss_above_the_lowest(problem):
    points = np.array([[0.0, 0.0], [3.0, -2.0]])
    expected = [squared_error(Line(*p), problem.x, problem.y) - problem.lowest for p in points]
    assert problem.excess(points) == pytest.approx(expected)


@pytest.mark.parametrize("size", [1, 7, 32, 60])
def test_the_descent_is_the_one_of_train(problem, size):
    """The same batches, the same steps: `descend` only takes fewer microseconds."""
    batches = Batches(problem.x, problem.y, size, rng=np.random.default_rng(3))
    path = []
    end, history = train(
        squared_error,
        Line(0.0, 0.0),
        batches,
        Descent(0.05),
        epochs=3,
        callbacks=[lambda step: path.append((step.model.m, step.model.b))],
        progress=False,
    )
    rates = [0.05] * len(history.losses)
    points = problem.descend(orders(60, 3), size, rates)
    assert points == pytest.approx(np.array([*path, (end.m, end.b)]))


def test_batch_means_of_a_short_last_batch():
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    problem = LineProblem.of(x, 10 * x)
    means = problem.batch_means(np.array([[0, 1, 2, 3, 4], [4, 3, 2, 1, 0]]), 3)
    # rows: x x, x, x y, y of {1, 2, 3}, {4, 5}, then {5, 4, 3}, {2, 1}
    first = [[14 / 3, 2, 140 / 3, 20], [20.5, 4.5, 205, 45]]
    second = [[50 / 3, 4, 500 / 3, 40], [2.5, 1.5, 25, 15]]
    assert np.array(means) == pytest.approx(np.array(first + second))


@pytest.mark.parametrize("size", [1, 7, 100])
def test_every_batch_size_sees_as_many_samples(size):
    seen = samples_seen(100, size, passes=20)
    assert seen[0] == 0
    assert seen[-1] == 2000
    assert len(seen) - 1 == sum(len(range(0, 100, size)) for _ in range(20))
    assert np.diff(seen).max() == size


def test_noise_left_is_the_variance_of_a_mean_without_replacement():
    """Checked on all pairs and triples of five numbers."""
    values = np.array([1.0, 4.0, -2.0, 0.5, 9.0])
    problem = LineProblem.of(np.arange(5.0), values)
    for size in (1, 2, 3, 5):
        means = [np.mean(chosen) for chosen in combinations(values, size)]
        assert problem.noise_left(size) == pytest.approx(np.var(means) / np.var(values))


def test_all_samples_at_once_have_the_wall_and_floor_of_gradient_descent(problem):
    steepest = np.linalg.eigvalsh(problem.hessian)[-1]
    assert problem.stable_rate(60) == pytest.approx(2 / steepest)
    assert problem.floor(60, 0.1) == pytest.approx(0, abs=1e-12)


def test_smaller_batches_have_a_lower_wall_and_a_higher_floor(problem):
    walls = [problem.stable_rate(size) for size in (1, 4, 16, 60)]
    floors = [problem.floor(size, 0.02) for size in (1, 4, 16, 60)]
    assert walls == sorted(walls)
    assert floors == sorted(floors, reverse=True)


@pytest.mark.parametrize(("size", "rate"), [(1, 0.05), (1, 0.15), (10, 0.3)])
def test_the_floor_is_where_a_long_run_settles(problem, size, rate):
    """Batches drawn afresh, many runs side by side: the mean excess, within 5 percent."""
    rng = np.random.default_rng(0)
    runs, start = 200, problem.minimum
    points = np.tile(start, (runs, 1))
    tail = []
    for step in range(400):
        rows = rng.permuted(np.tile(np.arange(60), (runs, 1)), axis=1)[:, :size]
        x, y = problem.x[rows], problem.y[rows]
        residual = points[:, :1] * x + points[:, 1:] - y
        gradient = 2 * np.stack([(residual * x).mean(axis=1), residual.mean(axis=1)], axis=1)
        points = points - rate * gradient
        if step >= 100:
            tail.append(problem.excess(points).mean())
    assert np.mean(tail) == pytest.approx(problem.floor(size, rate), rel=0.05)


@pytest.mark.parametrize("size", [1, 5, 20])
def test_the_wall_is_where_the_mean_square_begins_to_grow(problem, size):
    """Independently: the eigenvalue of the step's second moments that is largest."""
    n, wall = len(problem.x), problem.stable_rate(size)
    left = (n - size) / (size * (n - 1))
    rows = np.column_stack([problem.x, np.ones(n)])
    whole = 2 * rows.T @ rows / n

    def growth(rate):
        moments = np.zeros((4, 4))
        for row in rows:
            # With noise shrunk by `left`, a batch's curvature is spread as this one is.
            curvature = whole + np.sqrt(left) * (2 * np.outer(row, row) - whole)
            one = np.eye(2) - rate * curvature
            moments += np.kron(one, one) / n
        return np.abs(np.linalg.eigvals(moments)).max()

    assert growth(0.99 * wall) < 1 < growth(1.01 * wall)
    assert np.isinf(problem.floor(size, 1.01 * wall))


# logistic regression


def with_ones(x):
    return np.column_stack([np.ones(len(x)), x])


def logistics():
    """Points around a sine with a cubic's features; two species of penguins on two scales."""
    x, side = data.sine_boundary(300, np.random.default_rng(0))
    birds = data.penguins(["bill_length", "bill_depth"], missing="drop")
    measured, species = birds.x[birds.y < 2], birds.y[birds.y < 2]
    scaled = data.Standardize.fit(measured)(measured)
    return {
        "sine": Logistic(np.column_stack([x[:, :1] ** np.arange(4), x[:, 1]]), side),
        "in mm": Logistic(with_ones(measured), species),
        "standardised": Logistic(with_ones(scaled), species),
    }


PROBLEMS = logistics()
EVERY = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def loss(model, x, y):
    return binary_cross_entropy(x @ model["weights"], y)


@EVERY
def test_cost_and_gradient_are_the_librarys(problem):
    weights = np.linspace(-0.2, 0.3, problem.features.shape[1])
    model = {"weights": weights}
    assert problem.cost(weights) == pytest.approx(loss(model, problem.features, problem.y))
    exact = gradient(loss, model, problem.features, problem.y)["weights"]
    assert problem.gradient(weights) == pytest.approx(exact)


@EVERY
def test_the_hessian_is_the_gradients_derivative(problem):
    weights = np.linspace(-0.02, 0.03, problem.features.shape[1])
    step = 1e-6 * np.eye(len(weights))
    estimate = [
        (problem.gradient(weights + d) - problem.gradient(weights - d)) / 2e-6 for d in step
    ]
    assert problem.hessian(weights) == pytest.approx(np.array(estimate), rel=1e-5, abs=1e-6)


@EVERY
def test_descent_is_what_train_does(problem):
    start = {"weights": np.zeros(problem.features.shape[1])}
    rate = 1.5 / problem.curvature(start["weights"])
    batch = [(problem.features, problem.y)]
    model, _ = train(loss, start, batch, Descent(rate), epochs=40, progress=False)
    path = problem.descend(rate, 40)
    assert path.shape == (41, problem.features.shape[1])
    assert path[-1] == pytest.approx(model["weights"])


@EVERY
def test_the_best_weights_have_no_slope_and_the_lowest_cost(problem):
    best = problem.solve()
    assert problem.gradient(best) == pytest.approx(np.zeros(len(best)), abs=1e-8)
    descended = problem.descend(1 / problem.curvature(0 * best), 1000)
    assert problem.cost(best) < problem.cost(descended).min()


def test_points_that_a_line_parts_have_no_best_weights():
    x = np.array([-2.0, -1.0, 1.0, 2.0])
    features = np.column_stack([np.ones(4), x, np.array([0.3, -0.2, 0.1, 0.5])])
    parted = Logistic(features, (x > 0).astype(int))
    with pytest.raises(ValueError, match=r"no weights are best.*data\.sine_boundary"):
        parted.solve(steps=2000)  # long after its curvatures have all become 0


@EVERY
def test_no_curvature_is_larger_than_the_first(problem):
    first = problem.curvature(np.zeros(problem.features.shape[1]))
    assert first == pytest.approx(np.linalg.norm(problem.features, 2) ** 2 / len(problem.y) / 4)
    rng = np.random.default_rng(0)
    for _ in range(20):
        weights = rng.normal(size=problem.features.shape[1])
        assert problem.curvature(weights) < first


@EVERY
def test_the_two_walls_are_where_the_cost_climbs_and_never_settles(problem):
    best = problem.solve()
    first, last = problem.curvature(0 * best), problem.curvature(best)

    def rises(rate):
        return np.diff(problem.cost(problem.descend(rate, 200))).max()

    assert rises(0.99 * 2 / first) < 1e-12
    near = best * (1 + 1e-6)  # at the best boundary: does a step lead away from it?
    for factor, leaves in ((0.95, False), (1.05, True)):
        weights = near
        for _ in range(3000):
            weights = weights - factor * 2 / last * problem.gradient(weights)
        apart = np.linalg.norm(weights - best) > np.linalg.norm(near - best)
        assert apart == leaves


def test_regimes_begin_where_theory_says():
    borders = (0.01, 0.1, 0.2, 20.0)  # 0.1, 1 and 2 over the first curvature, 2 over the last
    below = [logistic_regime(0.99 * border, first=10.0, last=0.1) for border in borders]
    above = [logistic_regime(1.01 * border, first=10.0, last=0.1) for border in borders]
    assert below == list(LOGISTIC_REGIMES[:-1])
    assert above == list(LOGISTIC_REGIMES[1:])
