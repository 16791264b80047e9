"""Logarithmic axes that can be read: plain numbers, and no more of them than fit."""

import numpy as np

from course.plots.style import pyplot
from course.plots.words import number


def log_axis(axis, values):
    """A logarithmic axis with plain numbers: at 1, 2 and 5, or of many decades at some powers."""
    values = np.asarray(values, dtype=float)
    values = values[np.isfinite(values) & (values > 0)]
    few = len(values) and values.max() < 300 * values.min()
    ticker = pyplot().matplotlib.ticker
    axis.set_major_locator(ticker.LogLocator(subs=[1, 2, 5] if few else [1], numticks=8))
    axis.set_major_formatter(lambda value, _: _written(value))
    axis.set_minor_formatter(lambda value, _: "")


def _written(value):
    """A tick's number: plain as long as it is short, else a power of ten."""
    if 1e-3 <= value < 1e5:
        return number(value)
    mantissa, power = f"{value:.0e}".split("e")
    times = "" if mantissa == "1" else mantissa + r" \cdot "
    return f"${times}10^{{{int(power)}}}$"
