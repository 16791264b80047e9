"""How data reaches a loop: in shuffled batches, cut in two for an honest test, on one scale.

The data sets of the course are here as well: `data.line(rng)`, `data.auto_mpg()` and the others.
"""

from dataclasses import dataclass

import numpy as np

from course.datasets import (
    Dataset,
    auto_mpg,
    coffee,
    line,
    mnist_5k,
    parabola,
    penguins,
    require_generator,
    sine_boundary,
    spirals,
)
from course.trees import constant

__all__ = [
    "Batches",
    "Dataset",
    "Standardize",
    "auto_mpg",
    "coffee",
    "line",
    "mnist_5k",
    "parabola",
    "penguins",
    "sine_boundary",
    "spirals",
    "split",
]


class Batches:
    """Samples in batches, reshuffled at each pass; what stochastic gradient descent is given.

    A batch is a pair `(x[rows], y[rows])` of `size` samples, copied from the data; the last one
    may be shorter. The same object can be gone through again and again, also inside itself.

    Parameters
    ----------
    x : ndarray of shape (n, ...)
        Lists and columns of tables are made arrays here, once.
    y : ndarray of shape (n, ...)
    size : int
        Samples in a batch. 1 is stochastic gradient descent, n is gradient descent.
    rng : numpy.random.Generator, optional
        Shuffles; each pass draws one permutation from it. A fresh one if none is given, and then
        no two runs are the same.
    shuffle : bool
        False keeps the samples in their order.

    Raises
    ------
    ValueError
        If x and y differ in length, are empty, hold a NaN or an infinity, or if size is not a
        whole number above 0.
    TypeError
        If the data aren't numbers, or are masked, or rng is not a generator.

    >>> rng = np.random.default_rng(0)
    >>> for x, y in Batches(np.arange(5.0), np.arange(5.0) ** 2, 2, rng=rng):
    ...     print(x, y)
    [2. 4.] [ 4. 16.]
    [3. 0.] [9. 0.]
    [1.] [1.]
    """

    def __init__(self, x, y, size, *, rng=None, shuffle=True):
        self.x, self.y = _pair(x, y, "Batches(x, y, 32, rng=rng)")
        for name, values in (("x", self.x), ("y", self.y)):
            _require_finite(name, values)
        self.size, self.shuffle = _batch_size(size), shuffle
        self.rng = np.random.default_rng() if rng is None else rng
        require_generator(self.rng, "Batches(x, y, 32, rng=rng)")

    def order(self):
        """Draw the order of a pass: a permutation of the rows, or all of them as they are."""
        n = len(self.x)
        return self.rng.permutation(n) if self.shuffle else np.arange(n)

    def __iter__(self):
        order = self.order()  # drawn with the first batch: asking for an iterator draws nothing
        for start in range(0, len(order), self.size):
            rows = order[start : start + self.size]
            yield self.x.take(rows, 0), self.y.take(rows, 0)  # copies, yours to write into

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __repr__(self):
        order = "reshuffled at each pass" if self.shuffle else "in their order"
        return f"Batches of {self.size} from {len(self.x):,} samples, {order}: {len(self):,} a pass"


def split(x, y, fraction, rng=None, *, stratify=False):
    """Hold out a part of the data, drawn at random, to test on what training never saw.

    Parameters
    ----------
    x, y : ndarray of shape (n, ...)
    fraction : float between 0 and 1
        The share that is *held out*: 0.2 trains on four fifths and tests on one.
    rng : numpy.random.Generator, optional
        Draws the samples; a fresh one if none is given, and then each run tests on others.
    stratify : bool
        Keep the share of each class, to within one sample: `y` holds labels of shape (n,).

    Returns
    -------
    (x_train, y_train), (x_test, y_test)

    Raises
    ------
    ValueError
        If x and y differ in length, if either part would be empty, or if there are no classes
        to stratify by.
    TypeError
        If rng is not a generator.

    >>> rng = np.random.default_rng(0)
    >>> train_part, (x_test, y_test) = split(np.arange(10.0), np.arange(10) % 2, 0.2, rng)
    >>> x_test, y_test
    (array([4., 6.]), array([0, 0]))
    """
    call = "split(x, y, 0.2, rng=rng)"
    x, y = _pair(x, y, call)
    rng = np.random.default_rng() if rng is None else rng
    require_generator(rng, call)
    _require_share(fraction, len(x), call)
    order = rng.permutation(len(x))
    classes = _labels(y)[order] if stratify else np.zeros(len(x))
    held = _spread(classes, fraction)
    train, test = order[~held], order[held]
    return (x[train], y[train]), (x[test], y[test])


def _spread(classes, fraction):
    """Mark the first samples of each class, as many as its share says; round to the total."""
    names, members = np.unique(classes, return_inverse=True)
    shares = fraction * np.bincount(members)
    counts = np.floor(shares).astype(int)
    short = round(fraction * len(classes)) - counts.sum()
    counts[np.argsort(counts - shares, kind="stable")[:short]] += 1
    held = np.zeros(len(classes), dtype=bool)
    for label in range(len(names)):
        held[np.flatnonzero(members == label)[: counts[label]]] = True
    return held


