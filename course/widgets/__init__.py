"""Explorers: drag, and the picture answers while you drag."""

from course.widgets.batches import explore_batches
from course.widgets.boundary import explore_boundary
from course.widgets.digits import draw_digit
from course.widgets.hidden import explore_hidden
from course.widgets.landscape import explore_landscape
from course.widgets.learning_rate import explore_learning_rate
from course.widgets.line import explore_line
from course.widgets.momentum import explore_momentum
from course.widgets.playground import explore_network
from course.widgets.race import explore_race

__all__ = [
    "draw_digit",
    "explore_batches",
    "explore_boundary",
    "explore_hidden",
    "explore_landscape",
    "explore_learning_rate",
    "explore_line",
    "explore_momentum",
    "explore_network",
    "explore_race",
]
