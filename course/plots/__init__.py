"""Pictures: values in, Axes out.

The same thing has the same colour in every lesson, and a line style or marker repeats what the
colour says. Each function leaves a sentence on its axes that says what is seen, computed from the
same values; `show` prints it below the picture.
"""

from course.plots.classes import calibration, confusion, regions
from course.plots.contests import bars, race
from course.plots.curves import costs, history, lines
from course.plots.fits import fit, residuals
from course.plots.graph import graph
from course.plots.landscapes import basins, contours, convergence, paths, surface
from course.plots.networks import depth, half_planes, pictures, there_and_back
from course.plots.noise import gradients, histograms, power_law
from course.plots.style import CLASSES, COLORS, STYLES
from course.plots.words import describe, number, show

__all__ = [
    "CLASSES",
    "COLORS",
    "STYLES",
    "bars",
    "basins",
    "calibration",
    "confusion",
    "contours",
    "convergence",
    "costs",
    "depth",
    "describe",
    "fit",
    "gradients",
    "graph",
    "half_planes",
    "histograms",
    "history",
    "lines",
    "number",
    "paths",
    "pictures",
    "power_law",
    "race",
    "regions",
    "residuals",
    "show",
    "surface",
    "there_and_back",
]
