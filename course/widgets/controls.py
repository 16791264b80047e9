"""Controls of an explorer: what can be set, from where to where, and what it is now.

They are plain values with a rule; how they look in a page is the business of `explorer.js`.
"""

import numpy as np
import traitlets

__all__ = ["Choice", "Number", "Points"]


class Control(traitlets.HasTraits):
    """What `Explorer` needs of a control: a label, a value, and what may become one."""

    value = traitlets.Any()

    def __init__(self, name, value):
        self.name = name
        super().__init__(value=self.require(value))

    @traitlets.validate("value")
    def _valid(self, proposal):
        return self.require(proposal["value"])


class Number(Control):
    """A slider with a box beside it to type in.

    Parameters
    ----------
    name : str
        What stands before the slider.
    positions : array_like
        The values that the slider visits, in rising order: `np.geomspace(1e-5, 1, 101)`,
        `range(1, 33)`. The box takes any value between the first and the last.
    value : float
        Where it starts, and where a reset brings it back to.
    shown : bool, optional
        False for a number that is set in the picture only.
    """

    def __init__(self, name, positions, value, *, shown=True):
        self.positions = [p.item() if isinstance(p, np.generic) else p for p in positions]
        self.type = int if all(isinstance(p, int) for p in self.positions) else float
        self.shown = shown
        super().__init__(name, value)

    def require(self, value):
        """Return the value as a plain number; raise unless the slider's range has it."""
        low, high = self.positions[0], self.positions[-1]
        if not isinstance(value, (int, float, np.number)) or not low <= value <= high:
            raise ValueError(
                f"{self.name} goes from {low:g} to {high:g}, and {value!r} came. Give a number "
                "in between."
            )
        if self.type is int and value != int(value):
            raise ValueError(f"{self.name} takes whole numbers, and {value:g} came.")
        return self.type(value)

    def spec(self):
        """What the page needs to know."""
        whole = self.type is int
        return {"positions": self.positions, "whole": whole, "shown": self.shown}


class Choice(Control):
    """A row of buttons, one of which is down; the first, if no value is given."""

    def __init__(self, name, options, value=None):
        self.options = list(options)
        super().__init__(name, self.options[0] if value is None else value)

    def require(self, value):
        """Return the value if it is one of the options."""
        if value not in self.options:
            offered = ", ".join(map(repr, self.options))
            raise ValueError(f"there is no {value!r} here; choose one of {offered}.")
        return value

    def spec(self):
        """What the page needs to know."""
        return {"options": self.options}


class Points(Control):
    """Points put into a picture by a click, each of a class that a key or a button chooses.

    `value` is a list of `[x, y, class]`, the class a number from 0.
    """

    def __init__(self, name, classes, axes):
        self.classes, self.axes = list(classes), axes
        super().__init__(name, [])

    def require(self, value):
        """Return the points as plain lists."""
        points = np.asarray(value, dtype=float).reshape(-1, 3)
        if (
            not np.isfinite(points).all()
            or not np.isin(points[:, 2], range(len(self.classes))).all()
        ):
            raise ValueError(
                f"{self.name} are [x, y, class] with a class from 0 to {len(self.classes) - 1}, "
                f"and {value!r} came."
            )
        return [[float(x), float(y), int(kind)] for x, y, kind in points]

    def spec(self):
        """What the page needs to know."""
        return {"classes": self.classes, "axes": self.axes}
