"""What a classifier says where, what it takes for what, and whether its odds come true."""

import numpy as np

from course.plots.style import CLASSES, COLORS, STYLES, legend, new_axes, with_styles
from course.plots.words import begin, say


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
    ax = new_axes(ax, title, *labels)
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
            ring = {"marker": "o", "linestyle": "none", "fillstyle": "none", "markersize": 7}
            ax.plot(*x[missed].T, label="wrong", color="black", markeredgewidth=0.9, **ring)
    for name, curve in dict(curves).items():
        across = np.linspace(low[0], high[0], 200)
        ax.plot(across, curve(across), label=name, **{**STYLES["best"], "marker": None})
        above = np.mean(x[:, 1] > curve(x[:, 0]))
        parts.append(f"{begin(name)} has {above:.0%} of the points above it.")
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    legend(ax)
    return say(ax, " ".join(parts))


def confusion(matrix, names=(), *, ax=None, title="What is taken for what"):
    """Draw a confusion matrix: truth in its rows, prediction in its columns, counts in its cells.

    Parameters
    ----------
    matrix : ndarray of integers of shape (k, k)
    names : sequence of str, optional
    """
    matrix = np.asarray(matrix)
    names = list(names) or [str(label) for label in range(len(matrix))]
    ax = new_axes(ax, title, "predicted", "true")
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
    return say(ax, f"{told}; {', '.join(slips[:5])}." if slips else f"{told}.")


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
    ax = new_axes(ax, title, "probability given", "share that came true")
    ax.plot([0, 1], [0, 1], label="all come true", **{**STYLES["best"], "marker": None})
    looks = [{"linestyle": line, "marker": dot} for line, dot in zip(["-", ":"], "os", strict=True)]
    parts = []
    for name, (given, happened), style in with_styles(forecasts, "forecast", alone="model"):
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
    legend(ax)
    return say(ax, " ".join(parts))


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
