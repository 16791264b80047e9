"""Draw a digit with the mouse, and a network that was just trained says which it is."""

import base64
import io
from pathlib import Path

import anywidget
import ipywidgets
import matplotlib
import numpy as np
import traitlets

from course.functions import softmax
from course.widgets.base import ONE_AT_A_TIME

__all__ = ["center", "draw_digit", "sentence"]

SIDE, BODY = 28, 20  # pixels of a picture, and of the digit inside it, as in MNIST


def center(picture):
    """Bring a drawing to the size and place that MNIST's digits have.

    The ink is scaled so that its longer side is 20 pixels, and moved so that its centre of mass
    is that of the picture (LeCun et al. 1998).

    Parameters
    ----------
    picture : ndarray of shape (28, 28)
        0 is paper, 1 is ink.

    Returns
    -------
    ndarray of shape (28, 28); an empty picture comes back as it is.
    """
    rows, columns = np.nonzero(picture > 0.1)
    if not len(rows):
        return picture
    ink = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = (max(1, round(n * BODY / max(ink.shape))) for n in ink.shape)
    ink = _resize(ink, height, width)
    mass = [np.average(np.arange(n), weights=ink.sum(axis=1 - i)) for i, n in enumerate(ink.shape)]
    top, left = (
        min(max(round((SIDE - 1) / 2 - m), 0), SIDE - n)
        for m, n in zip(mass, ink.shape, strict=True)
    )
    centred = np.zeros((SIDE, SIDE))
    centred[top : top + height, left : left + width] = ink
    return centred


def _resize(picture, height, width):
    """Resample along rows, then along columns, in straight lines between the pixels."""
    for axis, n in ((0, height), (1, width)):
        old = np.arange(picture.shape[axis])
        new = (np.arange(n) + 0.5) * len(old) / n - 0.5
        picture = np.apply_along_axis(
            lambda line, x=new, xp=old: np.interp(x, xp, line), axis, picture
        )
    return picture


def sentence(probabilities):
    """What a network says of a picture, in words; None for an empty pad."""
    if probabilities is None:
        return "The pad is empty: draw a digit, large and in one go."
    first, second = np.argsort(probabilities)[::-1][:2]
    sure = probabilities[first]
    said = f"The network reads {first}, with probability {sure:.2f}"
    return f"{said}." if sure > 0.9 else f"{said}; else {second}, {probabilities[second]:.2f}."


class Pad(anywidget.AnyWidget):
    """The pad itself, white ink on black: 28 x 28 bytes, written in base 64.

    Text and not bytes, since a page's models don't see that bytes have changed.
    """

    _esm = Path(__file__).with_name("digits.js")
    pixels = traitlets.Unicode(base64.b64encode(bytes(SIDE * SIDE)).decode()).tag(sync=True)

    @property
    def picture(self):
        """The drawing as numbers from 0 to 1."""
        ink = np.frombuffer(base64.b64decode(self.pixels), dtype=np.uint8)
        return ink.reshape(SIDE, SIDE) / 255

    @picture.setter
    def picture(self, values):
        values = np.reshape(np.asarray(values, dtype=float), (SIDE, SIDE))
        if not (np.isfinite(values).all() and values.min() >= -0.1 and values.max() <= 1.1):
            raise ValueError(
                f"ink goes from 0 (paper) to 1, and a picture from {values.min():g} to "
                f"{values.max():g} came. Write picture / 255 for pixels from 0 to 255."
            )
        ink = np.round(255 * np.clip(values, 0, 1)).astype(np.uint8)
        self.pixels = base64.b64encode(ink.tobytes()).decode()


class DigitReader(ipywidgets.VBox):
    """A pad, and beside it what a model reads there."""

    def __init__(self, model, examples):
        examples = np.asarray(getattr(examples, "x", examples))  # a data set's pictures
        if examples.ndim != 2 or examples.shape[1] != SIDE * SIDE:
            raise ValueError(
                f"examples have shape {examples.shape}; pictures (m, 784) were expected. "
                "Write draw_digit(model, digits.x)."
            )
        self.model, self.examples, self._next = model, examples, 0
        self.pad = Pad()
        self._seen, self._answer = ipywidgets.HTML(), ipywidgets.HTML(layout={"width": "22em"})
        example = ipywidgets.Button(description="an example", layout={"width": "auto"})
        clear = ipywidgets.Button(description="clear", layout={"width": "auto"})
        example.on_click(lambda _: self.show_example())
        clear.on_click(lambda _: self.clear())
        self.pad.observe(lambda _: self._read(), "pixels")
        row = ipywidgets.HBox(
            [self.pad, self._seen, self._answer], layout={"flex_flow": "row wrap", "width": "100%"}
        )
        super().__init__([row, ipywidgets.HBox([example, clear])])
        self.show_example()

    @property
    def probabilities(self):
        """What the model gives each digit, or None for an empty pad."""
        picture = self.pad.picture
        if not picture.any():
            return None
        logits = self.model(center(picture).reshape(1, -1).astype(self.examples.dtype))
        return softmax(np.asarray(logits, dtype=float))[0]

    @property
    def sentence(self):
        """What is read, in words."""
        return sentence(self.probabilities)

    def draw(self, picture):
        """Put a picture of 28 x 28 (or 784) numbers from 0 to 1 on the pad."""
        self.pad.picture = picture

    def show_example(self):
        """Put the next of the examples on the pad."""
        self.draw(self.examples[self._next % len(self.examples)])
        self._next += 1

    def clear(self):
        """Empty the pad."""
        self.draw(np.zeros((SIDE, SIDE)))

    def _read(self):
        with ONE_AT_A_TIME:
            self._say()

    def _say(self):
        probabilities = self.probabilities
        self._seen.value = (
            '<figure style="margin:0 12px"><img alt="" width="112" height="112" '
            'style="image-rendering:pixelated;border:1px solid #888" src="data:image/png;base64,'
            f'{base64.b64encode(_png(center(self.pad.picture))).decode()}">'
            "<figcaption>what the network sees</figcaption></figure>"
        )
        self._answer.value = f'<p role="status" style="white-space:normal">{self.sentence}</p>' + (
            "" if probabilities is None else _bars(probabilities)
        )

    def _repr_mimebundle_(self, **options):
        """Where there is no kernel, the picture on the pad stands for it."""
        bundle = super()._repr_mimebundle_(**options)
        bundle["image/png"] = base64.b64encode(
            _png(np.kron(self.pad.picture, np.ones((6, 6))))
        ).decode()
        bundle["text/plain"] = "a drawing pad with a digit on it"
        return bundle


def draw_digit(model, examples):
    """Make a pad to draw on, read by `model` at every stroke.

    Parameters
    ----------
    model : callable
        From pictures (n, 784) of numbers from 0 to 1 to logits (n, 10).
    examples : ndarray of shape (m, 784), or a data set of such
        Pictures for who has no mouse: a button puts one after the other on the pad.
    """
    return DigitReader(model, examples)


def _bars(probabilities):
    """Ten bars, written out in numbers too."""
    rows = "".join(
        f'<tr><td style="padding-right:8px">{digit}</td><td style="width:12em">'
        f'<div style="background:#0072B2;height:0.8em;width:{100 * p:.1f}%"></div></td>'
        f'<td style="padding-left:8px">{p:.2f}</td></tr>'
        for digit, p in enumerate(probabilities)
    )
    return f'<table style="line-height:1.2">{rows}</table>'


def _png(picture):
    buffer = io.BytesIO()
    matplotlib.image.imsave(buffer, picture, cmap="gray", vmin=0, vmax=1, format="png")
    return buffer.getvalue()
