"""Explorers: drag, and the picture answers while you drag.

Each is loaded when it is asked for: a lesson has two or three of them, and all would take a
megabyte of each student's memory on a shared machine.
"""

from importlib import import_module

HOMES = {
    "draw_digit": "digits",
    "explore_batches": "batches",
    "explore_boundary": "boundary",
    "explore_hidden": "hidden",
    "explore_landscape": "landscape",
    "explore_learning_rate": "learning_rate",
    "explore_line": "line",
    "explore_momentum": "momentum",
    "explore_network": "playground",
    "explore_race": "race",
}
__all__ = [*HOMES]


def __getattr__(name):
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)


def __dir__():
    return [*globals(), *HOMES]
