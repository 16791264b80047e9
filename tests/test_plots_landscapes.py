"""Costs over two parameters: what is drawn, and what is said in words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def bowl(m, b):
    return (m - 1) ** 2 + 10 * (b - 2) ** 2 + 1


GRID = np.linspace(-3, 5, 41)


def test_surface_and_paths_find_the_lowest_point():
    for ax in (plots.surface(bowl, GRID, GRID), plots.paths(bowl, GRID, GRID)):
        assert "from 1, near m = 1 and b = 2, up to 267" in plots.describe(ax)


def test_a_surface_is_logarithmic_or_plain_and_said_alike():
    tall, plain = plots.surface(bowl, GRID, GRID), plots.surface(bowl, GRID, GRID, log=False)
    assert plots.describe(tall) == plots.describe(plain)
    assert tall.get_zlim()[1] < 3 < 200 < plain.get_zlim()[1]


def test_paths_are_drawn_and_said():
    ax = plots.paths(bowl, GRID, GRID, {"Adam": [(0, 0), (1, 1), (1, 2)]}, labels=("u", "v"))
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 1]
    assert "Adam: 2 steps from (0, 0) to (1, 2)." in plots.describe(ax)
    assert ax.get_xlabel() == "u"


def test_basins_count_and_draw_each_kind_of_end():
    ends = np.array([[0, 1, 1], [0, 2, 1]])
    names = ["left", "right", "nowhere"]
    ax = plots.basins(np.array([-1.0, 0.0, 1.0]), np.array([5.0, 6.0]), ends, names)
    assert "Of 6 starts, this many end at: left 2, right 3, nowhere 1." in plots.describe(ax)
    drawn = {line.get_label(): line.get_xydata().tolist() for line in ax.lines}
    assert drawn["nowhere"] == [[0.0, 6.0]]
    assert drawn["left"] == [[-1.0, 5.0], [-1.0, 6.0]]
    assert len({line.get_color() for line in ax.lines}) == len(names)
