"""What all explorers share: a picture that stands still, marks that move above it, controls.

What stands still is drawn once by matplotlib. What moves is a few kilobytes of SVG above it, so a
drag is answered in tens of milliseconds. Computing belongs to neither: an explorer is made of
plain functions that are tested without a browser.
"""

import base64
import io
import re
import threading
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import ipywidgets
import matplotlib
import numpy as np
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

__all__ = [
    "Choice",
    "Curve",
    "Explorer",
    "Number",
    "Picture",
    "Raster",
    "Words",
    "as_number",
    "figure",
    "points",
]

# Messages from the page may be handled in a thread beside the one that runs cells, so that two
# changes could be drawn into one picture: each waits until the one before it is done.
ONE_AT_A_TIME = threading.RLock()
DASHES = {"-": "", "--": "7 4", ":": "2 4", "-.": "8 3 2 3"}


@dataclass(frozen=True)
class Curve:
    """A line, dots or both, in the data coordinates of the axes of that label.

    `line` is one of "-", "--", ":", "-." or "" (none); `dot` is the dots' diameter in points (0:
    none). A NaN lifts the pen.
    """

    axes: str
    x: np.ndarray
    y: np.ndarray
    color: str = "black"
    line: str = "-"
    width: float = 1.8
    dot: float = 0.0


@dataclass(frozen=True)
class Words:
    """A short text at a point; `align` says which of its ends is there: left, center, right."""

    axes: str
    x: float
    y: float
    text: str
    color: str = "black"
    align: str = "left"


@dataclass(frozen=True)
class Raster:
    """Colours on a coarse grid, for instance what a network says at each point of a plane.

    `values` is `(rows, columns)`, the first row at the bottom; it fills the axes and lies over
    what stands still, so give it an `opacity` below 1.
    """

    axes: str
    values: np.ndarray
    cmap: str = "RdBu"
    limits: tuple = (0.0, 1.0)
    opacity: float = 0.5

    def rgba(self):
        """Colours as `(rows, columns, 4)` floats, the first row on top."""
        low, high = self.limits
        shades = np.clip((np.asarray(self.values)[::-1] - low) / (high - low), 0, 1)
        return matplotlib.colormaps[self.cmap](shades)


def figure(mosaic, size=(9.6, 4.2), **options):
    """Make a figure and its axes by name: `figure([["fit", "path"]])` -> `(figure, {name: axes})`.

    It belongs to no window and to no notebook cell, so nothing is shown or kept by pyplot.
    """
    fig = Figure(figsize=size, dpi=100, layout="constrained")
    FigureCanvasAgg(fig)
    return fig, fig.subplot_mosaic(mosaic, **options)


def points(x, y):
    """Return a learner's data as two arrays of floats, of at least two points.

    Raises
    ------
    ValueError
        A picture of a fit can't be drawn of them; the message says why.
    """
    x, y = (np.asarray(values, dtype=float) for values in (x, y))
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
    if np.ptp(x) == 0:
        raise ValueError(
            f"all {len(x)} points have x = {x[0]:g}, so that every slope fits alike. Give points "
            "with different x."
        )
    return x, y


