"""How a run went: its losses against steps, epochs, or anything else that was paid."""

import numpy as np

from course.plots.scales import log_axis
from course.plots.style import STYLES, legend, new_axes, with_styles
from course.plots.words import begin, number, say


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
        (name, np.asarray(run, dtype=float), style)
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
        ends = [number(value) for value in shown[:1].tolist() + shown[-1:].tolist()]
        said = f"from {' to '.join(ends)} in {len(shown)} steps" if ends else "no finite cost"
        parts.append(f"{name}: {said}{ending if ends else ''}.")
    if best is not None:
        line = {**STYLES["best"], "marker": None}
        ax.axhline(best, label="lowest possible", **line)
        parts.append(f"The lowest possible is {number(best)}.")
    _log_axes(ax, [run for _, run, _ in styled], log)
    _cut_explosions(ax, [run for _, run, _ in styled], best)
    if len(styled) > 1 or best is not None:
        legend(ax)
    return say(ax, " ".join(parts) or "No costs.")


def history(run, *, ax=None, title="Loss while training", ylabel="loss"):
    """Draw a training's history: the loss of each epoch, and the validation loss if there is one.

    Parameters
    ----------
    run : History
        What `train` returns. Of a run that ended in its first epoch, the loss of each step is
        drawn instead. Validation losses that aren't numbers are skipped.
    """
    if not len(run.epochs):
        ax = costs({"training": run.losses}, ax=ax, title=title, ylabel=ylabel)
        return say(ax, f"No epoch was finished. {ax.description}")
    ax = new_axes(ax, title, "epoch", ylabel)
    lines = {"training": np.asarray(run.epochs, dtype=float)}
    if len(run.validation):
        lines["validation"] = np.asarray(run.validation, dtype=float)
    parts = []
    for name, values in lines.items():
        ax.plot(np.arange(1, len(values) + 1), values, label=name, **STYLES[name])
        lowest = int(np.argmin(np.where(np.isnan(values), np.inf, values)))
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
        ends = [f"{number(y[k])} at {number(x[k])}" for k in (0, -1) if len(x)]
        parts.append(f"{name}: from {' to '.join(ends)}." if ends else f"{name}: nothing yet.")
    if best is not None:
        ax.axhline(best, label="lowest possible", **{**STYLES["best"], "marker": None})
        parts.append(f"The lowest possible is {number(best)}.")
    for name, axis, which in (("x", ax.xaxis, 0), ("y", ax.yaxis, 1)):
        values = [np.ravel(run[which]) for run in runs.values() if len(run[which])]
        if name in log and values:
            ax.set(**{f"{name}scale": "log"})
            log_axis(axis, np.concatenate(values))
    if span is not None:
        ax.set_ylim(*span)
    legend(ax)
    return say(ax, begin(f"{ylabel} against {xlabel}. ") + " ".join(parts))


def _spaced(count, most):
    """Which points of a long run are drawn: some at equal ratios, the first and the last."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.geomspace(1, count, most).round().astype(int)) - 1


def _finite(run):
    """How many of a run's costs come before the first that isn't a finite number."""
    bad = ~np.isfinite(run)
    return int(np.argmax(bad)) if bad.any() else len(run)


def _log_axes(ax, runs, log):
    values = np.concatenate([np.empty(0), *(run[: _finite(run)] for run in runs)])
    longest = max((len(run) for run in runs), default=0)
    if log is None:
        wide = len(values) and values.min() > 0 and values.max() > 100 * values.min()
        log = ("x" if longest > 100 else "") + ("y" if wide else "")
    ax.set(xscale="log" if "x" in log else "linear", yscale="log" if "y" in log else "linear")
    if "x" in log:
        log_axis(ax.xaxis, np.arange(1, longest + 1))
    if "y" in log:
        log_axis(ax.yaxis, values)


def _cut_explosions(ax, runs, best):
    """A run that diverged leaves the picture instead of flattening all the others."""
    runs = [run for run in runs if _finite(run)]
    tallest = 1000 * max((abs(run[0]) for run in runs), default=np.inf)
    if any(np.nanmax(run) > tallest for run in runs):
        lowest = min(run[: _finite(run)].min() for run in runs)
        lowest = lowest if best is None else min(lowest, best)
        ax.set_ylim(lowest / 2 if lowest > 0 else None, tallest)
