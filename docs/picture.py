"""Make the picture of the README: `python docs/picture.py` writes docs/picture.png."""

import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from course import Descent, Line, data, mse, plots, train

TARGET = Path(__file__).with_name("picture.png")
STEPS = 10_000


def loss(model, x, y):
    """Return the cost of lesson 01."""
    return mse(model(x), y)


def draw():
    """Draw the fit of lesson 01 after some steps, and why it takes so many."""
    x, y = data.line(np.random.default_rng(0))
    start, best, path = Line(0.5, 0.5), Line(*np.polyfit(x, y, 1)), []

    def remember(step):
        path.append((step.model.m, step.model.b))

    options = {"epochs": STEPS, "callbacks": [remember], "progress": False}
    model, _ = train(loss, start, [(x, y)], Descent(1e-4), **options)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.9), layout="constrained")
    models = {"start": start, "model": model, "best": best}
    plots.fit(x, y, models, ax=left, title=f"A line after {STEPS:,} steps: near, not there")
    plots.paths(
        lambda m, b: loss(Line(m, b), x, y),
        np.linspace(-1, 8, 120),
        np.linspace(-25, 215, 120),
        path[:20] + path[500::500],
        best=(best.m, best.b),
        ax=right,
        title="Why: a leap into the valley, then a crawl",
    )
    return figure


def save(figure, target=TARGET):
    """Write a PNG with few colours, and so of few bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=140, facecolor="white")
    colours = {"method": Image.Quantize.MAXCOVERAGE, "dither": Image.Dither.NONE}
    Image.open(buffer).convert("RGB").quantize(256, **colours).save(target, optimize=True)


if __name__ == "__main__":
    save(draw())
