"""What all pictures share: colours and lines that mean the same everywhere, axes, a legend."""

from itertools import cycle

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


def new_axes(ax, title, xlabel, ylabel):
    """The axes given, or those of a new picture, with their title and labels."""
    if ax is None:
        ax = pyplot().subplots(figsize=(6, 3.8), layout="constrained")[1]
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def new_panels(count, columns, size, title, tall=1.0):
    """Small axes without ticks in rows; the last row may be shorter."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, axes = pyplot().subplots(
        rows, columns, squeeze=False, layout="constrained",
        figsize=(size * columns, size * tall * rows + 0.4),
    )  # fmt: skip
    figure.suptitle(title)
    for ax in axes.ravel()[count:]:
        ax.remove()
    for ax in axes.ravel()[:count]:
        ax.set(xticks=[], yticks=[])
    return axes.ravel()[:count]


def with_styles(values, name, alone, beside=None):
    """`(name, value, style)` of each of several by name, or of one under the given name.

    One alone has the style called `alone`. Of several, each has the style of its name if there is
    one, and the next free one otherwise, of another colour than what it stands `beside`.
    """
    if not isinstance(values, dict):
        return [(name, values, STYLES[alone])] if callable(values) or len(values) else []
    free = cycle(style for style in RUNS if style["color"] != COLORS.get(beside))
    named = [(str(name), value) for name, value in values.items()]
    return [(n, value, STYLES[n] if n in STYLES else next(free)) for n, value in named]


def legend(ax):
    """Beside the axes, where it covers no line."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, borderaxespad=0)


def pyplot():
    """Pyplot, imported when a picture is drawn: it takes half a second."""
    import matplotlib.pyplot as plt

    return plt
