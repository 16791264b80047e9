from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from course import plots

matplotlib.use("Agg")

RATES, MOMENTA = np.geomspace(0.01, 1, 20), np.linspace(0, 0.9, 10)
FACTORS = np.where(RATES < 0.3, 1 - 0.5 * RATES, 1.2) * np.ones((10, 1))


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_convergence_says_the_fastest_place_and_what_never_arrives():
    said = plots.describe(plots.convergence(RATES, MOMENTA, FACTORS))
    fastest = RATES[RATES < 0.3].max()
    steps = np.log(10) / -np.log(1 - 0.5 * fastest)
    assert f"fastest {plots.number(steps)}, at learning rate {plots.number(fastest)}" in said
    assert f"{100 * np.mean(RATES >= 0.3):.0f}% of the map never arrives" in said


def test_convergence_marks_places_by_name():
    ax = plots.convergence(RATES, MOMENTA, FACTORS, {"usual": (0.1, 0.9), "best": (0.2, 0.0)})
    assert [line.get_xydata()[0].tolist() for line in ax.lines] == [[0.1, 0.9], [0.2, 0.0]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["usual", "best"]
    assert "usual is at (0.1, 0.9)." in plots.describe(ax)


def test_convergence_spreads_momenta_by_what_they_lose():
    """From 0.9 to 0.99 is as far as from 0 to 0.9."""
    ax = plots.convergence(RATES, 1 - np.geomspace(1, 1e-3, 10), FACTORS)
    low, middle, high = ax.transData.transform([(0.1, 0.0), (0.1, 0.9), (0.1, 0.99)])[:, 1]
    assert middle - low == pytest.approx(high - middle)


def test_race_says_medians_and_spread_and_who_did_not_arrive():
    results = {"Adam": [200.0, 100.0, 400.0], "Descent": [np.nan, 3000.0, np.nan]}
    said = plots.describe(plots.race(results, most=5000))
    assert "Adam: median 200, from 100 to 400." in said
    assert "Descent: 2 of 3 did not arrive within 5,000." in said


def test_race_draws_a_dot_for_each_run_that_arrived():
    ax = plots.race({"Adam": [200.0, 100.0, 400.0], "Descent": [np.nan, 3000.0, np.nan]})
    dots = [line.get_xdata().tolist() for line in ax.lines if line.get_linestyle() == "None"]
    assert dots == [[200.0, 100.0, 400.0], [3000.0]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["Adam", "Descent"]


def test_race_has_the_optimizers_colours_also_before_a_comma():
    ax = plots.race({"Momentum, 5 degrees": [1.0, 2.0], "Momentum": [1.0, 2.0]})
    assert {line.get_color() for line in ax.lines} == {plots.COLORS["Momentum"]}


def test_race_is_logarithmic_only_for_a_wide_field():
    assert plots.race({"Adam": [1.0, 10.0]}).get_xscale() == "log"
    assert plots.race({"Adam": [88.0, 91.0]}).get_xscale() == "linear"
    nobody = plots.race({"Adam": [np.nan, np.nan]})
    assert "2 of 2 did not arrive" in plots.describe(nobody)


def test_race_gives_names_alike_up_to_a_comma_one_style():
    ax = plots.race({"cold, 1": [1.0], "warm, 1": [2.0], "cold, 2": [3.0]})
    cold, warm, again = [line.get_color() for line in ax.lines if line.get_linestyle() == "None"]
    assert cold == again != warm


def test_race_labels_of_a_wide_axis_do_not_collide():
    ax = plots.race({"Adam": [200.0, 300.0], "Descent": [58_000.0, 86_000.0]})
    ax.figure.canvas.draw()
    labels = [label for label in ax.get_xticklabels() if label.get_text()]
    boxes = sorted(label.get_window_extent().extents.tolist() for label in labels)
    assert all(left[2] < right[0] for left, right in pairwise(boxes))
