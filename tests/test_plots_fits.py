"""Data and what models say about them: what is drawn, and what is said in words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course import plots
from course.models import Line

X = np.arange(1.0, 101.0)
Y = 2 * X + 10


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_fit_draws_what_the_model_says():
    ax = plots.fit(X, Y, Line(2.0, 9.0))
    data, model = ax.lines
    np.testing.assert_allclose(data.get_ydata(), Y)
    np.testing.assert_allclose(model.get_ydata(), 2 * model.get_xdata() + 9)
    assert plots.describe(ax) == (
        "100 points, y from 12 to 210. Model goes from 11 at x = 1 to 209 at x = 100; "
        "root-mean-square error 1."
    )


def test_fit_draws_data_alone_and_a_constant_model():
    assert len(plots.fit(X, Y).lines) == 1
    assert "Model goes from 7 at x = 1 to 7" in plots.describe(plots.fit(X, Y, lambda x: 7.0))


def test_residuals_are_data_minus_model():
    ax = plots.residuals(X, Y, Line(2.0, 9.0))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 1.0)
    assert "from 1 to 1; their mean is 1 in the lower" in plots.describe(ax)


def test_models_with_free_styles_are_told_from_the_data_by_colour():
    ax = plots.fit(X, Y, {"line": Line(2.0, 9.0), "steeper line": Line(3.0, 0.0)})
    data, *models = (line.get_color() for line in ax.get_lines())
    assert data not in models
