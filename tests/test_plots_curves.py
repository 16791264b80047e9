"""Losses against steps and epochs: what is drawn, and what is said in words."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def trained(validation=(3.0, 2.0, 2.5)):
    return SimpleNamespace(epochs=[4.0, 2.0, 1.0], validation=list(validation))


def test_many_runs_are_all_drawn():
    ax = plots.costs({f"run {i}": [3, 2, 1] for i in range(20)})
    assert len(ax.lines) == 20


def test_costs_choose_logarithmic_axes_where_values_span_much():
    axes = [plots.costs(run) for run in ([3, 2, 1], [1e6, 1e3, 1], np.linspace(3, 1, 1000))]
    scales = [(ax.get_xscale(), ax.get_yscale()) for ax in axes]
    assert scales == [("linear", "linear"), ("linear", "log"), ("log", "linear")]
    assert plots.costs([1e6, 1e3, 1], log="").get_yscale() == "linear"


def test_an_exploding_run_does_not_flatten_the_others():
    runs = {"good": np.geomspace(100, 1, 50), "bad": 100 * 4.0 ** np.arange(50)}
    ax = plots.costs(runs, best=0.5)
    low, high = ax.get_ylim()
    assert low < 0.5
    assert high == 1000 * 100


def test_costs_stop_where_they_are_no_longer_numbers():
    ax = plots.costs({"bad": [2.0, 4.0, np.inf, np.nan]})
    assert ax.lines[0].get_ydata().tolist() == [2.0, 4.0]
    assert "from 2 to 4 in 2 steps, after which it is no longer a number" in plots.describe(ax)


def test_history_shows_validation_where_there_is_some():
    ax = plots.history(trained())
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]
    assert "validation: from 3 to 2.5 in 3 epochs, lowest 2 in epoch 2." in plots.describe(ax)
    assert len(plots.history(trained(validation=())).lines) == 1


def test_costs_with_free_styles_are_told_from_the_lowest_by_colour():
    ax = plots.costs({f"run {k}": [k + 3, k + 2] for k in range(4)}, best=1.0)
    *runs, lowest = (line.get_color() for line in ax.get_lines())
    assert lowest not in runs
