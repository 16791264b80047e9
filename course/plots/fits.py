"""Data, what models say about them, and what is left over."""

import numpy as np

from course.plots.style import COLORS, STYLES, legend, new_axes, with_styles
from course.plots.words import begin, number, say


def fit(x, y, models=(), *, ax=None, title="Data and fit", xlabel="x", ylabel="y"):
    """Draw data and what models say about them.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
    models : callable, or dict of str -> callable
        A model, or several by name. The names "start", "model" and "best" have fixed styles.
    ax : matplotlib Axes, optional
        Where to draw; a new picture if not given.

    Returns
    -------
    matplotlib Axes
    """
    x, y = np.asarray(x), np.asarray(y)
    ax = new_axes(ax, title, xlabel, ylabel)
    ax.plot(x, y, label="data", **STYLES["data"])
    grid = np.linspace(x.min(), x.max(), 200)
    parts = [f"{len(x)} points, y from {number(y.min())} to {number(y.max())}."]
    for name, model, style in with_styles(models, "model", alone="model", beside="data"):
        values = model(grid) * np.ones_like(grid)
        ax.plot(grid, values, label=name, **{**style, "marker": None})
        off = np.sqrt(np.mean((model(x) - y) ** 2))
        parts.append(
            f"{begin(name)} goes from {number(values[0])} at x = {number(grid[0])} to "
            f"{number(values[-1])} at x = {number(grid[-1])}; root-mean-square error {number(off)}."
        )
    legend(ax)
    return say(ax, " ".join(parts))


def residuals(x, y, model, *, ax=None, title="What the model leaves over", xlabel="x"):
    """Draw data minus model: a pattern here is what the model could still learn."""
    x, left = np.asarray(x), np.asarray(y) - model(np.asarray(x))
    ax = new_axes(ax, title, xlabel, "data minus model")
    ax.vlines(x, 0, left, color=COLORS["data"], alpha=0.35, linewidth=1)
    ax.plot(x, left, **STYLES["data"])
    ax.axhline(0, **{**STYLES["model"], "linewidth": 1.6})
    thirds = [number(part.mean()) for part in np.array_split(left[np.argsort(x, kind="stable")], 3)]
    return say(
        ax,
        f"{len(x)} residuals from {number(left.min())} to {number(left.max())}; their mean is "
        f"{thirds[0]} in the lower, {thirds[1]} in the middle and {thirds[2]} in the upper third "
        "of x.",
    )
