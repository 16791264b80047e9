"""Logarithmic axes that can be read: plain numbers, and no more of them than fit."""

import numpy as np

from course.plots.style import pyplot
from course.plots.words import number


def log_axis(axis, values):
    """A logarithmic axis with plain numbers: at 1, 2 and 5, or of many decades at powers of ten."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    few = len(values) and values.max() < 300 * values.min()
    # an axis of values that end a little below 1e5 still has a tick there
    powers = not few and len(values) and (values.max() >= 5e4 or values.min() < 1e-3)
    ticker = pyplot().matplotlib.ticker
    axis.set_major_locator(ticker.LogLocator(subs=[1, 2, 5] if few else [1], numticks=8))
    axis.set_major_formatter(lambda value, _: _written(value, powers))
    axis.set_minor_formatter(lambda value, _: "")


def _written(value, powers):
    """A tick's number: plain as long as it and its neighbours are short, else a power of ten."""
    if not powers and 1e-4 <= value < 1e5:
        return number(value)
    mantissa, power = f"{value:.0e}".split("e")
    times = "" if mantissa == "1" else mantissa + r" \cdot "
    return f"${times}10^{{{int(power)}}}$"
