"""An explorer without a kernel: all its pictures computed ahead, in one piece of HTML.

The page is the same `explorer.js`. What it asks of a kernel elsewhere it finds in a table here,
made by the same Python, so that no mathematics is written twice.
"""

import base64
import gzip
import itertools
import json
from html import escape
from math import prod
from pathlib import Path

import numpy as np

from course.widgets.controls import Choice, Number, Pad

__all__ = ["page"]

HERE = Path(__file__).parent
FEWEST = 4  # positions that a number keeps
WITH_A_KERNEL = {"Points": "points put by a click", "Pad": "drawing"}
SAMPLE = 40  # frames computed to know how many there may be


def page(explorer, most):
    """The HTML of `Explorer.export`."""
    files = {name: (HERE / name).read_text(encoding="utf-8") for name in FILES}
    room = most - sum(map(len, files.values())) - 1000
    packed = _fitting(explorer, room * 3 / 4)  # base 64 takes four characters for three bytes
    script = files["explorer.js"].replace("export default { render };", "")
    script = script.replace("export ", "") + files["table.js"]
    data = base64.b64encode(packed).decode()
    return (
        f"<style>{files['explorer.css']}</style>"
        f'<div class="downhill-ahead"><p>{escape(explorer.title)}</p></div>'
        "<script>(() => {\nconst place = document.currentScript.previousElementSibling;\n"
        f"{script}\nplace.ready = start({json.dumps(data)}, place);\n}})();</script>"
    )


FILES = ("explorer.js", "table.js", "explorer.css")


def _fitting(explorer, room):
    """The table with as many values as have room.

    How much a frame takes is known after some are packed, and it gets less the more there are: so
    a small table is made first, and another one where much room is left.
    """
    start = {name: [value] for name, value in explorer.presets["reset"].items()}
    still, size, best = len(_packed(explorer, [start])), _size_of_a_frame(explorer), b""
    for tries in itertools.count():
        counts, fixed, fits = _counts(explorer, room if tries else room / 3, size, still)
        if not fits and not tries:
            continue
        grids = _grids(explorer, counts)
        packed = _packed(explorer, grids)
        if len(packed) <= room:
            best = max(best, packed, key=len)
        enough = tries > 1 or len(best) > 0.6 * room or grids == _grids(explorer, {})
        if not fits or (best and enough):
            return best or packed
        size = 1.02 * max(len(packed) - fixed, 1) / _frames(explorer, counts)


def _counts(explorer, room, size, still):
    """How many positions each number may have, at so many bytes a frame and a still picture.

    The bytes of all still pictures, and whether it fits at all, come with it.
    """
    counts = {name: len(known) for name, known in _axes(explorer, {}).items()}
    while True:
        fixed = still * prod(len(_axes(explorer, counts)[name]) for name in explorer.still)
        if fixed + _frames(explorer, counts) * size <= room:
            return counts, fixed, True
        if not _shrink(explorer, counts):
            return counts, fixed, False


def _axes(explorer, counts):
    """The values of each control that are computed ahead, by name."""
    axes = {}
    for name, control in explorer.controls.items():
        kept = [preset[name] for preset in explorer.presets.values() if name in preset]
        if isinstance(control, Choice):
            axes[name] = control.options
        elif isinstance(control, Number) and control.shown and counts.get(name) != 1:
            axes[name] = _thinned(control.positions, counts.get(name, np.inf), set(kept))
        elif isinstance(control, Pad):  # what is drawn is not known ahead, but what buttons draw
            axes[name] = list(dict.fromkeys(kept))
        else:
            axes[name] = [explorer.presets["reset"][name]]
    return axes


def _thinned(positions, count, kept):
    """So many positions at equal distances, and the kept values among them."""
    if count >= len(positions):
        return sorted({*positions, *kept})
    chosen = np.linspace(0, len(positions) - 1, max(count, FEWEST)).round().astype(int)
    return sorted({*(positions[i] for i in chosen), *kept})


def _grids(explorer, counts):
    """The axes of what is computed ahead: all values with each other; and what a button sets.

    A button whose state is not among the first gets a grid of its own, along which it plays.
    """
    axes = _axes(explorer, counts)
    grids = [axes]
    for preset in explorer.presets.values():
        state = explorer.presets["reset"] | preset
        if any(value not in axes[name] for name, value in state.items()):
            played = explorer.spec["play"]
            grids.append({n: axes[n] if n == played else [value] for n, value in state.items()})
    return grids