class Picture:
    """A figure that stands still, and marks drawn above it in its axes' own coordinates."""

    def __init__(self, fig):
        fig.draw_without_rendering()  # lays the axes out; from here on they stay
        fig.set_layout_engine("none")
        self.figure = fig
        self.axes = {ax.get_label(): ax for ax in fig.axes}
        self.width, self.height = fig.bbox.width, fig.bbox.height
        self._boxes = {name: self._box(ax) for name, ax in self.axes.items()}
        self._frames = "".join(
            f'<clipPath id="{self._clip(name)}"><rect x="{x:.1f}" y="{y:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}"/></clipPath>'
            for name, (x, y, width, height) in self._boxes.items()
        )

    def still(self):
        """What stands still, as an HTML image at twice the resolution."""
        data = base64.b64encode(_png(self.figure, dpi=200)).decode()
        return f'<img alt="" style="{FILL}" src="data:image/png;base64,{data}">'

    def svg(self, marks, sentence=""):
        """The marks as SVG; `sentence` is what a screen reader says of the whole picture."""
        parts = "".join(self._svg(mark) for mark in marks)
        return (
            f'<svg role="img" aria-label="{escape(sentence)}" style="{FILL}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}"><defs>{self._frames}</defs>{parts}</svg>'
        )

    def png(self, marks, dpi=100):
        """Still and moving parts in one PNG, for readers with no kernel."""
        artists = [artist for mark in marks for artist in self._artists(mark)]
        try:
            return _png(self.figure, dpi)
        finally:
            for artist in artists:
                artist.remove()

    def _svg(self, mark):
        frame = f'clip-path="url(#{self._clip(mark.axes)})"'
        if isinstance(mark, Raster):
            x, y, width, height = self._boxes[mark.axes]
            data = base64.b64encode(_encode(mark.rgba())).decode()
            return (
                f'<image x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
                f'preserveAspectRatio="none" opacity="{mark.opacity}" '
                f'href="data:image/png;base64,{data}"/>'
            )
        x, y = self._pixels(mark)
        if isinstance(mark, Words):
            anchor = {"left": "start", "center": "middle", "right": "end"}[mark.align]
            return (
                f'<text x="{x[0]:.1f}" y="{y[0]:.1f}" fill="{mark.color}" text-anchor="{anchor}" '
                f'font-size="13" font-family="DejaVu Sans, Verdana, sans-serif" '
                f'dominant-baseline="central">{escape(mark.text)}</text>'
            )
        style = f'fill="none" stroke="{mark.color}" stroke-linejoin="round" {frame}'
        point = self.figure.dpi / 72
        out = ""
        if mark.line:
            dash = f'stroke-dasharray="{DASHES[mark.line]}"' if DASHES[mark.line] else ""
            out += (
                f'<path d="{_line(x, y)}" stroke-width="{mark.width * point:.1f}" {dash} {style}/>'
            )
        if mark.dot:  # a line of no length with round ends is a dot
            width = mark.dot * point
            style += ' stroke-linecap="round"'
            out += f'<path d="{_dots(x, y)}" stroke-width="{width:.1f}" {style}/>'
        return out

    def _artists(self, mark):
        ax = self.axes[mark.axes]
        if isinstance(mark, Raster):
            fill = {"extent": (0, 1, 0, 1), "transform": ax.transAxes, "aspect": "auto"}
            return [ax.imshow(mark.rgba(), alpha=mark.opacity, zorder=3, **fill)]
        if isinstance(mark, Words):
            x, y, color, align = mark.x, mark.y, mark.color, mark.align
            return [ax.text(x, y, mark.text, color=color, ha=align, va="center", fontsize=9.5)]
        shown = {"color": mark.color, "linestyle": mark.line or "none", "linewidth": mark.width}
        if mark.dot:
            shown |= {"marker": "o", "markersize": mark.dot, "markeredgewidth": 0}
        return ax.plot(mark.x, mark.y, scalex=False, scaley=False, zorder=4, **shown)

    def _pixels(self, mark):
        points = np.column_stack([np.ravel(mark.x), np.ravel(mark.y)]).astype(float)
        pixels = self.axes[mark.axes].transData.transform(points)
        # Far outside is far enough: browsers draw wrongly at coordinates of millions.
        pixels = np.clip(pixels, -2 * self.width, 3 * self.width)
        return pixels[:, 0], self.height - pixels[:, 1]

    def _box(self, ax):
        box = ax.get_window_extent()
        return box.x0, self.height - box.y1, box.width, box.height

    def _clip(self, name):
        return f"frame-{id(self):x}-{name}"


class Number(ipywidgets.HBox):
    """A slider with a box beside it to type in; both always say the same.

    Parameters
    ----------
    name : str
        What stands before the slider.
    positions : array_like
        The values that the slider visits, in rising order: `np.geomspace(1e-5, 1, 101)`,
        `range(1, 33)`. The box takes any value between the first and the last.
    value : float
        Where it starts, and where a reset brings it back to.

    Attributes
    ----------
    trouble : str
        A sentence about what was typed last, if it can't be taken; the value stays as it was.
    """

    value = traitlets.Float()
    trouble = traitlets.Unicode()

    def __init__(self, name, positions, value):
        self.name = name
        self.positions = [p.item() if isinstance(p, np.generic) else p for p in positions]
        self.type = int if all(isinstance(p, int) for p in self.positions) else float
        self.require(value)
        self.slider = ipywidgets.IntSlider(
            min=0, max=len(self.positions) - 1, description=name, readout=False, layout=SLIDER
        )
        self.slider.style.description_width = LABEL
        self.box = ipywidgets.Text(continuous_update=False, layout=BOX)
        self.box.tooltip = self.slider.tooltip = f"{name}: {self.range}"
        self._moving = False
        super().__init__([self.slider, self.box], layout=ROW)
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")
        self.value = value
        self.observe(self._set, "value")
        self._set(None)  # 0.0 is no change: slider and box would stand at their first position

    @property
    def range(self):
        """From where to where, in words."""
        return f"{self.positions[0]:g} to {self.positions[-1]:g}"

    def require(self, value):
        """Return the value as a plain number; raise unless the slider's range has it."""
        if not self.positions[0] <= value <= self.positions[-1]:
            raise ValueError(
                f"{self.name} goes from {self.range}, and {value:g} came. Give a number in between."
            )
        if self.type is int and value != int(value):
            raise ValueError(f"{self.name} takes whole numbers, and {value:g} came.")
        return self.type(value)

    @traitlets.validate("value")
    def _valid(self, proposal):
        return self.require(proposal["value"])

    def _slid(self, change):
        with ONE_AT_A_TIME:
            if not self._moving:
                self.value = self.positions[change["new"]]

    def _typed(self, change):
        with ONE_AT_A_TIME:
            if self._moving:
                return
            try:
                self.value = self.require(as_number(change["new"]))
                self.trouble = ""
            except ValueError as error:
                self.trouble = f"{error} It stays at {self.value:g}."
            self._set(None)

    def _set(self, change):
        with ONE_AT_A_TIME:
            # The slider stands only near a typed value; it must not snap the value to itself.
            self._moving = True
            self.slider.value = int(np.argmin(np.abs(_spread(self.positions, self.value))))
            self.box.value = f"{self.value:.6g}"
            self._moving = False
            if change is not None:
                self.trouble = ""


