"""A cost over two parameters, and how fast a rule crosses it."""

import numpy as np

from course.plots.style import CLASSES, STYLES, legend, new_axes, pyplot, with_styles
from course.plots.words import number, say


def surface(cost, first, second, *, ax=None, title="The cost surface", labels=("m", "b"), log=True):
    """Draw a cost over two parameters in 3D, its height on a logarithmic scale or a plain one.

    Parameters
    ----------
    cost : callable
        `cost(a, b)` -> float, for one pair of parameters.
    first, second : ndarray
        The values of the two parameters, `(n,)` and `(k,)`.
    """
    height = _grid(cost, first, second)
    drawn = np.log10(height) if log else height
    if ax is None:
        ax = pyplot().figure(figsize=(6, 4.6)).add_subplot(projection="3d")
    ax.plot_surface(*np.meshgrid(first, second), drawn, cmap="cividis", rcount=60, ccount=60)
    ax.set(title=title, xlabel=labels[0], ylabel=labels[1])
    ax.set_zlabel("cost", labelpad=2 if log else 6)
    if log:
        ax.zaxis.set_major_formatter(lambda power, _: f"$10^{{{power:.3g}}}$")
        ax.zaxis.get_major_locator().set_params(integer=True)
    for axis in "xy" if log else "xyz":
        ax.locator_params(axis=axis, nbins=5)
    ax.set_box_aspect(None, zoom=0.88)
    return say(ax, "A surface over two parameters. " + _valley(height, first, second, labels))


def paths(cost, first, second, runs=(), *, best=None, ax=None, title="", labels=("m", "b")):
    """Draw a cost over two parameters as contours, and the paths of descents over it.

    Parameters
    ----------
    cost : callable
        `cost(a, b)` -> float, for one pair of parameters.
    first, second : ndarray
        The values of the two parameters, `(n,)` and `(k,)`.
    runs : array_like of shape (steps, 2), or dict of str -> array_like
        The parameters after each step. Names of optimizers have fixed styles.
    best : tuple of two floats, optional
        Where the cost is lowest.
    """
    ax = new_axes(ax, title or "The path over the cost's contours", *labels)
    height = _grid(cost, first, second)
    contours(ax, first, second, height)
    parts = ["Contours of the cost. " + _valley(height, first, second, labels)]
    styled = with_styles(runs, "path", alone="path", beside=None if best is None else "best")
    for name, run, style in styled:
        run = np.asarray(run)
        style = {"markersize": 4, "linewidth": 1.4, **style}
        if len(run) > 200:  # dots would run together
            style["markevery"] = [0, len(run) - 1]
        ax.plot(run[:, 0], run[:, 1], label=name, scalex=False, scaley=False, **style)
        taken = f"{len(run) - 1} step" + "s" * (len(run) != 2)
        parts.append(
            f"{name}: {taken} from ({number(run[0, 0])}, {number(run[0, 1])}) to "
            f"({number(run[-1, 0])}, {number(run[-1, 1])})."
        )
    if best is not None:
        ax.plot(*best, label="lowest", **{**STYLES["best"], "linestyle": "none"})
    if len(styled) > 1 or best is not None:
        legend(ax)
    return say(ax, " ".join(parts))


def basins(first, second, ends, names, *, cost=None, ax=None, title="", labels=("a", "b")):
    """Draw where a descent ends from each start: one colour and mark for each kind of end.

    Parameters
    ----------
    first, second : ndarray
        The two parameters of the starts, `(n,)` and `(k,)`.
    ends : ndarray of integers of shape (k, n)
        Which kind of end each start leads to, from 0.
    names : sequence of str
        What the kinds are called.
    cost : callable, optional
        `cost(a, b)` -> float, whose contours are drawn over the starts.
    """
    ax = new_axes(ax, title or "Where each start ends", *labels)
    ax.figure.set_size_inches(6.6, 4.4)
    across, up = np.meshgrid(first, second)
    parts = []
    for kind, (name, style) in enumerate(zip(names, CLASSES, strict=False)):
        here = ends == kind
        ax.plot(across[here], up[here], label=name, **{**style, "markersize": 3.4})
        parts.append(f"{name} {here.sum()}")
    if cost is not None:
        height = _grid(cost, first, second)
        ax.contour(first, second, height, 14, colors="black", linewidths=0.5, alpha=0.7)
    ax.set_aspect("equal")
    legend(ax)
    return say(ax, f"Of {np.size(ends)} starts, this many end at: {', '.join(parts)}.")


