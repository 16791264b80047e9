"""Controls of an explorer: what can be set, from where to where, and what it is now.

They are plain values with a rule; how they look in a page is the business of `explorer.js`.
"""

import base64

import numpy as np
import traitlets

__all__ = ["Choice", "Number", "Pad", "Points"]


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

    Parameters
    ----------
    name : str
        What stands before the buttons.
    classes : list of str
        What the buttons say.
    axes : str
        Where the points are put.

    `value` is a tuple of `(x, y, class)`, the class a number from 0.
    """

    def __init__(self, name, classes, axes):
        self.classes, self.axes = list(classes), axes
        super().__init__(name, ())

    def require(self, value):
        """Return the points as plain tuples."""
        try:
            points = np.asarray(value, dtype=float).reshape(-1, 3)
        except (TypeError, ValueError):
            points = np.full((1, 3), np.nan)
        known = np.isin(points[:, 2], range(len(self.classes)))
        if not (np.isfinite(points).all() and known.all()):
            raise ValueError(
                f"{self.name} are (x, y, class) with a class from 0 to {len(self.classes) - 1}, "
                f"and {value!r} came. Write [(1.0, 2.0, 0)]."
            )
        return tuple((float(x), float(y), int(kind)) for x, y, kind in points)

    def spec(self):
        """What the page needs to know."""
        return {"classes": self.classes, "axes": self.axes}


class Pad(Control):
    """A small picture to draw, white on black.

    Parameters
    ----------
    name : str
        What a screen reader says of it.
    side : int
        Pixels of its width and of its height.
    axes : str
        Where it lies.

    `value` is text: a byte for each pixel, row by row from the top, written in base 64. A picture
    of numbers from 0 (paper) to 1 is taken too.
    """

    def __init__(self, name, side, axes):
        self.side, self.axes = side, axes
        super().__init__(name, np.zeros((side, side)))

    @property
    def picture(self):
        """The drawing as numbers from 0 to 1, `(side, side)`."""
        return self.read(self.value)

    def read(self, value):
        """A value as numbers from 0 to 1, `(side, side)`."""
        ink = np.frombuffer(base64.b64decode(value, validate=True), dtype=np.uint8)
        return ink.reshape(self.side, self.side) / 255

    def require(self, value):
        """Return the text; raise unless it, or the numbers given, are a picture of this size."""
        if isinstance(value, str):
            try:
                self.read(value)
            except ValueError:
                raise ValueError(f"{self.name}: the text isn't {self.side}² bytes.") from None
            return value
        values = np.asarray(value, dtype=float)
        if values.size != self.side**2:
            raise ValueError(
                f"{self.name} is {self.side} x {self.side} pixels, and a picture of shape "
                f"{values.shape} came."
            )
        if not (np.isfinite(values).all() and values.min() >= -0.1 and values.max() <= 1.1):
            raise ValueError(
                f"ink goes from 0 (paper) to 1, and a picture from {values.min():g} to "
                f"{values.max():g} came. Write picture / 255 for pixels from 0 to 255."
            )
        ink = np.round(255 * np.clip(values, 0, 1)).astype(np.uint8)
        return base64.b64encode(ink.tobytes()).decode()

    def spec(self):
        """What the page needs to know."""
        return {"side": self.side, "axes": self.axes}
