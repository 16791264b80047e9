"""Pictures of explorers: a figure that stands still, and marks that move above it.

What stands still is drawn once by matplotlib. What moves is a few kilobytes of SVG in the same
coordinates, so a drag is answered in tens of milliseconds, by a kernel or from a table.
"""

import base64
import io
import os
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from PIL import Image

from course.plots.words import small_png

__all__ = ["Curve", "Picture", "Raster", "Words", "figure", "is_lecture"]

DASHES = {"-": "", "--": "70 40", ":": "20 40", "-.": "80 30 20 30"}  # in tenths of a pixel
DPI = 100
LARGE = 1.4  # times the usual type and lines, for the last row of a lecture hall


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


def is_lecture():
    """Whether explorers are shown in their lecture size: large type and thick lines."""
    return "DOWNHILL_LECTURE" in os.environ or os.environ.get("DOWNHILL_EXPORT") == "lecture"


def figure(mosaic, size=(9.6, 4.2), **options):
    """Make a figure and its axes by name: `figure([["fit", "path"]])` -> `(figure, {name: axes})`.

    It belongs to no window and to no notebook cell, so nothing is shown or kept by pyplot. In
    lecture size it has as many pixels, and everything on it is larger.
    """
    large = LARGE if is_lecture() else 1.0
    width, height = size
    fig = Figure(figsize=(width / large, height / large), dpi=DPI * large, layout="constrained")
    FigureCanvasAgg(fig)
    with matplotlib.rc_context({"axes.titlesize": "medium"} if is_lecture() else {}):
        return fig, fig.subplot_mosaic(mosaic, **options)


class Picture:
    """A figure that stands still, and marks drawn above it in its axes' own coordinates."""

    def __init__(self, fig, like=None):
        """Lay the axes out, from where on they stay; as in a picture `like` it, at no cost."""
        engine = fig.get_layout_engine()
        fig.set_layout_engine("none")
        for ax in fig.axes:
            ax.minorticks_off()  # a quarter of the time of a logarithmic picture
        if like is not None and len(like.figure.axes) == len(fig.axes):
            for ax, other in zip(fig.axes, like.figure.axes, strict=True):
                ax.set_position(other.get_position(original=True))
        elif engine is not None:
            engine.execute(fig)
            FigureCanvasAgg(fig)  # a new one: that which was measured on keeps its pixels
        for ax in fig.axes:
            ax.apply_aspect()
        self.figure = fig
        self.axes = {ax.get_label(): ax for ax in fig.axes}
        self.width, self.height = fig.bbox.width, fig.bbox.height
        self._boxes = {name: self._box(ax) for name, ax in self.axes.items()}
        self._frames = "".join(
            f'<clipPath id="{self._clip(name)}"><rect {self._place(name)}/></clipPath>'
            for name in self.axes
        )

    def still(self):
        """What stands still: a PNG at twice the resolution, and where its axes lie.

        Returns
        -------
        dict
            "image" (an address that holds the data), "width", "height", and "axes": by name their
            box (left, top, width, height in pixels) and for x and y the values at equal distances
            from the first edge to the last (two are enough for a linear scale).
        """
        data = base64.b64encode(_png(self.figure, 2 * self.figure.dpi)).decode()
        axes = {
            name: {
                "box": [round(float(side), 2) for side in self._boxes[name]],
                "x": _scale(ax.xaxis, ax.get_xlim()),
                "y": _scale(ax.yaxis, ax.get_ylim()),
            }
            for name, ax in self.axes.items()
        }
        size = {"width": float(self.width), "height": float(self.height)}
        return {"image": f"data:image/png;base64,{data}", "axes": axes} | size

    def svg(self, marks, sentence=""):
        """The marks as SVG; `sentence` is what a screen reader says of the whole picture.

        Its unit is a tenth of a pixel, so that all numbers are whole.
        """
        return "".join(self.parts(marks, sentence))

    def parts(self, marks, sentence=""):
        """The same SVG in pieces that many frames share."""
        head = (
            f'" viewBox="0 0 {10 * self.width:g} {10 * self.height:g}"><defs>{self._frames}</defs>'
        )
        opening = ['<svg role="img" aria-label="', escape(sentence), head]
        return [*opening, *(self._svg(mark) for mark in marks), "</svg>"]

    def png(self, marks, dpi=None):
        """Still and moving parts in one PNG, for readers with no kernel."""
        artists = [artist for mark in marks for artist in self._artists(mark)]
        try:
            return _png(self.figure, dpi or self.figure.dpi)
        finally:
            for artist in artists:
                artist.remove()

    def _svg(self, mark):
        frame = f'clip-path="url(#{self._clip(mark.axes)})"'
        if isinstance(mark, Raster):
            data = base64.b64encode(_encode(mark.rgba())).decode()
            return (
                f'<image {self._place(mark.axes)} preserveAspectRatio="none" '
                f'opacity="{mark.opacity}" href="data:image/png;base64,{data}"/>'
            )
        x, y = self._tenths(mark)
        if isinstance(mark, Words):
            anchor = {"left": "start", "center": "middle", "right": "end"}[mark.align]
            return (
                f'<text x="{x[0]:.0f}" y="{y[0]:.0f}" fill="{mark.color}" text-anchor="{anchor}" '
                f'font-size="{130 * self.figure.dpi / DPI:.0f}" '
                f'font-family="DejaVu Sans, Verdana, sans-serif" '
                f'dominant-baseline="central">{escape(mark.text)}</text>'
            )
        style = f'fill="none" stroke="{mark.color}" stroke-linejoin="round" {frame}'
        point = 10 * self.figure.dpi / 72
        out = ""
        if mark.line:
            dash = f'stroke-dasharray="{DASHES[mark.line]}"' if DASHES[mark.line] else ""
            width = mark.width * point
            out += f'<path d="{_path(x, y)}" stroke-width="{width:.0f}" {dash} {style}/>'
        if mark.dot:  # a line of no length with round ends is a dot
            width = mark.dot * point
            style += ' stroke-linecap="round"'
            out += f'<path d="{_path(x, y, dots=True)}" stroke-width="{width:.0f}" {style}/>'
        return out

    def _artists(self, mark):
        ax = self.axes[mark.axes]
        if isinstance(mark, Raster):
            shape = ax.get_aspect()  # an image sets it, and the axes would move
            fill = {"extent": (0, 1, 0, 1), "transform": ax.transAxes, "aspect": shape}
            return [ax.imshow(mark.rgba(), alpha=mark.opacity, zorder=3, **fill)]
        if isinstance(mark, Words):
            x, y, color, align = mark.x, mark.y, mark.color, mark.align
            return [ax.text(x, y, mark.text, color=color, ha=align, va="center", fontsize=9.5)]
        shown = {"color": mark.color, "linestyle": mark.line or "none", "linewidth": mark.width}
        shown["solid_capstyle"] = "butt"  # as in SVG
        if mark.dot:
            shown |= {"marker": "o", "markersize": mark.dot, "markeredgewidth": 0}
        return ax.plot(mark.x, mark.y, scalex=False, scaley=False, zorder=4, **shown)

    def _tenths(self, mark):
        points = np.column_stack([np.ravel(mark.x), np.ravel(mark.y)]).astype(float)
        pixels = self.axes[mark.axes].transData.transform(points)
        # Far outside is far enough: browsers draw wrongly at coordinates of millions.
        pixels = np.clip(pixels, -2 * self.width, 3 * self.width)
        return np.round(10 * pixels[:, 0]), np.round(10 * (self.height - pixels[:, 1]))

    def _box(self, ax):
        box = ax.get_window_extent()
        return box.x0, self.height - box.y1, box.width, box.height

    def _place(self, name):
        sides = zip(("x", "y", "width", "height"), self._boxes[name], strict=True)
        return " ".join(f'{side}="{10 * value:.0f}"' for side, value in sides)

    def _clip(self, name):
        return f"frame-{id(self):x}-{name}"