@dataclass(eq=False, repr=False)
class Standardize:
    """Bring each feature to mean 0 and standard deviation 1; made by `Standardize.fit(x)`.

    z = (x - mean) / scale

    It holds no parameters, so it can stand first in a `Chain` and isn't trained. A feature that
    never changes (the corner pixels of a picture), or by no more than rounding, has no spread to
    divide by: its scale is 1.

    Attributes
    ----------
    mean, scale : ndarray of shape (features,), or () if x is (n,)
        In the float type of the data fitted.

    >>> standardize = Standardize.fit(np.array([1.0, 2.0, 3.0]))
    >>> standardize(np.array([1.0, 2.0, 3.0])).round(3)
    array([-1.225,  0.   ,  1.225])
    >>> float(standardize.inverse(0.0))
    2.0
    """

    mean: np.ndarray = constant()
    scale: np.ndarray = constant()

    @classmethod
    def fit(cls, x):
        """Measure the mean and the standard deviation (divided by n) of each column.

        Parameters
        ----------
        x : ndarray of shape (n,) or (n, features)
            The *training* part only: what is tested on must not be looked at.

        Raises
        ------
        ValueError
            If x is empty or holds a NaN or an infinity.
        TypeError
            If x doesn't hold numbers.
        """
        x = _samples("x", x, "Standardize.fit(x)")
        _require_finite("x", x)
        x = x if np.issubdtype(x.dtype, np.floating) else x.astype(float)
        # Divided by a power of two, which rounds nothing, squares can't overflow or vanish.
        size = np.frexp(np.abs(x).max(axis=0))[1]
        u = np.ldexp(x.astype(float), -size)
        mean, scale = (np.ldexp(v, size).astype(x.dtype) for v in (u.mean(axis=0), u.std(axis=0)))
        rounding = 16 * np.finfo(x.dtype).eps * np.abs(u).max(axis=0)
        still = (np.ptp(u, axis=0) <= rounding) | (scale == 0)
        return cls(np.where(still, x[0], mean), np.where(still, x.dtype.type(1), scale))

    def __call__(self, x):
        """Bring values to the scale of the data fitted: z = (x - mean) / scale."""
        self._require_features(x)
        return (x - self.mean) / self.scale

    def inverse(self, z):
        """Bring standardized values back to their units: x = z scale + mean."""
        self._require_features(z)
        return z * self.scale + self.mean

    def _require_features(self, x):
        features, came = np.shape(self.mean), np.shape(x)
        fits = came[len(came) - len(features) :] == features if features else len(came) < 2
        if not fits:
            expected = f"(n, {', '.join(map(str, features))})" if features else "(n,)"
            raise ValueError(
                f"Standardize was fitted to x of shape {expected}; x of shape {came} came. "
                "Write Standardize.fit(x) with features like those that you call it on."
            )

    def __repr__(self):
        mean, scale = (
            np.array2string(v, precision=4, threshold=8) for v in (self.mean, self.scale)
        )
        return f"Standardize(mean={mean}, scale={scale})"


def _samples(name, values, call):
    masked = np.ma.isMaskedArray(values)
    try:
        values = np.asarray(values)
    except ValueError:  # lists of different lengths
        values = np.asarray(values, dtype=object)
    if masked or values.dtype.kind not in "fiub":
        kind = "a masked array" if masked else f"values of type {values.dtype}"
        raise TypeError(
            f"{name} holds {kind}, and numbers are expected. Leave out the rows where one is "
            f"missing, then write {name} = np.asarray({name}, dtype=float), or labels as integers: "
            f"{call}."
        )
    if values.ndim == 0 or len(values) == 0:
        raise ValueError(
            f"{name} has shape {values.shape} and so holds no samples; (n,) or (n, features) is "
            f"expected, as in {call}."
        )
    return values


def _pair(x, y, call):
    x, y = _samples("x", x, call), _samples("y", y, call)
    if len(x) != len(y):
        raise ValueError(
            f"x holds {len(x)} samples and y {len(y)}, of shapes {x.shape} and {y.shape}; each row "
            f"of x needs its y. Give both the same length, then {call}."
        )
    return x, y


def _require_finite(name, values):
    bad = ~np.isfinite(values)
    if not bad.any():
        return
    places = zip(("rows", "columns"), np.nonzero(bad)[: min(values.ndim, 2)], strict=False)
    where = " and ".join(f"{axis} {_listed(np.unique(index))}" for axis, index in places)
    axes = {1: "", 2: ".all(axis=1)"}.get(values.ndim, f".all(axis={(*range(1, values.ndim),)})")
    raise ValueError(
        f"{name} holds {np.count_nonzero(bad):,} values that are NaN or infinite, in {where}. "
        f"Leave their rows out: keep = np.isfinite({name}){axes}, then x[keep] and y[keep]."
    )


def _listed(numbers, most=5):
    return ", ".join(map(str, numbers[:most])) + ", ..." * (len(numbers) > most)


def _batch_size(size):
    whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    if not whole or size < 1:
        raise ValueError(
            f"size={size!r} is not a whole number above 0. "
            "Write Batches(x, y, 32, rng=rng) for batches of 32 samples."
        )
    return int(size)


def _require_share(fraction, n, call):
    share = isinstance(fraction, (float, np.floating)) and 0 < fraction < 1
    if not share:
        raise ValueError(
            f"fraction={fraction!r} is not a share between 0 and 1 of the data to hold out. "
            f"Write {call} to test on a fifth."
        )
    if not 0 < round(fraction * n) < n:
        raise ValueError(
            f"fraction={fraction} of {n} samples leaves one part empty. "
            f"Give more samples or a share nearer to a half, as in {call}."
        )


def _labels(y):
    if y.ndim != 1 or (y.dtype.kind == "f" and (y % 1 != 0).any()):
        raise ValueError(
            f"stratify=True needs classes: labels such as 0, 1, 2 in y of shape (n,); y has shape "
            f"{y.shape} and type {y.dtype}. Write split(x, y, 0.2, rng=rng) for a plain split."
        )
    return y
