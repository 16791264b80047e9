"""How values are spread: gradients of samples, draws, and what batches do to both."""

import numpy as np

from course.plots.scales import log_axis
from course.plots.style import COLORS, STYLES, legend, new_axes, with_styles
from course.plots.words import number, say


def gradients(samples, *, ax=None, title="Each sample's gradient", labels=("dm", "db")):
    """Draw the gradient of each sample as a dot, and their mean as an arrow.

    Parameters
    ----------
    samples : ndarray of shape (n, 2)
        The two parameters' derivatives, one row for each sample.
    """
    samples = np.asarray(samples)
    mean = samples.mean(axis=0)
    ax = new_axes(ax, title, *labels)
    ax.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    ax.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    ax.plot(*samples.T, label="one sample", **STYLES["data"])
    color = COLORS["gradient"]
    ax.annotate("", mean, (0, 0), arrowprops={"arrowstyle": "-|>", "color": color, "lw": 2.2})
    ax.plot(*mean, "D", color=color, markersize=6, label="their mean")
    size, same = np.abs(samples).max(), np.count_nonzero(samples @ mean > 0)
    said = f"{same} of {len(samples)} point to the same side as it"
    if np.all(np.abs(mean) < 1e-9 * size):
        mean, said = np.zeros(2), "they cancel"
    else:
        square = (-mean[1], mean[0])
        border = {"color": color, "linestyle": "--", "linewidth": 1.2}
        ax.axline((0, 0), square, label="square to the mean", **border)
    ax.set_aspect("equal", adjustable="datalim")  # or a right angle would look like another
    legend(ax)
    (low_x, low_y), (high_x, high_y) = samples.min(axis=0), samples.max(axis=0)
    return say(
        ax,
        f"{len(samples)} gradients, {labels[0]} from {number(low_x)} to {number(high_x)}, "
        f"{labels[1]} from {number(low_y)} to {number(high_y)}; their mean is "
        f"({number(mean[0])}, {number(mean[1])}), and {said}.",
    )


def histograms(values, truth, *, ax=None, title="", xlabel="value", bins=60):
    """Draw how values are spread, by name, and the truth that they should lie around.

    Parameters
    ----------
    values : dict of str -> ndarray of shape (n,)
    truth : float
    """
    ax, parts = new_axes(ax, title, xlabel, "share of all draws"), []
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), bins)
    for name, value, style in with_styles(values, "value", alone="data"):
        weights = np.full(len(value), 1 / len(value))
        line = {"color": style["color"], "linestyle": style["linestyle"], "linewidth": 1.8}
        ax.hist(value, edges, weights=weights, histtype="step", label=name, **line)
        parts.append(
            f"{name}: mean {number(np.mean(value))}, standard deviation {number(np.std(value))}."
        )
    ax.axvline(truth, label="all samples", **{**STYLES["gradient"], "linewidth": 2.6})
    legend(ax)
    return say(ax, f"Histograms around {number(truth)}. " + " ".join(parts))


def power_law(x, values, *, ax=None, title="", xlabel="batch size", ylabel="noise"):
    """Draw values on logarithmic axes, where a power law is a straight line, and fit one.

    Parameters
    ----------
    x : ndarray of shape (n,)
    values : dict of str -> ndarray of shape (n,)
        The first is fitted by a power of x; the others are only drawn.
    """
    ax, parts = new_axes(ax, title, xlabel, ylabel), []
    for index, (name, y, style) in enumerate(with_styles(values, "value", alone="data")):
        dots = {"linestyle": "none", "color": style["color"], "marker": style.get("marker")}
        ax.plot(x, y, label=name, **(dots if index == 0 else style), markersize=6)
        ends = f"from {number(y[0])} at {number(x[0])} to {number(y[-1])} at {number(x[-1])}"
        parts.append(f"{name}: {ends}.")
        if index == 0:
            power, height = np.polyfit(np.log(x), np.log(y), 1)
            ax.plot(x, np.exp(height) * x**power, color=style["color"], linewidth=1.2,
                    label=f"power law, exponent {power:.2f}")  # fmt: skip
            parts.append(f"The straight line fitted to it has the exponent {power:.2f}.")
    ax.set(xscale="log", yscale="log")
    log_axis(ax.xaxis, x)
    log_axis(ax.yaxis, np.concatenate(list(values.values())))
    legend(ax)
    return say(ax, " ".join(parts))
