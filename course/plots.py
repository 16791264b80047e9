"""Pictures: values in, Axes out.

The same thing has the same colour in every lesson, and a line style or marker repeats what the
colour says. Each function leaves a sentence on its axes that says what is seen, computed from the
same values; `show` prints it below the picture.
"""

import base64
import io
import textwrap
from itertools import cycle

import numpy as np

__all__ = [
    "CLASSES",
    "COLORS",
    "STYLES",
    "bars",
    "calibration",
    "confusion",
    "convergence",
    "costs",
    "depth",
    "describe",
    "fit",
    "gradients",
    "half_planes",
    "histograms",
    "history",
    "lines",
    "number",
    "paths",
    "pictures",
    "power_law",
    "race",
    "regions",
    "residuals",
    "show",
    "surface",
]

# Okabe and Ito (2008): told apart with every common kind of colour blindness, and in grey.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILLION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"

STYLES = {
    "data": {"color": BLUE, "marker": "o", "linestyle": "none", "markersize": 4, "alpha": 0.7},
    "model": {"color": VERMILLION, "linestyle": "-", "linewidth": 2.2},
    "best": {"color": GREEN, "linestyle": "--", "linewidth": 1.8, "marker": "*", "markersize": 13},
    "start": {"color": BLACK, "linestyle": ":", "linewidth": 1.6, "marker": "s", "markersize": 6},
    "path": {"color": BLACK, "linestyle": "-", "linewidth": 1.2, "marker": ".", "markersize": 5},
    "gradient": {"color": PURPLE, "linestyle": "-", "linewidth": 2.0},
    "training": {"color": BLUE, "linestyle": "-", "linewidth": 1.8},
    "validation": {"color": ORANGE, "linestyle": "--", "linewidth": 1.8},
    "Descent": {"color": BLACK, "linestyle": "-", "marker": "o"},
    "Momentum": {"color": BLUE, "linestyle": "--", "marker": "s"},
    "Nesterov": {"color": SKY, "linestyle": "-.", "marker": "^"},
    "AdaGrad": {"color": ORANGE, "linestyle": ":", "marker": "v"},
    "RMSProp": {"color": GREEN, "linestyle": (0, (5, 1, 1, 1)), "marker": "D"},
    "Adam": {"color": VERMILLION, "linestyle": "-", "marker": "P"},
    "AdamW": {"color": PURPLE, "linestyle": (0, (3, 1)), "marker": "X"},
}
CLASSES = [  # one for each label, in order
    {"color": color, "marker": marker, "linestyle": "none", "markersize": 4.5, "alpha": 0.8}
    for color, marker in zip(
        [BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK], "o^sDvPX", strict=True
    )
]
COLORS = {name: style["color"] for name, style in STYLES.items()}
RUNS = [  # for runs that have no meaning of their own, such as five learning rates
    {"color": color, "linestyle": line, "marker": marker}
    for color, line, marker in zip(
        [BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK],
        ["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1)), (0, (8, 2))],
        "osD^vPX",
        strict=True,
    )
]


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
    ax = _axes(ax, title, xlabel, ylabel)
    ax.plot(x, y, label="data", **STYLES["data"])
    grid = np.linspace(x.min(), x.max(), 200)
    parts = [f"{len(x)} points, y from {number(y.min())} to {number(y.max())}."]
    for name, model, style in _styled(models, "model", alone="model", beside="data"):
        values = model(grid) * np.ones_like(grid)
        ax.plot(grid, values, label=name, **{**style, "marker": None})
        off = np.sqrt(np.mean((model(x) - y) ** 2))
        parts.append(
            f"{name.capitalize()} goes from {number(values[0])} at x = {number(grid[0])} to "
            f"{number(values[-1])} at x = {number(grid[-1])}; root-mean-square error {number(off)}."
        )
    _legend(ax)
    return _say(ax, " ".join(parts))


def residuals(x, y, model, *, ax=None, title="What the model leaves over", xlabel="x"):
    """Draw data minus model: a pattern here is what the model could still learn."""
    x, left = np.asarray(x), np.asarray(y) - model(np.asarray(x))
    ax = _axes(ax, title, xlabel, "data minus model")
    ax.vlines(x, 0, left, color=COLORS["data"], alpha=0.35, linewidth=1)
    ax.plot(x, left, **STYLES["data"])
    ax.axhline(0, **{**STYLES["model"], "linewidth": 1.6})
    thirds = [number(part.mean()) for part in np.array_split(left[np.argsort(x, kind="stable")], 3)]
    return _say(
        ax,
        f"{len(x)} residuals from {number(left.min())} to {number(left.max())}; their mean is "
        f"{thirds[0]} in the lower, {thirds[1]} in the middle and {thirds[2]} in the upper third "
        "of x.",
    )


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
    ax = _axes(ax, title, "step", ylabel)
    styled = [
        (name, np.asarray(run), style)
        for name, run, style in _styled(
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
        _legend(ax)
    return _say(ax, " ".join(parts))


def history(run, *, ax=None, title="Loss while training", ylabel="loss"):
    """Draw a training's history: the loss of each epoch, and the validation loss if there is one.

    Parameters
    ----------
    run : History
        What `train` returns. Validation losses that aren't numbers are skipped.
    """
    ax = _axes(ax, title, "epoch", ylabel)
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
        _legend(ax)
    return _say(ax, " ".join(parts))


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
        ax = _pyplot().figure(figsize=(6, 4.6)).add_subplot(projection="3d")
    ax.plot_surface(*np.meshgrid(first, second), drawn, cmap="cividis", rcount=60, ccount=60)
    ax.set(title=title, xlabel=labels[0], ylabel=labels[1])
    ax.set_zlabel("cost", labelpad=2 if log else 6)
    if log:
        ax.zaxis.set_major_formatter(lambda power, _: f"$10^{{{power:.3g}}}$")
        ax.zaxis.get_major_locator().set_params(integer=True)
    for axis in "xy" if log else "xyz":
        ax.locator_params(axis=axis, nbins=5)
    ax.set_box_aspect(None, zoom=0.88)
    return _say(ax, "A surface over two parameters. " + _valley(height, first, second, labels))


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
    ax = _axes(ax, title or "The path over the cost's contours", *labels)
    height = _grid(cost, first, second)
    contours(ax, first, second, height)
    parts = ["Contours of the cost. " + _valley(height, first, second, labels)]
    styled = _styled(runs, "path", alone="path")
    for name, run, style in styled:
        run = np.asarray(run)
        style = {"markersize": 4, "linewidth": 1.4, **style}
        if len(run) > 200:  # dots would run together
            style["markevery"] = [0, len(run) - 1]
        ax.plot(run[:, 0], run[:, 1], label=name, scalex=False, scaley=False, **style)
        parts.append(
            f"{name}: {len(run) - 1} steps from ({number(run[0, 0])}, {number(run[0, 1])}) to "
            f"({number(run[-1, 0])}, {number(run[-1, 1])})."
        )
    if best is not None:
        ax.plot(*best, label="lowest", **{**STYLES["best"], "linestyle": "none"})
    if len(styled) > 1 or best is not None:
        _legend(ax)
    return _say(ax, " ".join(parts))


def contours(ax, first, second, height, levels=16):
    """Draw filled contours at equal ratios of the height above the lowest."""
    excess = height - height.min()
    excess = np.log10(np.maximum(excess, excess.max() * 1e-5))
    low, high = excess.min(), excess.max()
    light = {"cmap": "Blues", "vmin": low, "vmax": high + 0.7 * (high - low)}
    ax.contourf(first, second, excess, levels, **light)
    ax.contour(first, second, excess, levels, colors="white", linewidths=0.6)


def describe(ax):
    """What is seen in a picture, in words: the sentence that its function left on the axes."""
    try:
        return ax.description
    except AttributeError:
        raise ValueError(
            f"these axes, titled {ax.get_title()!r}, have no description. Draw them with a "
            "function of course.plots, or say it yourself: ax.description = '...'."
        ) from None


def number(value):
    """Write a number for a sentence: three digits, thousands with commas.

    >>> number(86_123.4), number(0.00123456)
    ('86,100', '0.00123')
    """
    value = float(f"{value:.3g}") + 0.0
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"


def show(*axes):
    """Show the picture that the axes belong to, and print what is seen below it.

    The sentences are also the picture's alternative text where a notebook is made a web page.
    """
    from IPython.display import display

    figure = axes[0].figure
    sentence = "\n".join(describe(ax) for ax in axes)
    _pyplot().close(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", facecolor="white")
    picture = {"image/png": base64.b64encode(_smaller(buffer)).decode(), "text/plain": sentence}
    display(picture, raw=True, metadata={"image/png": {"alt": sentence}})
    for line in sentence.splitlines():
        print(textwrap.fill(line, 72, break_on_hyphens=False))


def _smaller(png):
    """A PNG with 256 colours that miss none: a third of the bytes, so that lessons stay small."""
    from PIL import Image

    few = Image.open(png).convert("RGB")
    few = few.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _pyplot():
    # It takes half a second to import: only who draws waits for it.
    import matplotlib.pyplot as plt

    return plt


def _axes(ax, title, xlabel, ylabel):
    if ax is None:
        ax = _pyplot().subplots(figsize=(6, 3.8), layout="constrained")[1]
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _styled(values, name, alone, beside=None):
    """`(name, value, style)` of each of several by name, or of one under the given name.

    One alone has the style called `alone`. Of several, each has the style of its name if there is
    one, and the next free one otherwise, of another colour than what it stands `beside`.
    """
    if not isinstance(values, dict):
        return [(name, values, STYLES[alone])] if callable(values) or len(values) else []
    free = cycle(style for style in RUNS if style["color"] != COLORS.get(beside))
    named = [(str(name), value) for name, value in values.items()]
    return [(n, value, STYLES[n] if n in STYLES else next(free)) for n, value in named]


def _legend(ax):
    """Beside the axes, where it covers no line."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0)


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


def _grid(cost, first, second):
    """The cost at each pair, `(len(second), len(first))`."""
    return np.array([[float(cost(a, b)) for a in first] for b in second])


def _valley(height, first, second, labels):
    row, column = np.unravel_index(np.argmin(height), height.shape)
    return (
        f"The cost goes from {number(height.min())}, near {labels[0]} = {number(first[column])} "
        f"and {labels[1]} = {number(second[row])}, up to {number(height.max())}."
    )


def _say(ax, sentence):
    ax.description = sentence
    return ax


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
    ax = _axes(ax, title or "How fast each pair converges", "learning rate", ylabel)
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
    for name, (rate, momentum), style in _styled(dict(points), "point", alone="path"):
        marker = {"markersize": 7, **style, "linestyle": "none", "clip_on": False}
        ax.plot(rate, momentum, label=name, **marker)
        parts.append(f"{name} is at ({number(rate)}, {number(momentum)}).")
    if points:
        _legend(ax)
    return _say(ax, " ".join(parts))


def race(results, *, most=None, ax=None, title="Who arrives first", xlabel="steps to arrive"):
    """Draw what each of several runners needed: a dot for each run, a bar at their median.

    Parameters
    ----------
    results : dict of str -> array_like
        One value for each run; NaN for a run that didn't arrive. Optimizers have fixed styles,
        also where a comma and more follow their names.
    most : float, optional
        How far runs were followed; said of the runs that didn't arrive.
    """
    ax = _axes(ax, title, xlabel, "")
    parts, limit = [], "" if most is None else f" within {number(most)}"
    for row, (name, values, style) in enumerate(_styled(results, "run", alone="training")):
        style = STYLES.get(name.split(",")[0], style)
        values = np.asarray(values, dtype=float)
        arrived = values[np.isfinite(values)]
        dots = {"marker": style["marker"], "color": style["color"], "linestyle": "none"}
        ax.plot(arrived, np.full(len(arrived), row), alpha=0.6, markersize=7, **dots)
        if len(arrived) < len(values):
            text = f"{len(values) - len(arrived)} of {len(values)} did not arrive{limit}"
            below = row + (0.3 if len(arrived) else 0)
            ax.text(0.99, below, text, ha="right", va="center", transform=ax.get_yaxis_transform())
            parts.append(f"{name}: {text}.")
        else:
            ax.plot(2 * [np.median(values)], [row - 0.3, row + 0.3], color=style["color"], lw=2.5)
            parts.append(
                f"{name}: median {number(np.median(values))}, from {number(values.min())} to "
                f"{number(values.max())}."
            )
    every = np.concatenate([np.ravel(values) for values in results.values()]).astype(float)
    every = every[np.isfinite(every)]
    if len(every) and every.max() > 5 * every.min() > 0:
        ax.set_xscale("log", subs=[1, 2, 5])
        ax.xaxis.set_major_locator(_pyplot().matplotlib.ticker.LogLocator(subs=[1, 2, 5]))
        ax.xaxis.set_major_formatter(lambda value, _: number(value))
        ax.xaxis.set_minor_formatter(lambda value, _: "")
    ax.set(yticks=range(len(results)), yticklabels=list(results), ylim=(len(results) - 0.5, -0.5))
    return _say(ax, " ".join(parts))


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
    ax, parts = _axes(ax, title, xlabel, ylabel), []
    for name, (x, y), style in _styled(runs, "value", alone="training"):
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
    if span is not None:
        ax.set_ylim(*span)
    _legend(ax)
    return _say(ax, f"{ylabel} against {xlabel}. ".capitalize() + " ".join(parts))


def gradients(samples, *, ax=None, title="Each sample's gradient", labels=("dm", "db")):
    """Draw the gradient of each sample as a dot, and their mean as an arrow.

    Parameters
    ----------
    samples : ndarray of shape (n, 2)
        The two parameters' derivatives, one row for each sample.
    """
    samples = np.asarray(samples)
    mean = samples.mean(axis=0)
    ax = _axes(ax, title, *labels)
    ax.axhline(0, color="0.8", linewidth=0.8, zorder=0)
    ax.axvline(0, color="0.8", linewidth=0.8, zorder=0)
    ax.plot(*samples.T, label="one sample", **STYLES["data"])
    color = COLORS["gradient"]
    ax.annotate("", mean, (0, 0), arrowprops={"arrowstyle": "-|>", "color": color, "lw": 2.2})
    ax.plot(*mean, "D", color=color, markersize=6, label="their mean")
    ax.legend(fontsize=8)
    size, same = np.abs(samples).max(), np.count_nonzero(samples @ mean > 0)
    said = f"{same} of {len(samples)} point to the same side as it"
    if np.all(np.abs(mean) < 1e-9 * size):
        mean, said = np.zeros(2), "they cancel"
    (low_x, low_y), (high_x, high_y) = samples.min(axis=0), samples.max(axis=0)
    return _say(
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
    ax, parts = _axes(ax, title, xlabel, "share of all draws"), []
    edges = np.histogram_bin_edges(np.concatenate(list(values.values())), bins)
    for name, value, style in _styled(values, "value", alone="data"):
        weights = np.full(len(value), 1 / len(value))
        line = {"color": style["color"], "linestyle": style["linestyle"], "linewidth": 1.8}
        ax.hist(value, edges, weights=weights, histtype="step", label=name, **line)
        parts.append(
            f"{name}: mean {number(np.mean(value))}, standard deviation {number(np.std(value))}."
        )
    ax.axvline(truth, label="all samples", **{**STYLES["gradient"], "linewidth": 2.6})
    _legend(ax)
    return _say(ax, f"Histograms around {number(truth)}. " + " ".join(parts))


def power_law(x, values, *, ax=None, title="", xlabel="batch size", ylabel="noise"):
    """Draw values on logarithmic axes, where a power law is a straight line, and fit one.

    Parameters
    ----------
    x : ndarray of shape (n,)
    values : dict of str -> ndarray of shape (n,)
        The first is fitted by a power of x; the others are only drawn.
    """
    ax, parts = _axes(ax, title, xlabel, ylabel), []
    for index, (name, y, style) in enumerate(_styled(values, "value", alone="data")):
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
    _legend(ax)
    return _say(ax, " ".join(parts))


def bars(values, *, ax=None, title="", xlabel="", log=False):
    """Draw one horizontal bar for each name, with its number written beside it."""
    names, widths = list(values), np.array(list(values.values()), dtype=float)
    ax = _axes(ax, title, xlabel, "")
    colors = [COLORS["data"] if width >= 0 else COLORS["model"] for width in widths]
    shown = ax.barh(names, widths, color=colors)
    ax.bar_label(shown, [number(width) for width in widths], padding=4)
    ax.set_xscale("log" if log else "linear")
    ax.margins(x=0.14)
    ax.invert_yaxis()
    listed = ", ".join(f"{name} {number(width)}" for name, width in values.items())
    return _say(ax, f"Bars of {xlabel}: {listed}.")


def _spaced(count, most):
    """Which points of a long run are drawn: some at equal ratios, the first and the last."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.geomspace(1, count, most).round().astype(int)) - 1


def regions(
    x, y, model=None, *, names=(), curves=(), ax=None, title="", labels=("x1", "x2"), wrong=True
):
    """Draw points of a plane by their class, and which class a model sees where.

    Parameters
    ----------
    x : ndarray of shape (n, 2)
    y : ndarray of integers of shape (n,)
        Labels from 0.
    model : callable, optional
        Takes points `(m, 2)` and gives logits: `(m,)` for yes or no, `(m, k)` for k classes. The
        stronger a colour, the surer the model; its boundary is a line.
    names : sequence of str, optional
        What each label means.
    curves : dict of str -> callable, optional
        Heights over the horizontal axis to draw as well, for instance the true boundary.
    wrong : bool
        Whether points on the wrong side are marked.

    Returns
    -------
    matplotlib Axes
    """
    x, y = np.asarray(x), np.asarray(y)
    ax = _axes(ax, title, *labels)
    low, high = x.min(axis=0), x.max(axis=0)
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    counts = np.bincount(y)
    names = list(names) or [f"class {label}" for label in range(len(counts))]
    for label in range(len(counts)):
        ax.plot(*x[y == label].T, label=names[label], **CLASSES[label % len(CLASSES)])
    listed = ", ".join(f"{count} {name}" for count, name in zip(counts, names, strict=False))
    parts = [f"{len(y)} points: {listed}."]
    if model is not None:
        _shade(ax, model, low, high)
        missed = np.argmax(_shares(model, x), axis=1) != y
        parts.append(f"{len(y) - missed.sum()} of them are on the side that the model gives them.")
        if wrong and missed.any():
            dot = {"marker": ".", "linestyle": "none", "color": "black", "markersize": 4}
            ax.plot(*x[missed].T, label="wrong", **dot)
    for name, curve in dict(curves).items():
        across = np.linspace(low[0], high[0], 200)
        ax.plot(across, curve(across), label=name, **{**STYLES["best"], "marker": None})
        above = np.mean(x[:, 1] > curve(x[:, 0]))
        parts.append(f"{name.capitalize()} has {above:.0%} of the points above it.")
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    _legend(ax)
    return _say(ax, " ".join(parts))


def confusion(matrix, names=(), *, ax=None, title="What is taken for what"):
    """Draw a confusion matrix: truth in its rows, prediction in its columns, counts in its cells.

    Parameters
    ----------
    matrix : ndarray of integers of shape (k, k)
    names : sequence of str, optional
    """
    matrix = np.asarray(matrix)
    names = list(names) or [str(label) for label in range(len(matrix))]
    ax = _axes(ax, title, "predicted", "true")
    share = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1.15)
    ax.set(xticks=range(len(names)), yticks=range(len(names)))
    ax.set(xticklabels=names, yticklabels=names)
    small = 8 if len(names) > 5 else 11
    for (row, column), count in np.ndenumerate(matrix):
        color = "white" if share[row, column] > 0.6 else "black"
        ax.text(column, row, count, ha="center", va="center", color=color, fontsize=small)
    right = np.trace(matrix)
    slips = [
        f"{matrix[i, j]} {names[i]} taken for {names[j]}"
        for i, j in sorted(np.argwhere(matrix), key=lambda at: -matrix[tuple(at)])
        if i != j
    ]
    told = f"{right} of {matrix.sum()} are right"
    return _say(ax, f"{told}; {', '.join(slips[:5])}." if slips else f"{told}.")


def calibration(forecasts, *, bins=10, ax=None, title="Do its probabilities come true?"):
    """Draw how often things happened against the probability that was given to them.

    Parameters
    ----------
    forecasts : dict of str -> (ndarray of shape (n,), ndarray of shape (n,))
        By name: the probabilities, and whether it happened (0 or 1).
    bins : int
        Into how many equal ranges of probability the forecasts are put. A bar shows two standard
        errors of a range's share.
    """
    ax = _axes(ax, title, "probability given", "share that came true")
    ax.plot([0, 1], [0, 1], label="all come true", **{**STYLES["best"], "marker": None})
    looks = [{"linestyle": line, "marker": dot} for line, dot in zip(["-", ":"], "os", strict=True)]
    parts = []
    for name, (given, happened), style in _styled(forecasts, "forecast", alone="model"):
        given, happened = np.asarray(given, dtype=float), np.asarray(happened, dtype=float)
        place = np.minimum((given * bins).astype(int), bins - 1)
        counts = np.bincount(place, minlength=bins)
        full = counts > 0
        mean = np.bincount(place, given, bins)[full] / counts[full]
        share = np.bincount(place, happened, bins)[full] / counts[full]
        error = 2 * np.sqrt(mean * (1 - mean) / counts[full])
        line = {"color": style["color"], **looks[len(parts) % len(looks)]}
        ax.errorbar(mean, share, error, label=name, capsize=2, linewidth=1.3, markersize=5, **line)
        gap = np.sum(counts[full] * np.abs(share - mean)) / len(given)
        parts.append(
            f"{name}: what it gave {mean[-1]:.0%} came true in {share[-1]:.0%}; on average "
            f"probability and share are {100 * gap:.1f} percentage points apart."
        )
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.05, 1.05), aspect="equal")
    _legend(ax)
    return _say(ax, " ".join(parts))


def _shares(model, points):
    """Probabilities `(m, k)` from a model's logits, k = 2 where it gives yes or no."""
    logits = np.asarray(model(points), dtype=float)
    if logits.ndim == 1:
        logits = np.stack([np.zeros_like(logits), logits], axis=1)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def _shade(ax, model, low, high, size=160):
    """Colour a plane by what a model says, and draw the line where it changes its mind."""
    across, up = (np.linspace(a, b, size) for a, b in zip(low, high, strict=True))
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    # In parts: a wide network would hold all points many times over.
    shares = np.concatenate([_shares(model, part) for part in np.array_split(points, 16)])
    top = shares.argmax(axis=1)
    sure = np.ceil(5 * shares.max(axis=1)) / 5  # in a few steps, as contours are
    weight = 0.42 * (sure - 1 / shares.shape[1]) / (1 - 1 / shares.shape[1])
    tint = np.array([_rgb(CLASSES[label % len(CLASSES)]["color"]) for label in top])
    colours = 1 - weight[:, None] * (1 - tint)
    extent = (low[0], high[0], low[1], high[1])
    ax.imshow(
        colours.reshape(size, size, 3), extent=extent, origin="lower", aspect="auto", zorder=0
    )
    line = {"colors": COLORS["model"], "linewidths": 2}
    for label in range(shares.shape[1] - (shares.shape[1] == 2)):
        rest = np.delete(shares, label, axis=1).max(axis=1)
        ahead = (shares[:, label] - rest).reshape(size, size)
        if ahead.min() < 0 < ahead.max():
            ax.contour(across, up, ahead, [0], **line)
    ax.plot([], [], label="boundary", **STYLES["model"])


def _rgb(color):
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def half_planes(x, y, weight, bias, *, columns=4, title=""):
    """Draw what each hidden unit of relu sees: the side of a straight line where it is on.

    Parameters
    ----------
    x : ndarray of shape (n, 2)
    y : ndarray of integers of shape (n,)
        Labels from 0.
    weight : ndarray of shape (2, k)
    bias : ndarray of shape (k,)

    Returns
    -------
    matplotlib Axes of the first unit, with the sentence about all of them
    """
    panels = _panels(weight.shape[1], columns, 1.9, title)
    low, high = 1.1 * x.min(axis=0), 1.1 * x.max(axis=0)
    axes = [np.linspace(a, b, 200) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes), axis=-1)
    extent, parts = (low[0], high[0], low[1], high[1]), []
    for unit, ax in enumerate(panels):
        on = points @ weight[:, unit] + bias[unit] > 0
        ax.imshow(on, cmap="Greys", vmin=0, vmax=4, extent=extent, origin="lower", aspect="auto")
        if 0 < on.mean() < 1:
            ax.contour(*axes, on, [0.5], colors=COLORS["model"], linewidths=2)
        for label in np.unique(y):
            ax.plot(*x[y == label].T, **{**CLASSES[label % len(CLASSES)], "markersize": 2})
        ax.set(xlim=extent[:2], ylim=extent[2:])
        count = np.count_nonzero(x @ weight[:, unit] + bias[unit] > 0)
        ax.set_title(f"unit {unit + 1}: on for {count}", fontsize=9)
        parts.append(f"unit {unit + 1} for {count}")
    return _say(
        panels[0], f"Of {len(x)} points, {', '.join(parts)} are on the side where it is on."
    )