def convergence(rates, momenta, factors, points=(), *, ax=None, title="", ylabel="momentum"):
    """Draw how fast momentum converges, over its learning rate and its momentum.

    Both axes are logarithmic, the second in what is lost of the velocity, 1 - momentum.

    Parameters
    ----------
    rates, momenta : ndarray
        The learning rates `(n,)` and momenta `(k,)`, from 0 to below 1.
    factors : ndarray of shape (k, n)
        By how much a step multiplies the distance to the minimum, where it shrinks slowest; 1 and
        more never arrives.
    points : dict of str -> (rate, momentum)
        Places to mark, by name. "best" has a fixed style.
    """
    ax = new_axes(ax, title or "How fast each pair converges", "learning rate", ylabel)
    rates, momenta, factors = np.asarray(rates), np.asarray(momenta), np.asarray(factors)
    with np.errstate(divide="ignore"):
        tenfold = np.where(factors < 1, np.log(10) / -np.log(np.minimum(factors, 1)), np.nan)
    ax.set(xscale="log", xlim=(rates[0], rates[-1]), facecolor="#f6cdb6")
    ax.set_yscale("function", functions=(lambda b: -np.log10(1 - b), lambda s: 1 - 10.0**-s))
    ticks = [b for b in (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999) if b <= momenta[-1]]
    ax.set(ylim=(0, momenta[-1]), yticks=ticks, yticklabels=[f"{b:g}" for b in ticks])
    levels = np.geomspace(100, 100_000, 7)
    shades = {"cmap": "Blues", "norm": "log", "vmin": 60, "vmax": 300_000, "extend": "both"}
    ax.contourf(rates, momenta, np.ma.masked_invalid(tenfold), levels, **shades)
    lines = ax.contour(rates, momenta, tenfold, levels[::2], colors="white", linewidths=0.8)
    ax.clabel(lines, fmt=lambda steps: f"{steps:,.0f}", fontsize=8, colors="black")
    row, column = np.unravel_index(np.argmin(factors), factors.shape)
    parts = [
        f"Steps until the distance is a tenth: fastest {number(tenfold[row, column])}, at learning "
        f"rate {number(rates[column])} and momentum {number(momenta[row])}; "
        f"{100 * np.mean(factors >= 1):.0f}% of the map never arrives."
    ]
    for name, (rate, momentum), style in with_styles(dict(points), "point", alone="path"):
        marker = {"markersize": 7, **style, "linestyle": "none", "clip_on": False}
        ax.plot(rate, momentum, label=name, **marker)
        parts.append(f"{name} is at ({number(rate)}, {number(momentum)}).")
    if points:
        legend(ax)
    return say(ax, " ".join(parts))


def contours(ax, first, second, height, levels=16):
    """Draw filled contours at equal ratios of the height above the lowest."""
    excess = height - height.min()
    excess = np.log10(np.maximum(excess, excess.max() * 1e-5))
    low, high = excess.min(), excess.max()
    first, second = np.meshgrid(first, second)  # else both calls make and keep their own
    light = {"cmap": "Blues", "vmin": low, "vmax": high + 0.7 * (high - low)}
    ax.contourf(first, second, excess, levels, **light)
    ax.contour(first, second, excess, levels, colors="white", linewidths=0.6, linestyles="solid")


def _grid(cost, first, second):
    """The cost at each pair, `(len(second), len(first))`."""
    return np.array([[float(cost(a, b)) for a in first] for b in second])


def _valley(height, first, second, labels):
    row, column = np.unravel_index(np.argmin(height), height.shape)
    return (
        f"The cost goes from {number(height.min())}, near {labels[0]} = {number(first[column])} "
        f"and {labels[1]} = {number(second[row])}, up to {number(height.max())}."
    )
