"""Computations as graphs: a box for each value, an arrow for each use of it."""

import numpy as np

from course.plots.style import COLORS, new_axes, pyplot
from course.plots.words import number, say

__all__ = ["graph"]

WIDTH, HEIGHT, BELOW = 0.74, 0.52, 0.2  # of a box, and of the line below it; columns are 1 apart


def graph(end, *, parameters=None, data=None, derivatives=None, ax=None, title="", wrap=7):
    """Draw how a value was computed: the first row from left to right, the next one back.

    Parameters
    ----------
    end : a value that remembers
        Has `.data`, an array, `.name`, what made it, and `.links`: pairs whose first is a value
        that it was made of.
    parameters, data : dict of str -> value or ndarray, optional
        What the computation starts from, by name; data may be given as the array itself. Starts
        that aren't named are constants; they and what is made of them alone are left out.
    derivatives : dict of value -> value, optional
        What came back to each value; its size (root of the mean square) is written below its box.
    wrap : int
        Columns in a row.

    Returns
    -------
    matplotlib Axes
    """
    named = _named(end, {"parameters": parameters or {}, "data": data or {}})
    shown = []
    for node in _ordered(end):
        if node in named or any(parent in shown for parent, _ in node.links):
            shown.append(node)
    edges = [(parent, node) for node in shown for parent, _ in node.links if parent in shown]
    place = _places(shown, edges, named, wrap)
    xs, ys = np.array(list(place.values())).T
    if ax is None:
        size = (1.35 * (np.ptp(xs) + 1.1), 1.05 * (np.ptp(ys) + 1.6))
        ax = pyplot().subplots(figsize=size, layout="constrained")[1]
    ax = new_axes(ax, title, "", "")
    ax.set(xlim=(xs.min() - 0.55, xs.max() + 0.55), ylim=(ys.min() - 0.65, ys.max() + 0.6))
    ax.axis("off")
    boxes = {node: _box(ax, place[node], node, named, derivatives or {}) for node in shown}
    for parent, node in dict.fromkeys(edges):
        _arrow(ax, place[parent], place[node], boxes[parent], boxes[node])
    return say(ax, _sentence(end, shown, edges, named, derivatives))


def _named(end, groups):
    """Name and kind of each start: given as the value itself, or as the array that it holds."""
    starts = [node for node in _ordered(end) if not node.links]
    return {
        node: (name, kind)
        for kind, group in groups.items()
        for name, given in group.items()
        for node in starts
        if node is given or node.data is given
    }


def _ordered(end):
    """All values that lead to `end`, each after what it was made of."""
    found, seen, waiting = [], set(), [(end, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            found.append(node)
        elif node not in seen:
            seen.add(node)
            waiting += [(node, True), *((parent, False) for parent, _ in reversed(node.links))]
    return found


def _places(shown, edges, named, wrap):
    """Where each box stands, `(x, y)`.

    An operation stands one column after the last of what it was made of, a start one column
    before its first use. In a column operations come first, then data, then parameters.
    """
    column = {}
    for node in shown:
        column[node] = 1 + max((column[p] for p, child in edges if child is node), default=-1)
    for node in named:
        column[node] = min((column[child] for p, child in edges if p is node), default=1) - 1
    rank = {"data": 1, "parameters": 2}
    depth = {}
    for at in range(1 + max(column.values())):
        here = [node for node in shown if column[node] == at]
        here.sort(key=lambda node: rank[named[node][1]] if node in named else 0)
        depth.update({node: level for level, node in enumerate(here)})
    place, top = {}, 0.0
    for row in range(1 + max(column.values()) // wrap):
        here = [node for node in shown if column[node] // wrap == row]
        for node in here:
            x = column[node] % wrap
            place[node] = (wrap - 1 - x if row % 2 else x, top - depth[node])
        top -= 1.35 + max(depth[node] for node in here)
    return place


def _box(ax, place, node, named, derivatives):
    """A box with name and shape (a single number: its value); the patch, for arrows to end at."""
    from matplotlib.patches import FancyBboxPatch

    name, kind = named.get(node, (node.name, "operation"))
    color = {"parameters": COLORS["model"], "data": COLORS["data"]}.get(kind, "0.3")
    shape = " x ".join(map(str, node.data.shape)) or number(float(node.data))
    corner = (place[0] - WIDTH / 2, place[1] - HEIGHT / 2)
    box = FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.08",
                         edgecolor=color, facecolor="white", linewidth=1.6, zorder=3)  # fmt: skip
    ax.add_patch(box)
    middle = {"ha": "center", "va": "center", "zorder": 4}
    ax.text(place[0], place[1] + 0.11, name, fontsize=12, color=color, weight="bold", **middle)
    ax.text(place[0], place[1] - 0.12, shape, fontsize=8.5, color="0.25", **middle)
    if node in derivatives:
        back = "◂ " + number(_size(derivatives[node]))
        below = {"fontsize": 8.5, "color": COLORS["gradient"], "weight": "bold"}
        white = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        ax.text(place[0], place[1] - HEIGHT / 2 - BELOW / 2, back, bbox=white, **below, **middle)
    return box


def _arrow(ax, start, end, start_box, end_box):
    """An arrow between two boxes; it bows where a straight one would run through a third."""
    far = start[1] == end[1] and abs(start[0] - end[0]) > 1
    style = {"arrowstyle": "-|>", "color": "0.55", "lw": 1.3, "shrinkA": 0, "shrinkB": 1}
    style |= {"patchA": start_box, "patchB": end_box}
    style["connectionstyle"] = f"arc3,rad={-0.45 if far else 0}"
    ax.annotate("", end, start, arrowprops=style, zorder=2)


def _size(value):
    return np.sqrt(np.mean(np.square(value.data)))


def _sentence(end, shown, edges, named, derivatives):
    operations = ", ".join(node.name for node in shown if node.links)
    starts = ", ".join(name for name, _ in named.values())
    result = number(float(end.data)) if end.data.shape == () else f"an array of {end.data.shape}"
    said = f"{len(shown)} boxes and {len(edges)} arrows, from {starts} by {operations} to {result}."
    if derivatives:
        sizes = [
            f"{name} {number(_size(derivatives[node]))}"
            for node, (name, kind) in named.items()
            if kind == "parameters"
        ]
        said += f" Size of what came back: {', '.join(sizes)}."
    return said
