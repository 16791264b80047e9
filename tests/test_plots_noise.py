"""Pictures of noise and of what a run costs: what they draw and what they say in words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course import plots


@pytest.fixture(autouse=True)
def close():
    yield
    plt.close("all")


def drawn_line(ax, name):
    return next(line for line in ax.lines if line.get_label() == name)


def drawn(ax, name):
    """The points of the line with this label."""
    return next(line for line in ax.lines if line.get_label() == name).get_xydata()


# --- values against what was paid for them


def test_lines_draws_each_run_where_it_is():
    runs = {"slow": ([1, 2, 3], [9.0, 8.0, 7.0]), "fast": ([10, 20], [9.0, 1.0])}
    ax = plots.lines(runs, best=0.5, xlabel="samples seen", ylabel="cost", title="Who wins")
    assert drawn(ax, "slow").tolist() == [[1, 9], [2, 8], [3, 7]]
    assert drawn(ax, "fast").tolist() == [[10, 9], [20, 1]]
    assert ax.get_title() == "Who wins"
    assert plots.describe(ax) == (
        "Cost against samples seen. slow: from 9 at 1 to 7 at 3. fast: from 9 at 10 to 1 at 20. "
        "The lowest possible is 0.5."
    )


def test_lines_of_two_runs_differ_in_more_than_colour():
    first, second = plots.lines({"a": ([1, 2], [1, 2]), "b": ([1, 2], [2, 1])}).lines
    assert first.get_color() != second.get_color()
    assert first.get_linestyle() != second.get_linestyle()
    assert first.get_marker() != second.get_marker()


def test_a_long_run_on_a_logarithmic_axis_is_thinned_and_keeps_its_ends():
    steps = np.arange(1, 10_001)
    ax = plots.lines({"run": (steps, 1 / steps)}, log="xy")
    points = drawn(ax, "run")
    assert len(points) <= 300
    assert points[0].tolist() == [1, 1]
    assert points[-1].tolist() == [10_000, 1e-4]
    assert np.allclose(points[:, 1], 1 / points[:, 0])
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_a_long_run_on_a_linear_axis_is_drawn_whole():
    steps = np.arange(1, 1001)
    assert len(drawn(plots.lines({"run": (steps, steps)}, log="y"), "run")) == 1000


def test_lines_shows_the_span_that_it_is_told():
    assert plots.lines({"a": ([1, 2], [1, 99])}, span=(0, 10)).get_ylim() == (0, 10)


# --- gradients of single samples


def test_gradients_says_how_many_agree_with_their_mean():
    ax = plots.gradients(np.array([[3.0, 1.0], [2.0, -1.0], [-1.0, 3.0]]))
    assert drawn(ax, "one sample").tolist() == [[3, 1], [2, -1], [-1, 3]]
    assert drawn(ax, "their mean")[0] == pytest.approx([4 / 3, 1])
    assert plots.describe(ax) == (
        "3 gradients, dm from -1 to 3, db from -1 to 3; their mean is (1.33, 1), and 3 of 3 point "
        "to the same side as it."
    )


def test_gradients_that_cancel_are_said_to_cancel():
    """A mean of 1e-17 is rounding, and must not be printed: it differs between machines."""
    samples = np.array([[0.1, 0.2], [0.2, -0.3], [-0.3, 0.1]]) + 1e-18
    assert "their mean is (0, 0), and they cancel" in plots.describe(plots.gradients(samples))


# --- histograms


def test_histograms_have_shares_that_add_up_to_one():
    rng = np.random.default_rng(0)
    values = {"narrow": rng.normal(5, 1, 500), "wide": rng.normal(5, 3, 700)}
    ax = plots.histograms(values, 5.0, xlabel="guess")
    for patch in ax.patches:
        outline = patch.get_xy()
        assert outline[:, 1].max() < 1
    heights = [np.unique(p.get_xy()[:, 0]).size for p in ax.patches]
    assert heights == [61, 61]
    assert sum(ax.patches[0].get_xy()[1:-1:2, 1]) == pytest.approx(1)


def test_histograms_say_mean_and_spread_of_each():
    said = plots.describe(plots.histograms({"a": np.array([1.0, 3.0])}, 2.5))
    assert said == "Histograms around 2.5. a: mean 2, standard deviation 1."


# --- power laws


def test_a_power_law_is_found():
    x = np.array([1.0, 4.0, 16.0])
    ax = plots.power_law(x, {"measured": 6 / np.sqrt(x), "other": 1 / x})
    assert plots.describe(ax) == (
        "measured: from 6 at 1 to 1.5 at 16. The straight line fitted to it has the exponent -0.50."
        " other: from 1 at 1 to 0.0625 at 16."
    )
    assert drawn(ax, "power law, exponent -0.50")[:, 1] == pytest.approx([6, 3, 1.5])


# --- bars


def test_bars_carry_their_numbers():
    ax = plots.bars({"weight": -5.123, "year": 2.777}, xlabel="mpg")
    assert [bar.get_width() for bar in ax.patches] == [-5.123, 2.777]
    assert [text.get_text() for text in ax.texts] == ["-5.12", "2.78"]
    assert plots.describe(ax) == "Bars of mpg: weight -5.12, year 2.78."


def test_bars_below_zero_look_different():
    below, above = plots.bars({"a": -1.0, "b": 1.0}).patches
    assert below.get_facecolor() != above.get_facecolor()


def test_bars_are_in_the_order_given_from_top_to_bottom():
    ax = plots.bars({"first": 1.0, "second": 2.0})
    low, high = ax.get_ylim()
    assert low > high


def test_gradients_are_parted_by_a_line_square_to_their_mean():
    ax = plots.gradients([[1.0, 3.0], [9.0, 1.0], [-4.0, 2.0]])
    border = next(line for line in ax.lines if line.get_label() == "square to the mean")
    (x0, y0), (x1, y1) = border.get_xy1(), border.get_xy2()
    assert np.isclose(np.dot([x1 - x0, y1 - y0], [2, 2]), 0)
    assert ax.get_aspect() == 1
    assert "2 of 3 point to the same side" in plots.describe(ax)


def test_gradients_that_cancel_have_no_side():
    labels = [line.get_label() for line in plots.gradients([[1.0, 2.0], [-1.0, -2.0]]).lines]
    assert "square to the mean" not in labels


def test_logarithmic_axes_are_labelled_with_plain_numbers():
    ax = plots.lines({"a": ([0.02, 0.2], [20, 500])}, log="xy")
    ax.figure.draw_without_rendering()
    labels = [label.get_text() for label in ax.get_xticklabels() if label.get_text()]
    assert {"0.02", "0.05", "0.1", "0.2"} <= set(labels)
    many = plots.lines({"a": ([1, 1e6], [1, 1])}, log="x")
    many.figure.draw_without_rendering()
    labels = [label.get_text() for label in many.get_xticklabels()]
    assert "$10^{2}$" in labels
    assert "$10^{6}$" in labels
    assert "100" not in labels


def test_a_path_and_the_lowest_point_have_different_colours():
    runs = {name: [(0, 0), (1, 1)] for name in "abcdef"}
    ax = plots.paths(lambda a, b: a**2 + b**2 + 1, [-1, 0, 1], [-1, 0, 1], runs, best=(0, 0))
    lowest = next(line for line in ax.lines if line.get_label() == "lowest")
    assert lowest.get_color() not in [drawn_line(ax, name).get_color() for name in runs]
