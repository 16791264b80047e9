import warnings

import numpy as np
import pytest

from course.models import Line, Parabola
from course.widgets import explore_learning_rate
from course.widgets.learning_rate import (
    Problem,
    Quadratic,
    half_life,
    move,
    quadratic,
    regime,
    squared_error,
)

X = np.arange(1.0, 101.0)
Y = 3 * X + 100 + 100 * np.random.default_rng(0).random(100)
START = np.array([0.5, 0.5])


@pytest.fixture(scope="module")
def bowl():
    return quadratic(squared_error, Line(0.5, 0.5), X, Y)


@pytest.fixture
def explorer():
    return explore_learning_rate()


def plain_descent(rate, steps):
    """Gradient descent on the line, with the derivatives worked out by hand."""
    m, b = START
    path = [(m, b)]
    for _ in range(steps):
        error = m * X + b - Y
        m, b = m - rate * np.mean(2 * error * X), b - rate * np.mean(2 * error)
        path.append((m, b))
    return np.array(path)


# computing


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


def test_a_loss_that_is_no_quadratic_is_refused():
    def fourth_power(model, x, y):
        return squared_error(model, x, y) ** 2

    with pytest.raises(ValueError, match=r"isn't a quadratic.*linear in its parameters"):
        quadratic(fourth_power, Line(0.5, 0.5), X, Y)


def test_one_parameter_is_refused():
    with pytest.raises(ValueError, match=r"list has 1\. Give Line\(0.5, 0.5\)"):
        Problem.of(lambda model, x, y: squared_error(lambda x: model[0] * x, x, y), [1.0], X, Y)


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


# drawing


@pytest.fixture(scope="module")
def problem():
    return Problem.of(squared_error, Line(0.5, 0.5), X, Y)


@pytest.mark.parametrize("rate", [0.0, 1e-7, 1e-4, 2.955e-4, 3e-4, 1e-2, 10.0, 1e6])
@pytest.mark.parametrize("steps", [1, 60, 61, 1_000_000])
def test_marks_are_few_and_finite_at_any_rate(problem, rate, steps):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        marks, sentence = move(problem, rate, steps)
    for mark in marks:
        assert np.size(mark.x) <= 400
        assert np.all(np.isfinite(mark.x))
        assert np.all(np.isfinite(mark.y))
    assert "nan" not in sentence


@pytest.mark.parametrize("steps", [1, 59, 60, 61, 62, 1000, 54_321, 999_999])
def test_the_path_ends_at_the_chosen_step(problem, bowl, steps):
    marks, _ = move(problem, 1e-4, steps)
    path, here = (mark for mark in marks if mark.axes == "path")
    end = bowl.descend(START, 1e-4, [steps])[0]
    np.testing.assert_allclose([path.x[-1], path.y[-1]], end)
    np.testing.assert_allclose([here.x[0], here.y[0]], end)


def test_three_parameters_are_drawn_along_the_flattest_and_the_steepest_direction():
    x = np.linspace(-1, 1, 50)
    problem = Problem.of(squared_error, Parabola(1.0, 1.0, 1.0), x, 2 * x**2)
    assert problem.names == ("along the flattest direction", "along the steepest direction")
    np.testing.assert_allclose(problem.project(problem.bowl.minimum), 0, atol=1e-12)
    np.testing.assert_allclose(problem.plane.T @ problem.plane, np.eye(2), atol=1e-12)


# words


def test_the_sentence_names_regime_cost_and_pace(explorer):
    assert explorer.sentence == (
        "Learning rate 0.0001 × largest curvature 6768.5 = 0.677: converging. After 1,000 steps "
        "the cost is 5,580, 4,690 above the lowest possible. Along the flattest direction the "
        "distance halves every 14,076 steps."
    )
    loss = np.mean((plain_descent(1e-4, 1000)[-1] @ [X, np.ones(100)] - Y) ** 2)
    assert f"{loss:,.0f}" == "5,578"


def test_the_sentence_says_when_it_exploded(explorer):
    explorer.set(rate=3.02e-4)
    assert "2.04: diverging" in explorer.sentence
    assert "more than a million times the first" in explorer.sentence
    assert "largest stable rate is 0.0002955" in explorer.sentence


def steps_to_arrive(x, rate):
    """Count the steps until both parameters are within 1e-3 of least squares, one by one."""
    (slope, intercept), (m, b) = np.polyfit(x, Y, 1).tolist(), START.tolist()
    xx, x1 = 2 * float(np.mean(x**2)), 2 * float(np.mean(x))
    steps = 0
    while abs(m - slope) > 1e-3 or abs(b - intercept) > 1e-3:
        dm, db = m - slope, b - intercept
        m, b = m - rate * (xx * dm + x1 * db), b - rate * (x1 * dm + 2 * db)
        steps += 1
    return steps


def test_it_arrives_at_the_step_that_a_plain_loop_counts(explorer):
    standardised = (X - X.mean()) / X.std()
    assert steps_to_arrive(standardised, 0.5) == 1
    assert steps_to_arrive(standardised, 0.1) == 57
    arrived = "every parameter is within 0.001 of least squares"
    for data, x, rate in [
        ("as measured", X, 1e-4),
        ("standardised", standardised, 0.1),
    ]:
        steps = steps_to_arrive(x, rate)
        explorer.set(data=data, rate=rate, steps=steps)
        assert arrived in explorer.sentence
        explorer.set(steps=steps - 1)
        assert arrived not in explorer.sentence


# wiring


def test_each_control_changes_picture_and_words(explorer):
    seen = {explorer.sentence: explorer.picture}
    for change in ({"rate": 2e-4}, {"steps": 20_000}, {"data": "standardised"}):
        explorer.set(**change)
        assert explorer.sentence not in seen
        seen[explorer.sentence] = explorer.picture
    assert len(set(map(id, seen.values()))) == 2  # only other data draws what stands still anew


def test_every_preset_shows_what_its_button_says(explorer):
    buttons = {b.description: b for b in explorer.children[-3].children}
    for name, words in {
        "crawl": "crawling",
        "converge": "converging",
        "oscillate": "oscillating",
        "explode": "diverging",
        "standardise": "largest curvature 2 ",
        "one step": "After 1 steps",
        "reset": "After 1,000 steps",
    }.items():
        buttons[name].click()
        assert words in explorer.sentence


def test_own_data_and_model_are_taken():
    x = np.linspace(-1, 1, 50)
    explorer = explore_learning_rate(squared_error, Parabola(0.0, 0.0, 0.0), x, 2 * x**2)
    explorer.set(rate=0.5, steps=1000)
    assert "every parameter is within 0.001" in explorer.sentence


def test_a_quadratic_is_plain_data():
    bowl = Quadratic(np.zeros(2), 1.0, np.array([1.0, 10.0]), np.eye(2))
    assert bowl.stable_rate == 0.2
    assert bowl.loss([1.0, 1.0]) == 1 + 0.5 * (1 + 10)
    np.testing.assert_allclose(bowl.descend([1.0, 1.0], 0.1, [0, 1]), [[1, 1], [0.9, 0]])