def _scale(axis, limits):
    """The values at equal distances along an axis."""
    transform = axis.get_transform()
    ends = np.linspace(*transform.transform(limits), 2 if axis.get_scale() == "linear" else 129)
    return [float(f"{value:.6g}") for value in transform.inverted().transform(ends)]


class _Canvas(RendererAgg):
    """One canvas for all pictures: it remembers how wide each text is, and parsed formulas.

    It has pixels while it is drawn on: those of a picture are 6 MB.
    """

    def resize(self, width, height):
        known = self.mathtext_parser
        self.__init__(width, height, self.dpi)
        self.mathtext_parser = known


@lru_cache(1)
def _canvas(dpi):
    return _Canvas(1, 1, dpi)


def _png(fig, dpi):
    usual, canvas = fig.dpi, _canvas(dpi)
    try:
        fig.set_dpi(dpi)
        canvas.resize(*fig.bbox.size)
        fig.draw(canvas)  # savefig draws twice
        return small_png(Image.fromarray(np.asarray(canvas.buffer_rgba())))
    finally:
        fig.set_dpi(usual)
        canvas.resize(1, 1)


def _encode(rgba):
    """A PNG of 32 shades of each colour: a third of the bytes of 256."""
    buffer = io.BytesIO()
    shades = np.round(255 * (np.round(31 * rgba) / 31)).astype(np.uint8)
    Image.fromarray(shades).save(buffer, "PNG")
    return buffer.getvalue()


def _path(x, y, dots=False):
    """An SVG path through whole numbers, or dots at them; the pen goes up at NaN.

    Each point is told by how far it is from the one before, and those that stay where they are
    are left out: the numbers are short, and an export has room for more.
    """
    points = np.column_stack([x, y])
    known = np.isfinite(points).all(axis=1)
    lifted = ~np.concatenate([[False], known[:-1]])[known]
    moves = np.diff(points[known], axis=0, prepend=[[0, 0]])
    kept = lifted | moves.any(axis=1)
    rows = zip((lifted | dots)[kept].tolist(), moves[kept].astype(int).tolist(), strict=True)
    end = "h0" if dots else ""
    return "".join(f"{'m' if up else ' '}{a},{b}{end}" for up, (a, b) in rows)
