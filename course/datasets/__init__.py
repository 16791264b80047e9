"""The course's data: two that are computed, three that were measured, two to draw boundaries in.

Each function gives a `Dataset`: the numbers, and what one must know about them before fitting.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course.errors.data import require_generator

__all__ = [
    "Dataset",
    "auto_mpg",
    "coffee",
    "line",
    "mnist_5k",
    "parabola",
    "penguins",
    "sine_boundary",
    "spirals",
]

FOLDER = Path(__file__).parent
COMPUTED = {"source": "computed, with the generator given", "licence": "none needed"}


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Dataset:
    """Samples with their names, units, source and licence; prints as a table.

    Unpacks as `x, y = dataset`, so that `Batches(*dataset, 32, rng=rng)` works too.

    Attributes
    ----------
    x : ndarray of shape (n,) for one feature, (n, features) for several
    y : ndarray of shape (n,)
        What is to be predicted: numbers, or integer labels 0, 1, 2, ...
    names, units : tuple of str
        One for each feature.
    target, target_unit : str
        The same for `y`.
    classes : tuple of str
        What each label means; empty where `y` is a number.
    samples : tuple of str
        What each sample is called; empty where samples have no names.
    picture_shape : tuple of int
        Rows and columns, where a sample is a picture: `x[0].reshape(picture_shape)`.
    title, source, licence, note : str
    """

    x: np.ndarray
    y: np.ndarray
    names: tuple
    units: tuple
    target: str
    target_unit: str = ""
    title: str
    source: str
    licence: str
    note: str = ""
    classes: tuple = ()
    samples: tuple = ()
    picture_shape: tuple = ()

    def __iter__(self):
        return iter((self.x, self.y))

    def __len__(self):
        return len(self.y)

    def __repr__(self):
        features = f"{len(self.names)} feature" + "s" * (len(self.names) != 1)
        about = [self.note, f"Source: {self.source}", f"Licence: {self.licence}"]
        return "\n".join(
            [f"{self.title}: {len(self):,} samples, {features}", "", *self._table(), ""]
            + [line for line in about if line]
        )

    def _table(self, rows=5, widest=8):
        """The first rows, right-aligned; of many features the first three and the last."""
        table = self.x[:rows].reshape(min(rows, len(self)), -1)
        columns = [
            [name, unit, *(f"{value:.5g}" for value in values)]
            for name, unit, values in zip(self.names, self.units, table.T, strict=True)
        ]
        if len(columns) > widest:
            columns[3:-1] = [["..."] * (len(table) + 2)]
        columns.append([self.target, self.target_unit, *map(self._meaning, self.y[:rows])])
        widths = [max(map(len, column)) for column in columns]
        cells = [zip(line, widths, strict=True) for line in zip(*columns, strict=True)]
        lines = ["   ".join(f"{cell:>{width}}" for cell, width in line).rstrip() for line in cells]
        return [line for line in lines if line] + ["..."] * (len(self) > rows)

    def _meaning(self, target):
        return f"{target:.5g}" + (f" {self.classes[target]}" if self.classes else "")


def line(rng=None):
    """Noisy points along a line, as in the blog that the course grows from.

    y = 3 x + 100 + 100 u,   u uniform in [0, 1),   x = 1, 2, ..., 100

    The noise is not centred: its mean is 50, so the intercept to find is about 150.

    Raises
    ------
    TypeError
        Without a numpy generator.

    >>> x, y = line(np.random.default_rng(0))
    >>> x.shape, y.shape
    ((100,), (100,))
    """
    require_generator(rng, "data.line(rng)")
    x = np.arange(1.0, 101.0)
    y = 3 * x + 100 + 100 * rng.random(100)
    return Dataset(
        x=x, y=y, names=("x",), units=("",), target="y", title="Points along a line", **COMPUTED
    )


def parabola(rng=None):
    """Noisy points along a parabola, as in the blog that the course grows from.

    y = 5 x^2 + 10 x + 3 + 100 u,   u uniform in [0, 1),   x = -10, -9.9, ..., 10

    The noise is not centred: its mean is 50, so the constant to find is about 53.

    Raises
    ------
    TypeError
        Without a numpy generator.
    """
    require_generator(rng, "data.parabola(rng)")
    x = np.arange(-100, 101) / 10
    y = 5 * x**2 + 10 * x + 3 + 100 * rng.random(201)
    title = "Points along a parabola"
    return Dataset(x=x, y=y, names=("x",), units=("",), target="y", title=title, **COMPUTED)


def coffee(rng=None):
    """A cup of coffee that cools in a room: 41 readings in two hours.

    y = 21 + 68 exp(-1.6 x) + noise of 0.5 degrees,   x = 0, 0.05, ..., 2

    The same readings each time, unless a numpy generator draws others.

    >>> hours, degrees = coffee()
    >>> hours.shape, degrees.shape
    ((41,), (41,))
    """
    rng = np.random.default_rng(1) if rng is None else rng
    require_generator(rng, "data.coffee(rng)")
    x = np.linspace(0, 2, 41)
    y = 21 + 68 * np.exp(-1.6 * x) + rng.normal(0, 0.5, x.size)
    return Dataset(
        x=x, y=y, names=("time",), units=("hours",), target="temperature", target_unit="degrees C",
        title="A cup of coffee", **COMPUTED,
    )  # fmt: skip


AUTO_MPG_UNITS = {
    "cylinders": "",
    "displacement": "cubic inches",
    "horsepower": "hp",
    "weight": "pounds",
    "acceleration": "s to 60 mph",
    "model_year": "since 1900",
    "origin": "code",
}


def auto_mpg(features="horsepower"):
    """Fuel economy of 392 cars of the model years 1970 to 1982.

    The original has 398 rows. Six cars whose horsepower is unknown were left out before the file
    came to this course.

    Parameters
    ----------
    features : str or sequence of str
        One name gives `x` of shape (392,); several give (392, k); `"all"` gives all seven:
        cylinders, displacement (cubic inches), horsepower (hp), weight (pounds), acceleration
        (seconds to 60 mph, so less is faster), model_year (since 1900), origin (a code: 1 USA,
        2 Europe, 3 Japan).

    Returns
    -------
    Dataset
        `y` is miles per gallon, `samples` the names of the cars.

    Raises
    ------
    ValueError
        For a feature that isn't there.

    References
    ----------
    R. Quinlan (1993), Auto MPG, UCI Machine Learning Repository.

    >>> auto_mpg(["weight", "horsepower"]).x.shape
    (392, 2)
    """
    names = _chosen(features, AUTO_MPG_UNITS, "auto_mpg")
    rows = _read_csv("auto_mpg.csv")
    return Dataset(
        x=_columns(rows, names),
        y=np.array([float(row["mpg"]) for row in rows]),
        names=names,
        units=tuple(AUTO_MPG_UNITS[name] for name in names),
        target="mpg",
        target_unit="miles per gallon",
        samples=tuple(row["name"] for row in rows),
        title="Auto MPG",
        note="Six more cars, whose horsepower is unknown, were left out before it came here.",
        source="R. Quinlan (1993), Auto MPG, UCI Machine Learning Repository, by way of mlxtend",
        licence="CC BY 4.0",
    )


PENGUIN_UNITS = {
    "bill_length": "mm",
    "bill_depth": "mm",
    "flipper_length": "mm",
    "body_mass": "g",
}
SPECIES = ("Adelie", "Chinstrap", "Gentoo")


def penguins(features="all", *, missing="keep"):
    """Measurements of 344 penguins of three species, two of them with nothing measured.

    Parameters
    ----------
    features : str or sequence of str
        One name gives `x` of shape (n,), several (n, k), `"all"` all four: bill_length,
        bill_depth, flipper_length (mm), body_mass (g).
    missing : "keep" or "drop"
        Keep penguins without measurements, as NaN, or leave them out; the printed table says
        how many either way.

    Returns
    -------
    Dataset
        `y` holds labels: 0 Adelie, 1 Chinstrap, 2 Gentoo.

    Raises
    ------
    ValueError
        For a feature that isn't there, or another word for `missing`.

    References
    ----------
    K. B. Gorman, T. D. Williams and W. R. Fraser (2014), PLoS ONE 9(3): e90081.

    >>> penguins(missing="drop").x.shape
    (342, 4)
    """
    if missing not in ("keep", "drop"):
        raise ValueError(
            f"missing={missing!r} is neither 'keep' nor 'drop'. "
            "Write data.penguins(missing='drop') to leave out what wasn't measured."
        )
    names = _chosen(features, PENGUIN_UNITS, "penguins")
    rows = _read_csv("penguins.csv")
    columns = {"body_mass": "body_mass_g"}
    x = _columns(rows, [columns.get(name, f"{name}_mm") for name in names])
    y = np.array([SPECIES.index(row["species"]) for row in rows])
    measured = np.isfinite(x.reshape(len(x), -1)).all(axis=1)
    absent = np.count_nonzero(~measured)
    note = f"{absent} penguins were not measured: their rows are NaN (missing='drop' omits them)."
    if missing == "drop":
        x, y = x[measured], y[measured]
        note = f"{absent} penguins that were not measured have been left out of the 344."
    return Dataset(
        x=x,
        y=y,
        names=names,
        units=tuple(PENGUIN_UNITS[name] for name in names),
        target="species",
        classes=SPECIES,
        title="Palmer penguins",
        note=note,
        source="K. B. Gorman, T. D. Williams and W. R. Fraser (2014), by way of palmerpenguins",
        licence="CC0 1.0",
    )


def mnist_5k(dtype=np.float64):
    """Read five thousand handwritten digits, 500 of each, in order of the digit.

    Returns
    -------
    Dataset
        `x` of shape (5000, 784): the pictures' rows one after another, ink from 0 to 1;
        `x[0].reshape(28, 28)` is a picture again. `y` holds the digits 0 to 9.

    Raises
    ------
    TypeError
        For a dtype that isn't a float.

    References
    ----------
    Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database of handwritten digits (1998).
    """
    if not np.issubdtype(dtype, np.floating):
        raise TypeError(
            f"Ink is a number from 0 to 1, which {np.dtype(dtype)} can't hold. "
            "Write data.mnist_5k(dtype=np.float32) or leave dtype out."
        )
    with np.load(FOLDER / "mnist_5k.npz") as arrays:
        images, labels = arrays["images"], arrays["labels"]
    ink = images.reshape(5000, 784).astype(dtype)
    ink /= 255  # in place: a second table of this size is a tenth of what a lesson may use
    return Dataset(
        x=ink,
        y=labels.astype(int),
        names=tuple(f"pixel {row},{column}" for row in range(28) for column in range(28)),
        units=("ink 0 to 1",) * 784,
        target="digit",
        picture_shape=(28, 28),
        title="MNIST, a part",
        note="Sorted by digit: shuffle before you cut it in two (split does).",
        source="Y. LeCun, C. Cortes and C. J. C. Burges, MNIST; the subset that mlxtend ships",
        licence="CC BY-SA 3.0",
    )


def spirals(n=300, rng=None, *, classes=3, noise=0.2):
    """Arms of a spiral, one for each class: no straight line can tell them apart.

    angle = 4 r + 2 pi label / classes + noise * e,   e standard normal,   r in (0, 1]

    Parameters
    ----------
    n : int
        Samples in all, spread evenly over the classes.
    rng : numpy.random.Generator
    classes : int
    noise : float
        Standard deviation of the angle, in radians.

    Returns
    -------
    Dataset
        `x` of shape (n, 2), `y` labels of shape (n,).

    Raises
    ------
    TypeError, ValueError
        Without a numpy generator; with fewer samples than classes or a negative noise.

    References
    ----------
    A. Karpathy, notes of the course CS231n (2015).
    """
    call = "data.spirals(300, rng)"
    require_generator(rng, call)
    _require_count("n", n, call)
    _require_count("classes", classes, call)
    if n < classes or not noise >= 0:
        raise ValueError(
            f"n={n}, classes={classes}, noise={noise} makes no spirals: at least one sample for "
            f"each class and a noise of 0 or more are needed. Write {call}."
        )
    y = np.arange(n) % classes
    radius = (1 + np.arange(n) // classes) / -(-n // classes)
    angle = 4 * radius + 2 * np.pi * y / classes + noise * rng.standard_normal(n)
    x = radius[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    names, title = ("x1", "x2"), f"{classes} spirals"
    return Dataset(x=x, y=y, names=names, units=("", ""), target="arm", title=title, **COMPUTED)


def sine_boundary(n=300, rng=None):
    """Points labelled by the side of a sine curve on which they fall.

    label = 1 if x2 > sin(x1) else 0,   x1 uniform in [-pi, pi),   x2 uniform in [-2, 2)

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    Dataset
        `x` of shape (n, 2), `y` labels of shape (n,).

    Raises
    ------
    TypeError, ValueError
        Without a numpy generator, or without a whole number of points.
    """
    call = "data.sine_boundary(300, rng)"
    require_generator(rng, call)
    _require_count("n", n, call)
    x = rng.uniform([-np.pi, -2.0], [np.pi, 2.0], size=(n, 2))
    return Dataset(
        x=x,
        y=(x[:, 1] > np.sin(x[:, 0])).astype(int),
        names=("x1", "x2"),
        units=("", ""),
        target="side",
        classes=("below", "above"),
        title="Two sides of a sine",
        **COMPUTED,
    )


def _require_count(name, value, call):
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise ValueError(f"{name}={value!r} is not a whole number above 0. Write {call}.")


def _chosen(features, known, function):
    names = (features,) if isinstance(features, str) else tuple(features)
    if names == ("all",):
        return tuple(known)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        came = f"no feature called {unknown[0]!r}" if unknown else "no feature was chosen"
        raise ValueError(
            f"{function}: {came}. There are {', '.join(known)}. "
            f"Write data.{function}({next(iter(known))!r}) or data.{function}('all')."
        )
    return names


def _read_csv(name):
    with open(FOLDER / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _columns(rows, names):
    """One column as (n,), several as (n, k); `NA` is NaN."""
    values = [[np.nan if row[name] == "NA" else float(row[name]) for name in names] for row in rows]
    return np.array(values)[:, 0] if len(names) == 1 else np.array(values)
