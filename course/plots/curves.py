"""How a run went: its losses against steps, epochs, or anything else that was paid."""

import numpy as np

from course.plots.scales import log_axis
from course.plots.style import STYLES, legend, new_axes, with_styles
from course.plots.words import number, say


def costs(runs, *, best=None, ax=None, title="Cost at each step", ylabel="cost", log=None):
    """Draw the costs of one run, or of several by name.

    Parameters
    ----------
    runs : array_like, or dict of str -> array_like
        The cost at each step. Names of optimizers and "training" have fixed styles.
    best : float, optional
        The lowest cost there is, as a dashed line.
    log : str, optional
        Which axes are logarithmic: "", "x", "y" or "xy". By default the axes whose values span
        more than a factor of 100.

    Returns
    -------
    matplotlib Axes
    """
    ax = new_axes(ax, title, "step", ylabel)
    styled = [
        (name, np.asarray(run), style)
        for name, run, style in with_styles(
            runs, "cost", alone="training", beside=None if best is None else "best"
        )
    ]
    parts = []
    for name, run, style in styled:
        shown = run[: _finite(run)]
        # Markers at equal distances on the page, each run's a little further along.
        marks = {"markevery": (0.03 * len(parts), 0.2), "markersize": 5}
        ax.plot(np.arange(1, len(shown) + 1), shown, label=name, **marks, **style)
        ending = "" if len(shown) == len(run) else ", after which it is no longer a number"
        parts.append(
            f"{name}: from {number(shown[0])} to {number(shown[-1])} in {len(shown)} steps{ending}."
        )
    if best is not None:
        line = {**STYLES["best"], "marker": None}
        ax.axhline(best, label="lowest possible", **line)
        parts.append(f"The lowest possible is {number(best)}.")
    _log_axes(ax, [run for _, run, _ in styled], log)
    _cut_explosions(ax, [run for _, run, _ in styled], best)
    if len(styled) > 1 or best is not None:
        legend(ax)
    return say(ax, " ".join(parts))


def history(run, *, ax=None, title="Loss while training", ylabel="loss"):
    """Draw a training's history: the loss of each epoch, and the validation loss if there is one.

    Parameters
    ----------
    run : History
        What `train` returns. Validation losses that aren't numbers are skipped.
    """
    ax = new_axes(ax, title, "epoch", ylabel)
    lines = {"training": np.asarray(run.epochs, dtype=float)}
    if len(run.validation):
        lines["validation"] = np.asarray(run.validation, dtype=float)
    parts = []
    for name, values in lines.items():
        ax.plot(np.arange(1, len(values) + 1), values, label=name, **STYLES[name])
        lowest = int(np.nanargmin(values))
        parts.append(
            f"{name}: from {number(values[0])} to {number(values[-1])} in {len(values)} epochs, "
            f"lowest {number(values[lowest])} in epoch {lowest + 1}."
        )
    _log_axes(ax, lines.values(), None)
    if len(lines) > 1:
        legend(ax)
    return say(ax, " ".join(parts))


def lines(
    runs, *, best=None, ax=None, title="", xlabel="samples seen", ylabel="cost", log="", span=None
):
    """Draw values against what was paid for them: steps, samples, seconds, or anything else.

    Parameters
    ----------
    runs : dict of str -> (ndarray of shape (k,), ndarray of shape (k,))
        Where, and how high, by name. "training" and "validation" have fixed styles.
    best : float, optional
        The lowest value there is, as a dashed line.
    log : str
        Which axes are logarithmic: "", "x", "y" or "xy". Of more than 300 points on a logarithmic
        x axis only those at equal ratios are drawn: the rest would be a smear.
    span : tuple of two floats, optional
        The part of the vertical axis that is shown.

    Returns
    -------
    matplotlib Axes
    """
    ax, parts = new_axes(ax, title, xlabel, ylabel), []
    for name, (x, y), style in with_styles(runs, "value", alone="training"):
        x, y = np.asarray(x), np.asarray(y, dtype=float)
        shown = _spaced(len(x), 300) if "x" in log else np.arange(len(x))
        marks = {"markevery": max(1, len(shown) // 8), "markersize": 5, "linewidth": 1.3}
        ax.plot(x[shown], y[shown], label=name, **{**marks, **style})
        parts.append(
            f"{name}: from {number(y[0])} at {number(x[0])} to {number(y[-1])} at {number(x[-1])}."
        )
    if best is not None:
        ax.axhline(best, label="lowest possible", **{**STYLES["best"], "marker": None})
        parts.append(f"The lowest possible is {number(best)}.")
    ax.set(xscale="log" if "x" in log else "linear", yscale="log" if "y" in log else "linear")
    for name, axis, which in (("x", ax.xaxis, 0), ("y", ax.yaxis, 1)):
        if name in log:
            log_axis(axis, np.concatenate([np.ravel(run[which]) for run in runs.values()]))
    if span is not None:
        ax.set_ylim(*span)
    legend(ax)
    return say(ax, f"{ylabel} against {xlabel}. ".capitalize() + " ".join(parts))


def _spaced(count, most):
    """Which points of a long run are drawn: some at equal ratios, the first and the last."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.geomspace(1, count, most).round().astype(int)) - 1


def _finite(run):
    """How many of a run's costs come before the first that isn't a finite number."""
    bad = ~np.isfinite(run)
    return max(1, int(np.argmax(bad))) if bad.any() else len(run)


def _log_axes(ax, runs, log):
    values = np.concatenate([run[: _finite(run)] for run in runs])
    longest = max(len(run) for run in runs)
    if log is None:
        wide = values.min() > 0 and values.max() > 100 * values.min()
        log = ("x" if longest > 100 else "") + ("y" if wide else "")
    ax.set(xscale="log" if "x" in log else "linear", yscale="log" if "y" in log else "linear")


def _cut_explosions(ax, runs, best):
    """A run that diverged leaves the picture instead of flattening all the others."""
    tallest = 1000 * max(abs(run[0]) for run in runs)
    if any(np.nanmax(run) > tallest for run in runs):
        lowest = min(run[: _finite(run)].min() for run in runs)
        lowest = lowest if best is None else min(lowest, best)
        ax.set_ylim(lowest / 2 if lowest > 0 else None, tallest)
