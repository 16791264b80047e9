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


def shown(axis):
    """The labels that an axis shows within its limits."""
    low, high = axis.get_view_interval()
    return [
        tick.label1.get_text()
        for tick in axis.get_major_ticks()
        if low <= tick.get_loc() <= high and tick.label1.get_text()
    ]


def test_logarithmic_costs_are_labelled_in_plain_numbers_or_all_in_powers_of_ten():
    ax = plots.costs({"a": np.geomspace(0.69, 0.05, 1000)}, log="xy")
    ax.figure.canvas.draw()
    assert shown(ax.yaxis) == ["0.05", "0.1", "0.2", "0.5"]
    assert shown(ax.xaxis) == ["1", "10", "100", "1,000"]
    ax = plots.costs({"a": np.geomspace(98_000, 0.002, 200)}, log="y")
    ax.figure.canvas.draw()
    assert all(label.startswith("$10^") for label in shown(ax.yaxis)), shown(ax.yaxis)


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


def ended(**kw):
    return SimpleNamespace(**{"epochs": [], "validation": [], "losses": [], **kw})


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda: plots.history(ended(losses=[9.0, 4e5])),
         "No epoch was finished. training: from 9 to 400,000 in 2 steps."),
        (lambda: plots.history(ended(losses=[9.0, np.inf])),
         "No epoch was finished. training: from 9 to 9 in 1 steps, after which it is no longer a "
         "number."),
        (lambda: plots.history(ended(losses=[np.nan])),
         "No epoch was finished. training: no finite cost."),
        (lambda: plots.history(ended()), "No epoch was finished. training: no finite cost."),
        (lambda: plots.history(ended(epochs=[2.0], validation=[np.nan])),
         "training: from 2 to 2 in 1 epochs, lowest 2 in epoch 1. validation: from nan to nan in 1 "
         "epochs, lowest nan in epoch 1."),
        (lambda: plots.history(ended(epochs=[np.nan, np.nan])),
         "training: from nan to nan in 2 epochs, lowest nan in epoch 1."),
        (lambda: plots.costs([]), "No costs."),
        (lambda: plots.costs([], best=1.0), "The lowest possible is 1."),
        (lambda: plots.costs({}), "No costs."),
        (lambda: plots.costs({"a": [1.0, 2.0], "b": []}),
         "a: from 1 to 2 in 2 steps. b: no finite cost."),
        (lambda: plots.costs({"a": [1.0, 2.0], "b": [np.nan, 1.0]}),
         "a: from 1 to 2 in 2 steps. b: no finite cost."),
        (lambda: plots.costs([np.inf]), "cost: no finite cost."),
        (lambda: plots.lines({"a": ([], [])}), "Cost against samples seen. a: nothing yet."),
        (lambda: plots.lines({"a": ([], [])}, log="xy"),
         "Cost against samples seen. a: nothing yet."),
        (lambda: plots.race({"a": []}), "a: 0 of 0 did not arrive."),
        (lambda: plots.race({}), "Nobody ran."),
    ],
)  # fmt: skip
def test_a_run_that_ended_early_is_drawn_as_far_as_it_came(draw, said):
    ax = draw()
    ax.figure.canvas.draw()
    assert plots.describe(ax) == said


def test_a_history_without_epochs_shows_its_steps():
    ax = plots.history(ended(losses=[9.0, 4e5]), ax=plt.subplots()[1])
    assert ax.lines[0].get_xydata().tolist() == [[1, 9], [2, 4e5]]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("step", "loss", "log")
