"""Who needed how much: runners side by side, a bar for each name."""

import numpy as np

from course.plots.scales import log_axis
from course.plots.style import COLORS, new_axes, with_styles
from course.plots.words import number, say


def race(results, *, most=None, ax=None, title="Who arrives first", xlabel="steps to arrive"):
    """Draw what each of several runners needed: a dot for each run, a bar at their median.

    Parameters
    ----------
    results : dict of str -> array_like
        One value for each run; NaN for a run that didn't arrive. Names that are the same up to a
        comma have the same style; optimizers have fixed ones.
    most : float, optional
        How far runs were followed; said of the runs that didn't arrive.
    """
    ax = new_axes(ax, title, xlabel, "")
    parts, limit = [], "" if most is None else f" within {number(most)}"
    kinds = {name: name.split(",")[0] for name in results}
    shared = dict.fromkeys(kinds.values())
    styles = {kind: style for kind, _, style in with_styles(shared, "run", alone="training")}
    for row, (name, values) in enumerate(results.items()):
        style, values = styles[kinds[name]], np.asarray(values, dtype=float)
        arrived = values[np.isfinite(values)]
        dots = {"marker": style["marker"], "color": style["color"], "linestyle": "none"}
        ax.plot(arrived, np.full(len(arrived), row), alpha=0.6, markersize=7, **dots)
        if len(arrived) < len(values) or not len(values):
            text = f"{len(values) - len(arrived)} of {len(values)} did not arrive"
            place = {"va": "center", "transform": ax.get_yaxis_transform()}
            if len(arrived):  # beside the picture: dots may be anywhere in it
                ax.text(1.01, row, text, fontsize="small", **place)
            else:
                ax.text(0.99, row, text + limit, ha="right", **place)
            parts.append(f"{name}: {text}{limit}.")
        else:
            ax.plot(2 * [np.median(values)], [row - 0.3, row + 0.3], color=style["color"], lw=2.5)
            parts.append(
                f"{name}: median {number(np.median(values))}, from {number(values.min())} to "
                f"{number(values.max())}."
            )
    every = np.concatenate([np.empty(0), *map(np.ravel, results.values())]).astype(float)
    every = every[np.isfinite(every)]
    if len(every) and every.max() > 5 * every.min() > 0:
        ax.set_xscale("log")
        log_axis(ax.xaxis, every)
    rows = len(results)
    ax.set(yticks=range(rows), yticklabels=list(results), ylim=(max(rows, 1) - 0.5, -0.5))
    return say(ax, " ".join(parts) or "Nobody ran.")


def bars(values, *, ax=None, title="", xlabel="", log=False):
    """Draw one horizontal bar for each name, with its number written beside it."""
    names, widths = list(values), np.array(list(values.values()), dtype=float)
    ax = new_axes(ax, title, xlabel, "")
    colors = [COLORS["data"] if width >= 0 else COLORS["model"] for width in widths]
    shown = ax.barh(names, widths, color=colors)
    ax.bar_label(shown, [number(width) for width in widths], padding=4)
    ax.set_xscale("log" if log else "linear")
    ax.margins(x=0.14)
    ax.invert_yaxis()
    listed = ", ".join(f"{name} {number(width)}" for name, width in values.items())
    return say(ax, f"Bars of {xlabel}: {listed}.")
