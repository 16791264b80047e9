"""What all explorers share: controls, a picture that stands still, marks that move above it.

An explorer is made of two plain functions that are tested without a browser: `draw` makes what
stands still, `move` what moves and a sentence about it. The page (`explorer.js`) holds the
controls. It asks for a picture of their values, and once that has come, for one of the newest
values; so no press is lost, and what is seen is never of two states at once.
"""

import base64
import os
import threading
from functools import lru_cache
from pathlib import Path

import anywidget
import ipywidgets
import numpy as np
import traitlets
from IPython import get_ipython

from course.widgets.controls import Choice, Number, Pad, Points
from course.widgets.export import page
from course.widgets.marks import Curve, Picture, Raster, Words, figure, is_lecture

__all__ = [
    "Choice",
    "Curve",
    "Explorer",
    "Number",
    "Pad",
    "Picture",
    "Points",
    "Raster",
    "Words",
    "figure",
    "points",
]

HERE = Path(__file__).parent
LARGEST = 1e50  # of a learner's data
# A page's messages may be handled in a thread beside the one that runs cells, and matplotlib
# draws one picture at a time.
ONE_AT_A_TIME = threading.RLock()


class Explorer(anywidget.AnyWidget):
    """Controls, and a picture that answers while they are dragged.

    Parameters
    ----------
    draw : callable
        `draw(**still)` -> matplotlib figure with named axes (see `figure`): what stands still.
    move : callable
        `move(**values)` -> `(marks, sentence)`: what moves, and what is seen, in one sentence.
    controls : dict
        Name -> `Number`, `Choice`, `Points` or `Pad`.
    still : tuple of str, optional
        The controls that `draw` is given. Only these redraw what stands still.
    presets : dict, optional
        What a button says -> the values that it sets, for instance `{"too fast": {"rate": 1.0}}`.
    title : str, optional
        What stands where nothing can be shown.
    play : str or callable, optional
        What the play button moves: a `Number`, through its positions; or `play(**values)` -> the
        values of the next moment.
    drag : dict, optional
        Axes -> the two Numbers, along x and along y, that are dragged there; None for no number.
    call : str, optional
        The beginning of the line of code that makes this explorer again: see `call`.
    state : dict, optional
        Values to begin with; reset goes back to the controls' own.

    Attributes
    ----------
    below, frame : dict
        What the page shows: what stands still (see `Picture.still`), and above it the "marks"
        (SVG) with the "words" and "values" that belong to them.
    """

    _esm, _css = HERE / "explorer.js", HERE / "explorer.css"
    spec = traitlets.Dict().tag(sync=True)
    below = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        draw,
        move,
        controls,
        *,
        still=(),
        presets=None,
        title="explorer",
        play=None,
        drag=None,
        call=None,
        state=None,
    ):
        self.draw, self.move, self.controls, self.play = draw, move, dict(controls), play
        self.still, self.title = tuple(still), title
        self.presets = {**(presets or {}), "reset": self.values}
        self._drawn = lru_cache(8)(self._drawn)  # going back and forth draws nothing anew
        self._held = False
        described = {
            name: {"kind": type(control).__name__, "label": control.name, **control.spec()}
            for name, control in self.controls.items()
        }
        spec = {"controls": described, "presets": self.presets, "title": title, "call": call}
        spec |= {"drag": drag or {}, "lecture": is_lecture()}
        super().__init__(spec=spec | {"play": "next" if callable(play) else play})
        for control in self.controls.values():
            control.observe(self._changed, "value")
        self.on_msg(self._asked)
        self.set(**(state or {}))

    @property
    def values(self):
        """The value of each control, by name."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def sentence(self):
        """What is seen, in words."""
        return self.frame["words"]

    @property
    def picture(self):
        """What stands still now, as a `Picture`."""
        return self.drawn(self.values)[0]

    def set(self, **values):
        """Set several controls at once, or none of them; the picture is drawn once.

        Raises
        ------
        ValueError
            There is no such control, or it doesn't take the value.
        """
        unknown = sorted(set(values) - set(self.controls))
        if unknown:
            raise ValueError(
                f"{self.title} has no control named {', '.join(unknown)}; it has "
                f"{', '.join(self.controls)}. Write set({next(iter(self.controls))}=...)."
            )
        with ONE_AT_A_TIME:
            values = {name: self.controls[name].require(value) for name, value in values.items()}
            self._held = True
            try:
                for name, value in values.items():
                    self.controls[name].value = value
            finally:
                self._held = False
            self._show()

    def png(self, dpi=None):
        """The picture as it stands, without its controls."""
        with ONE_AT_A_TIME:  # still part and marks of one state
            return self.picture.png(self.move(**self.values)[0], dpi)

    def export(self, most=1_500_000):
        """Compute ahead what the controls can show: HTML that needs no kernel and no network.

        Parameters
        ----------
        most : int, optional
            Bytes that it may have. Numbers get as few positions as that takes; those of the start
            and of the presets stay.

        Returns
        -------
        str
        """
        return page(self, most)

    def drawn(self, values):
        """What stands still at these values: the `Picture`, and what the page is told of it."""
        with ONE_AT_A_TIME:  # an export draws, too
            return self._drawn(tuple(values[name] for name in self.still))

    def _drawn(self, still):
        # Axes keep their places: finding them is half of what a picture costs.
        picture = Picture(self.draw(**dict(zip(self.still, still, strict=True))), self._first)
        self._first = self._first or picture
        return picture, picture.still()

    _first = None

    def _changed(self, change):
        if not self._held:
            with ONE_AT_A_TIME:
                self._show()

    def _asked(self, _, message, buffers):
        """Answer the page: take its values, and show them."""
        with ONE_AT_A_TIME:
            try:
                values = message["values"]
                if message.get("next"):
                    values = self.play(**values)
                self._press = message["press"]
                self.set(**values)
            except Exception as error:  # a page has no other place where it could be read
                words = str(error) if isinstance(error, ValueError) else repr(error)
                self.frame = self.frame | {"words": words, "press": message["press"]}
            finally:
                self._press = None

    _press = None

    def _show(self):
        """Show what the controls say now: what stands still, what moves, what is said of it."""
        values = self.values
        picture, below = self.drawn(values)
        marks, words = self.move(**values)
        svg = picture.svg(marks, words)
        with self.hold_sync():
            self.below = below
            self.frame = {"values": values, "marks": svg, "words": words, "press": self._press}

    def _repr_mimebundle_(self, **options):
        """A saved notebook has a picture, for where no kernel can bring the explorer alive."""
        if "DOWNHILL_EXPORT" in os.environ:
            return {"text/html": self.export(), "text/plain": self.title}
        bundle = ipywidgets.DOMWidget._repr_mimebundle_(self, **options)
        bundle["image/png"] = base64.b64encode(self.png()).decode()
        bundle["text/plain"] = self.title
        return bundle, {"image/png": {"alt": self.sentence}}


def call(maker, **given):
    """Begin the line of code that makes an explorer of what it was given.

    What was left out (None) stays out; what has a name in the notebook is called by it.

    >>> call(points, x=None)
    'points('
    """
    names = {}
    shell = get_ipython()
    for name, value in (shell.user_ns if shell else {}).items():
        if not name.startswith("_"):
            names.setdefault(id(value), name)
    known = (f"{k}={names.get(id(v), '...')}, " for k, v in given.items() if v is not None)
    return f"{maker.__name__}({''.join(known)}"


def points(x, y):
    """Return a learner's data as two arrays of floats, of at least two points.

    Raises
    ------
    ValueError
        A picture of a fit can't be drawn of them; the message says why.
    """
    try:
        x, y = (np.asarray(values, dtype=float) for values in (x, y))
    except (TypeError, ValueError) as error:
        raise ValueError(f"x and y are to be numbers ({error}). Write [1.0, 2.5].") from None
    if x.ndim != 1 or x.shape != y.shape or len(x) < 2:
        raise ValueError(
            f"x has shape {x.shape} and y {y.shape}; two arrays of the same shape (n,) with at "
            "least two points were expected, as in data.line(rng)."
        )
    bad = ~(np.isfinite(x) & np.isfinite(y))
    if bad.any():
        raise ValueError(
            f"{bad.sum()} of {len(x)} points have NaN or infinity, first at index "
            f"{np.argmax(bad)}. Leave them out: keep = np.isfinite(x) & np.isfinite(y)."
        )
    if max(np.max(np.abs(x)), np.max(np.abs(y))) > LARGEST:
        raise ValueError(
            f"x or y goes beyond {LARGEST:g}, and squares of it beyond what a float holds. Divide "
            "by a power of ten first."
        )
    if np.ptp(x) == 0:
        raise ValueError(
            f"all {len(x)} points have x = {x[0]:g}, so that every slope fits alike. Give points "
            "with different x."
        )
    return x, y