def depth(layers, *, shown=(0, 1, 3, 6, 9), bins=41, title=""):
    """Draw histograms of what layers give, from the first to the last, one row for each network.

    Parameters
    ----------
    layers : dict of str -> list of ndarray
        By name, the activations of each layer; `course.activations` collects them.
    shown : sequence of int
        Which layers, from 0.

    Returns
    -------
    matplotlib Axes of the first histogram, with the sentence about all of them
    """
    panels = _panels(len(layers) * len(shown), len(shown), 1.75, title, tall=0.72)
    parts = []
    for row, (name, outputs) in enumerate(layers.items()):
        reach = max(np.max(np.abs(outputs[index])) for index in shown)
        for column, index in enumerate(shown):
            ax = panels[row * len(shown) + column]
            ax.hist(np.ravel(outputs[index]), np.linspace(-reach, reach, bins + 1),
                    color=COLORS["data"])  # fmt: skip
            if row == 0:
                ax.set_title(f"layer {index + 1}", fontsize=10)
            ax.set(xticks=[-reach, 0, reach], xticklabels=[f"{v:.2g}" for v in (-reach, 0, reach)])
            ax.tick_params(labelsize=7)
        panels[row * len(shown)].set_ylabel(name.replace(": ", ":\n"), fontsize=9)
        first, last = (number(np.std(outputs[index])) for index in (shown[0], shown[-1]))
        parts.append(f"{name}: {first} after layer {shown[0] + 1}, {last} after {shown[-1] + 1}.")
    return _say(panels[0], "Standard deviations of what layers give. " + " ".join(parts))