def _frames(explorer, counts):
    return sum(prod(map(len, axes.values())) for axes in _grids(explorer, counts))


def _shrink(explorer, counts):
    """Take a tenth of its positions from the number that has the most.

    Where all have few, one keeps the start's alone, and the others have all again: first a pair
    that is dragged in a picture. False if none is left.
    """
    pairs = [[name for name in pair if name] for pair in explorer.spec["drag"].values()]
    numbers = [name for name in counts if getattr(explorer.controls[name], "shown", False)]
    numbers = [name for name in numbers if counts[name] > 1]
    if not numbers:
        return False
    name = max(numbers, key=counts.get)
    if counts[name] > FEWEST:
        counts[name] = max(counts[name] * 9 // 10, FEWEST)
    else:
        counts.update({name: len(explorer.controls[name].positions) for name in numbers})
        first = next((pair for pair in pairs if set(pair) <= set(numbers)), numbers[:1])
        counts.update(dict.fromkeys(first, 1))
    return True


def _size_of_a_frame(explorer):
    """Bytes of a frame when packed, from a sample."""
    rng = np.random.default_rng(0)
    axes = _axes(explorer, {})
    drawn = [
        {name: known[rng.integers(len(known))] for name, known in axes.items()}
        for _ in range(SAMPLE)
    ]
    parts = [explorer.drawn(values)[0].parts(*explorer.move(**values)) for values in drawn]
    return len(gzip.compress(json.dumps(parts).encode())) / SAMPLE


def _packed(explorer, grids):
    """The table that `table.js` reads, compressed.

    What stands at the same place of every frame (words, a curve, a dot) is a column: its different
    pieces, and which of them each frame has. So what is alike stands together, and packs well.
    """
    stills, columns = ({}, []), []
    rows = [dict(zip(g, row, strict=True)) for g in grids for row in itertools.product(*g.values())]
    for row, values in enumerate(rows):
        picture, below = explorer.drawn(values)
        marks, words = explorer.move(**values)
        _append(stills, row, tuple(values[name] for name in explorer.still), below)
        for place, piece in enumerate([words, *picture.parts(marks, words)]):
            if place == len(columns):
                columns.append(({}, []))
            _append(columns[place], row, piece, piece)
    table = {"spec": _spec(explorer, grids[0]), "grids": grids}
    table["stills"], *table["columns"] = (
        {"pieces": [piece for _, piece in known.values()], "at": at}
        for known, at in [stills, *columns]
    )
    return gzip.compress(json.dumps(table, separators=(",", ":")).encode(), mtime=0)


def _append(column, row, key, piece):
    """Say which piece a frame has; -1 stands where the frames before it had none."""
    known, at = column
    at += [-1] * (row - len(at)) + [known.setdefault(key, (len(known), piece))[0]]


def _spec(explorer, axes):
    """What the page is told of the controls: what was computed ahead, and what needs a kernel."""
    spec = explorer.spec
    controls, missing = {}, []
    for name, control in spec["controls"].items():
        if len(axes[name]) > 1 and control["kind"] != "Pad":
            controls[name] = control | ({"positions": axes[name]} if "positions" in control else {})
        elif control.get("shown", True):
            missing.append(WITH_A_KERNEL.get(control["kind"], control["label"]))
    drag = {ax: pair for ax, pair in spec["drag"].items() if set(pair) <= {*controls, None}}
    play = spec["play"] if spec["play"] in controls else None
    if spec["drag"] and not drag:
        missing.append("the start that is dragged")
    if spec["play"] and not play:
        missing.append("play")
    counts = [
        f"{len(axes[name])} of {c['label']}" for name, c in controls.items() if "positions" in c
    ]
    note = f"Computed ahead for these values: {', '.join(counts)}." if counts else ""
    if missing:
        note += f" In the notebook there is more: {', '.join(missing)}."
    return spec | {
        "controls": controls,
        "drag": drag,
        "play": play,
        "note": note.strip(),
        "call": None,
    }
