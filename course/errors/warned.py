"""Warnings that name the learner's own line, however deep in the library the cause is found."""

import sys
import warnings

__all__ = ["warn"]

OURS = ("course", "autograd", "")  # a compiled program is of no module


def warn(message, category=UserWarning):
    """Warn of the line outside of the library that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in OURS:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