def as_number(text):
    """Return the number that a person typed: `1e6`, `7.5`, `0,5`.

    Raises
    ------
    ValueError
        It isn't a number, or, like 1,000, it may be two.

    >>> as_number(" 0,5 ")
    0.5
    """
    plain = text.strip().replace("\u2212", "-")
    if re.fullmatch(r"-?[1-9]\d{0,2}(,\d{3})+", plain):
        both = plain.replace(",", ""), plain.replace(",", ".")
        raise ValueError(f"{text!r} may be {both[0]} or {both[1]}: write it without the comma.")
    try:
        number = float(plain.replace(",", "."))
    except ValueError:
        raise ValueError(f"{text!r} is not a number. Write it like 0.05 or 1e-4.") from None
    if not np.isfinite(number):
        raise ValueError(f"{text!r} is not a finite number. Write it like 0.05 or 1e-4.")
    return number


class Choice(ipywidgets.HBox):
    """A row of buttons, one of which is down; the first, if no value is given.

    Each press is a message of its own: a page sends the value of a toggle late while a kernel is
    busy, so that what was pressed after it would arrive before it.
    """

    value = traitlets.Any()

    def __init__(self, name, options, value=None):
        self.options = list(options)
        label = ipywidgets.Label(name, layout={"width": LABEL, "justify_content": "flex-end"})
        self.buttons = {option: self._button(name, option) for option in self.options}
        super().__init__([label, *self.buttons.values()], layout=ROW)
        self.observe(self._press, "value")
        self.value = self.options[0] if value is None else value

    @traitlets.validate("value")
    def _known(self, proposal):
        if proposal["value"] not in self.options:
            offered = ", ".join(map(repr, self.options))
            raise ValueError(f"there is no {proposal['value']!r} here; choose one of {offered}.")
        return proposal["value"]

    def _button(self, name, option):
        button = ipywidgets.Button(description=option, tooltip=f"{name} {option}", layout=BUTTON)
        button.on_click(lambda _: self._choose(option))
        return button

    def _choose(self, option):
        with ONE_AT_A_TIME:
            self.value = option

    def _press(self, change):
        for option, button in self.buttons.items():
            down = option == self.value
            button.button_style, button.icon = ("info", "check") if down else ("", "")


