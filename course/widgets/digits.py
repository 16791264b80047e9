"""Draw a digit with the mouse, and a network that was just trained says which it is."""

import numpy as np

from course.functions import softmax
from course.plots import COLORS
from course.widgets.base import Curve, Explorer, Pad, Raster, Words, figure

__all__ = ["center", "draw_digit", "sentence"]

SIDE, BODY = 28, 20  # pixels of a picture, and of the digit inside it, as in MNIST
EXAMPLES = 5  # buttons that put one on the pad


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


def draw_digit(model, examples):
    """Make a pad to draw on, read by `model` at every stroke.

    Parameters
    ----------
    model : callable
        From pictures (n, 784) of numbers from 0 to 1 to logits (n, 10).
    examples : ndarray of shape (m, 784), or a data set of such
        Pictures for who has no mouse: buttons put the first of them on the pad.

    Returns
    -------
    Explorer with the control `pad`: `set(pad=picture)` draws.
    """
    examples = np.asarray(getattr(examples, "x", examples))  # a data set's pictures
    if examples.ndim != 2 or examples.shape[1] != SIDE * SIDE or not len(examples):
        raise ValueError(
            f"examples have shape {examples.shape}; pictures (m, 784) were expected. "
            "Write draw_digit(model, digits.x)."
        )
    pad = Pad("drawing pad", SIDE, "pad")
    shown = [pad.require(picture) for picture in examples[:EXAMPLES]]
    presets = {f"example {i}": {"pad": picture} for i, picture in enumerate(shown, start=1)}

    def read(drawn):
        picture = pad.read(drawn)
        seen = center(picture)
        if not picture.any():
            return move(picture, seen, None)
        logits = model(seen.reshape(1, -1).astype(examples.dtype))
        return move(picture, seen, softmax(np.asarray(logits, dtype=float))[0])

    return Explorer(
        draw=draw,
        move=lambda pad: read(pad),
        controls={"pad": pad},
        presets={"clear": {"pad": pad.value}, **presets},
        title="a drawing pad with a digit on it",
        state={"pad": shown[0]},
    )


def draw():
    """What stands still: the frames of the pad and of the picture read, and a scale for digits."""
    fig, axes = figure([["pad", "seen", "bars"]], (9.6, 3.4))
    for name, title in (("pad", "Draw here"), ("seen", "What the network sees")):
        axes[name].set(xticks=[], yticks=[], aspect="equal", title=title)
    bars = axes["bars"]
    bars.set(xlim=(0, 1.18), ylim=(9.6, -0.6), xticks=[0, 0.5, 1], yticks=range(10))
    bars.set(title="What it says", xlabel="probability", ylabel="digit")
    bars.spines[["top", "right"]].set_visible(False)
    return fig


def move(picture, seen, probabilities):
    """What moves: the two pictures, a bar for each digit; and what is read, in words."""
    marks = [Raster("pad", picture[::-1], "gray", opacity=1.0)]
    marks.append(Raster("seen", seen[::-1], "gray", opacity=1.0))
    for digit, p in enumerate([] if probabilities is None else probabilities):
        marks.append(Curve("bars", [0, p], [digit, digit], COLORS["data"], width=9))
        marks.append(Words("bars", p + 0.03, digit, f"{p:.2f}"))
    return marks, sentence(probabilities)
