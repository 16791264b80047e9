"""What all explorers share: a picture that stands still, marks that move above it, controls.

What stands still is drawn once by matplotlib. What moves is a few kilobytes of SVG above it, so a
drag is answered in tens of milliseconds. Computing belongs to neither: an explorer is made of
plain functions that are tested without a browser.
"""

import base64
import io
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

__all__ = ["Choice", "Curve", "Explorer", "Number", "Picture", "Raster", "Words", "figure"]

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
    """A slider with a number box beside it; both always say the same.

    Parameters
    ----------
    name : str
        What stands before the slider.
    positions : array_like
        The values that the slider visits, in rising order: `np.geomspace(1e-5, 1, 101)`,
        `range(1, 33)`. The box takes any value between the first and the last.
    value : float
        Where it starts, and where a reset brings it back to.
    """

    value = traitlets.Float()

    def __init__(self, name, positions, value):
        self.positions = [p.item() if isinstance(p, np.generic) else p for p in positions]
        low, high = self.positions[0], self.positions[-1]
        if not low <= value <= high:
            raise ValueError(
                f"Number({name!r}): the start value {value} is outside of the slider's {low} to "
                f"{high}. Give one in between, or other positions: np.geomspace(low, high, 101)."
            )
        whole = all(isinstance(p, int) for p in self.positions)
        box = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
        self.type = int if whole else float
        self.slider = ipywidgets.IntSlider(
            min=0, max=len(self.positions) - 1, description=name, readout=False, layout=SLIDER
        )
        self.slider.style.description_width = LABEL
        self.box = box(min=low, max=high, step=self.positions[1] - low, layout=BOX)
        self.box.tooltip = self.slider.tooltip = f"{name}: {low:g} to {high:g}"
        self._moving = False
        super().__init__([self.slider, self.box], layout=ROW)
        self.slider.observe(self._slid, "value")
        self.box.observe(self._typed, "value")
        self.value = value
        self.observe(self._set, "value")
        self._set(None)  # 0.0 is no change: slider and box would stand at their first position

    @traitlets.validate("value")
    def _clamp(self, proposal):
        return self.type(min(max(proposal["value"], self.positions[0]), self.positions[-1]))

    def _slid(self, change):
        if not self._moving:
            self.value = self.positions[change["new"]]

    def _typed(self, change):
        self.value = change["new"]

    def _set(self, change):
        # The slider can only stand near a value that was typed; it must not snap the value to it.
        self._moving = True
        self.slider.value = int(np.argmin(np.abs(_spread(self.positions, self.value))))
        self.box.value = self.type(self.value)
        self._moving = False


class Choice(ipywidgets.HBox):
    """A row of buttons, one of which is down; the first, if no value is given."""

    value = traitlets.Any()

    def __init__(self, name, options, value=None):
        self.options = list(options)
        label = ipywidgets.Label(name, layout={"width": LABEL, "justify_content": "flex-end"})
        self.buttons = ipywidgets.ToggleButtons(options=self.options, tooltips=self.options)
        self.buttons.style.button_width = "auto"
        self.buttons.layout.width = "auto"
        super().__init__([label, self.buttons], layout=ROW)
        self.value = self.options[0] if value is None else value
        self.buttons.value = self.value
        traitlets.link((self, "value"), (self.buttons, "value"))

    @traitlets.validate("value")
    def _known(self, proposal):
        if proposal["value"] not in self.options:
            offered = ", ".join(map(repr, self.options))
            raise ValueError(f"there is no {proposal['value']!r} here; choose one of {offered}.")
        return proposal["value"]


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
        for name, control in self.controls.items():
            control.observe(lambda _, name=name: self._changed({name}), "value")
        self._changed(set(self.controls))

    @property
    def values(self):
        """The value of each control, by name."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def sentence(self):
        """What is seen, in words."""
        return self.move(**self.values)[1]

    def set(self, **values):
        """Set several controls at once; the picture is drawn once."""
        unknown = sorted(set(values) - set(self.controls))
        if unknown:
            raise ValueError(
                f"{self.title} has no control named {', '.join(unknown)}; it has "
                f"{', '.join(self.controls)}. Write set({next(iter(self.controls))}=...)."
            )
        before, self._held = self.values, True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._held = False
        self._changed({name for name in before if self.values[name] != before[name]})

    def png(self, dpi=100):
        """The picture as it stands, without its controls."""
        return self.picture.png(self.move(**self.values)[0], dpi)

    def _changed(self, names):
        if self._held:
            return
        if self.picture is None or names & set(self.still):
            still = tuple(self.values[name] for name in self.still)
            self.picture, self._below.value = self._drawn(still)
        marks, sentence = self.move(**self.values)
        self._above.value = self.picture.svg(marks, sentence)
        self._words.value = f'<p role="status" style="{SENTENCE}">{escape(sentence)}</p>'

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