class Explorer(ipywidgets.VBox):
    """Controls, and a picture that answers while they are dragged.

    Parameters
    ----------
    draw : callable
        `draw(**still)` -> matplotlib figure with named axes (see `figure`): what stands still.
    move : callable
        `move(**values)` -> `(marks, sentence)`: what moves, and what is seen, in one sentence.
    controls : dict
        Name -> `Number`, or any ipywidget that has a `value`.
    still : tuple of str
        The controls that `draw` is given. Only these redraw what stands still.
    presets : dict
        What a button says -> the values that it sets, for instance `{"too fast": {"rate": 1.0}}`.
    title : str
        What stands where no widget can be shown.
    """

    def __init__(self, draw, move, controls, *, still=(), presets=None, title="explorer"):
        self.draw, self.move, self.controls = draw, move, dict(controls)
        self.still, self.title = tuple(still), title
        self.start = self.values
        self._drawn = lru_cache(8)(self._drawn)  # going back and forth draws nothing anew
        self.picture = None
        self._held = False
        self._below = ipywidgets.HTML(layout=LAYER)
        self._above = ipywidgets.HTML(layout=LAYER)
        stage = ipywidgets.GridBox([self._below, self._above], layout=STAGE)
        buttons = [self._button(name, values) for name, values in (presets or {}).items()]
        buttons.append(self._button("reset", self.start))
        bar = ipywidgets.HBox(buttons, layout=WRAP)
        self._words = ipywidgets.HTML(layout=WORDS)
        super().__init__([*self.controls.values(), bar, self._words, stage], layout=WHOLE)
        for control in self.controls.values():
            control.observe(self._show, [n for n in ("value", "trouble") if control.has_trait(n)])
        self._show()

    @property
    def values(self):
        """The value of each control, by name."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def sentence(self):
        """What is seen, in words."""
        with ONE_AT_A_TIME:
            return self.move(**self.values)[1]

    def set(self, **values):
        """Set several controls at once; the picture is drawn once."""
        unknown = sorted(set(values) - set(self.controls))
        if unknown:
            raise ValueError(
                f"{self.title} has no control named {', '.join(unknown)}; it has "
                f"{', '.join(self.controls)}. Write set({next(iter(self.controls))}=...)."
            )
        with ONE_AT_A_TIME:
            self._held = True
            try:
                for name, value in values.items():
                    self.controls[name].value = value
            finally:
                self._held = False
            self._show()

    def png(self, dpi=100):
        """The picture as it stands, without its controls."""
        with ONE_AT_A_TIME:  # still part and marks of one state
            return self.picture.png(self.move(**self.values)[0], dpi)

    def _show(self, change=None):
        """Show what the controls say now: what stands still, what moves and what is said of it."""
        with ONE_AT_A_TIME:
            if self._held:
                return
            values = self.values  # all three are of these, whatever comes meanwhile
            still = tuple(values[name] for name in self.still)
            self.picture, below = self._drawn(still)
            marks, sentence = self.move(**values)
            troubles = [getattr(control, "trouble", "") for control in self.controls.values()]
            self._below.value = below
            self._above.value = self.picture.svg(marks, sentence)
            said = " ".join([*filter(None, troubles), sentence])
            self._words.value = f'<p role="status" style="{SENTENCE}">{escape(said)}</p>'

    def _drawn(self, still):
        picture = Picture(self.draw(**dict(zip(self.still, still, strict=True))))
        return picture, picture.still()

    def _button(self, name, values):
        button = ipywidgets.Button(description=name, layout=BUTTON)
        button.on_click(lambda _: self.set(**values))
        return button

    def _repr_mimebundle_(self, **options):
        """A saved notebook shows the picture where there's no kernel to bring the widget alive."""
        bundle = super()._repr_mimebundle_(**options)
        bundle["image/png"] = base64.b64encode(self.png()).decode()
        bundle["text/plain"] = self.title
        return bundle


FILL = "width:100%;height:auto;display:block"
SENTENCE = "margin:0;line-height:1.4;min-height:2.8em;white-space:normal"
LABEL = "8em"
SLIDER = {"width": "30em", "max_width": "75%"}
BOX = {"width": "8em"}
ROW = {"width": "100%"}
WRAP = {"flex_flow": "row wrap", "margin": "2px 0 6px 0"}
BUTTON = {"width": "auto"}
LAYER = {"grid_area": "1 / 1 / 2 / 2", "width": "100%", "margin": "0"}
WORDS = {"width": "auto", "margin": "0 8px"}
STAGE = {"width": "100%", "grid_template_columns": "100%"}
WHOLE = {"width": "100%", "max_width": "1000px"}


def _png(fig, dpi):
    buffer = io.BytesIO()
    fig.savefig(buffer, dpi=dpi, facecolor="white", pil_kwargs={"compress_level": 0})
    full = Image.open(buffer).convert("RGB")
    # 256 colours that miss none: a third of the bytes of a full-colour picture.
    few = full.quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG")
    return buffer.getvalue()


def _encode(rgba):
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, rgba, format="png")
    return buffer.getvalue()


def _line(x, y):
    """An SVG path; the pen goes up at NaN."""
    pen, out = "M", []
    for a, b in zip(x.tolist(), y.tolist(), strict=True):
        if a != a or b != b:
            pen = "M"
            continue
        out.append(f"{pen}{a:.1f},{b:.1f}")
        pen = "L"
    return "".join(out)


def _dots(x, y):
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    return "".join(f"M{a:.1f},{b:.1f}h0" for a, b in pairs if a == a and b == b)


def _spread(positions, value):
    """How far each position is from a value, by ratio where all are positive."""
    if positions[0] > 0:
        return np.log(positions) - np.log(value)
    return np.asarray(positions, dtype=float) - value
