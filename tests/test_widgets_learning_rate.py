import warnings

import numpy as np
import pytest

from course.data import line as noisy_line
from course.models import Line, Parabola
from course.widgets import explore_learning_rate
from course.widgets.learning_rate import Problem, move, squared_error

X = np.arange(1.0, 101.0)
Y = 3 * X + 100 + 100 * np.random.default_rng(0).random(100)
START = np.array([0.5, 0.5])


@pytest.fixture
def explorer():
    return explore_learning_rate()


def test_one_parameter_is_refused():
    with pytest.raises(ValueError, match=r"list has 1\. Give Line\(0.5, 0.5\)"):
        Problem.of(lambda model, x, y: squared_error(lambda x: model[0] * x, x, y), [1.0], X, Y)


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
def test_the_path_ends_at_the_chosen_step(problem, steps):
    marks, _ = move(problem, 1e-4, steps)
    start, path, here = (mark for mark in marks if mark.axes == "path")
    assert [start.x[0], start.y[0]] == pytest.approx(START)
    end = problem.bowl.descend(START, 1e-4, [steps])[0]
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
    m, b = START
    for _ in range(1000):
        error = m * X + b - Y
        m, b = m - 1e-4 * np.mean(2 * error * X), b - 1e-4 * np.mean(2 * error)
    loss = np.mean((m * X + b - Y) ** 2)
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


@pytest.mark.parametrize("y", [2 * X[:20] + 1, np.ones(20), np.zeros(20)])
def test_points_on_a_line_have_a_lowest_cost_of_0_on_a_logarithmic_axis(y):
    explorer = explore_learning_rate(x=X[:20], y=y)  # a warning would be an error
    explorer.set(data="standardised", rate=0.3, steps=1000)
    assert "the lowest possible; every parameter" in explorer.sentence
    low, high = explorer.picture.axes["cost"].get_ylim()
    assert 0 < low < high


# wiring


def test_each_control_changes_picture_and_words(explorer):
    seen = {explorer.sentence: explorer.picture}
    for change in ({"rate": 2e-4}, {"steps": 20_000}, {"data": "standardised"}):
        explorer.set(**change)
        assert explorer.sentence not in seen
        seen[explorer.sentence] = explorer.picture
    assert len(set(map(id, seen.values()))) == 2  # only other data draws what stands still anew


def test_every_preset_shows_what_its_button_says(explorer):
    for name, words in {
        "crawl": "crawling",
        "converge": "converging",
        "oscillate": "oscillating",
        "explode": "diverging",
        "standardise": "largest curvature 2 ",
        "one step": "After 1 step the",
        "reset": "After 1,000 steps",
    }.items():
        explorer.set(**explorer.presets[name])
        assert words in explorer.sentence


def test_own_data_and_model_are_taken():
    x = np.linspace(-1, 1, 50)
    explorer = explore_learning_rate(squared_error, Parabola(0.0, 0.0, 0.0), x, 2 * x**2)
    explorer.set(rate=0.5, steps=1000)
    assert "every parameter is within 0.001" in explorer.sentence


def test_start_is_dragged_and_the_cost_at_it_is_drawn(explorer):
    explorer.set(first=2.0, second=50.0, rate=1e-4)
    problem = Problem.of(squared_error, Line(2.0, 50.0), *noisy_line(np.random.default_rng(0)))
    assert explorer.frame["words"] == move(problem, 1e-4, 1000)[1]
    (level,) = (m for m in move(problem, 1e-4, 10)[0] if m.axes == "cost" and m.line == ":")
    assert level.y[0] == pytest.approx(problem.bowl.loss([2.0, 50.0]))


def test_more_than_two_parameters_have_no_start_to_drag():
    x = np.linspace(-1, 1, 50)
    explorer = explore_learning_rate(squared_error, Parabola(0.0, 0.0, 0.0), x, 2 * x**2)
    assert set(explorer.controls) == {"rate", "steps", "data"}
    assert list(explorer.spec["drag"]) == ["rate"]


def test_the_slider_begins_at_a_whole_power_of_ten():
    first = explore_learning_rate().controls["rate"].positions[0]
    assert first == 10.0 ** round(np.log10(first))
