"""Inside a network: its way there and back, half-planes, layers through the depth, pictures."""

import numpy as np

from course.plots.style import CLASSES, COLORS, new_axes, new_panels, pyplot
from course.plots.words import number, say


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
    panels = new_panels(weight.shape[1], columns, 1.9, title)
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
    return say(panels[0], f"Of {len(x)} points, {', '.join(parts)} are on the side where it is on.")


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
    panels = new_panels(len(layers) * len(shown), len(shown), 1.75, title, tall=0.72)
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
    return say(panels[0], "Standard deviations of what layers give. " + " ".join(parts))


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
    ax = new_axes(None, title, "", "")
    ax.figure.set_size_inches(0.95 * columns, 0.95 * sheet.shape[0] / height + 0.4)
    for index, image in enumerate(images):
        row, column = divmod(index, columns)
        y, x = row * (height + top) + top, column * (width + 2)
        sheet[y : y + height, x : x + width] = image
        if len(labels):
            ax.text(x + width / 2, y - 1, labels[index], ha="center", va="bottom", fontsize=9)
        frame = {"fill": False, "edgecolor": "0.7", "linewidth": 0.6}
        ax.add_patch(pyplot().Rectangle((x - 0.5, y - 0.5), width, height, **frame))
    ax.imshow(sheet, "RdBu_r" if signed else "Greys", vmin=-limit if signed else 0, vmax=limit)
    ax.set(ylim=(sheet.shape[0], -0.5))
    ax.axis("off")
    ending = f", labelled {', '.join(labels)}" if len(labels) else ""
    return say(
        ax,
        f"{len(images)} pictures of {images.shape[1]} by {images.shape[2]} values from "
        f"{number(images.min())} to {number(images.max())}{ending}.",
    )


def there_and_back(values, derivatives, parameters, *, title=""):
    """Draw a chain of values from left to right, and below it the derivatives that come back.

    Parameters
    ----------
    values : sequence of str
        What each box computes, in order; the last is the loss.
    derivatives : sequence of str
        What comes back to each box, "" where nothing is needed.
    parameters : sequence of str
        What the parameters used in a box get, "" where it has none.

    Returns
    -------
    matplotlib Axes
    """
    ax = new_axes(None, title, "", "")
    ax.figure.set_size_inches(1.9 * len(values), 2.7)
    box = {"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": COLORS["model"]}
    text = {"ha": "center", "va": "center", "fontsize": 11}
    there, back = ({"arrowstyle": "->", "color": COLORS[name], "lw": 1.8} for name in
                   ("model", "gradient"))  # fmt: skip
    for place, value in enumerate(values):
        ax.text(place, 1, value, bbox=box, **text)
        ax.text(place, 0.35, derivatives[place], color=COLORS["gradient"], **text)
        ax.text(place, -0.25, parameters[place], color=COLORS["gradient"], **text)
        if place:
            ax.annotate("", (place - 0.4, 1), (place - 0.72, 1), arrowprops=there)
        if place and derivatives[place - 1]:
            ax.annotate("", (place - 0.72, 0.65), (place - 0.3, 0.65), arrowprops=back)
    ax.set(xlim=(-0.5, len(values) - 0.5), ylim=(-0.55, 1.35))
    ax.axis("off")
    returned = [
        text.replace("\n", ", ") for text in (*derivatives[::-1], *parameters[::-1]) if text
    ]
    return say(
        ax,
        f"Forwards: {', then '.join(values)}. Backwards: {'; '.join(returned)}.".replace(
            "\n", ", "
        ),
    )