def pictures(images, labels=(), *, columns=8, signed=False, title=""):
    """Draw small pictures side by side, each with a label above it.

    Parameters
    ----------
    images : ndarray of shape (k, height, width)
    labels : sequence of str, optional
    signed : bool
        Whether values have a sign: red is above 0, blue below, white 0. Else 0 is white, and the
        largest value black.

    Returns
    -------
    matplotlib Axes
    """
    (height, width), columns = images.shape[1:], min(columns, len(images))
    rows, top = -(-len(images) // columns), round(0.3 * height) if len(labels) else 2
    sheet = np.full((rows * (height + top), columns * (width + 2)), np.nan)
    limit = np.max(np.abs(images))
    ax = _axes(None, title, "", "")
    ax.figure.set_size_inches(0.95 * columns, 0.95 * sheet.shape[0] / height + 0.4)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        y, x = row * (height + top) + top, column * (width + 2)
        sheet[y : y + height, x : x + width] = image
        if len(labels):
            ax.text(x + width / 2, y - 1, labels[index], ha="center", va="bottom", fontsize=9)
        frame = {"fill": False, "edgecolor": "0.7", "linewidth": 0.6}
        ax.add_patch(_pyplot().Rectangle((x - 0.5, y - 0.5), width, height, **frame))
    ax.imshow(sheet, "RdBu_r" if signed else "Greys", vmin=-limit if signed else 0, vmax=limit)
    ax.set(ylim=(sheet.shape[0], -0.5))
    ax.axis("off")
    ending = f", labelled {', '.join(labels)}" if len(labels) else ""
    return _say(
        ax,
        f"{len(images)} pictures of {images.shape[1]} by {images.shape[2]} values from "
        f"{number(images.min())} to {number(images.max())}{ending}.",
    )


def _panels(count, columns, size, title, tall=1.0):
    """Small axes without ticks in rows; the last row may be shorter."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, axes = _pyplot().subplots(
        rows, columns, squeeze=False, layout="constrained",
        figsize=(size * columns, size * tall * rows + 0.4),
    )  # fmt: skip
    figure.suptitle(title)
    for ax in axes.ravel()[count:]:
        ax.remove()
    for ax in axes.ravel()[:count]:
        ax.set(xticks=[], yticks=[])
    return axes.ravel()[:count]
