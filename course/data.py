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
    sine_boundary,
    spirals,
)
from course.errors.data import (
    as_batch_size,
    as_classes,
    as_pair,
    as_samples,
    require_finite,
    require_generator,
    require_share,
)
from course.trees import constant

__all__ = [
    "Batches", "Dataset", "Standardize", "auto_mpg", "coffee", "line", "mnist_5k", "parabola",
    "penguins", "sine_boundary", "spirals", "split",
]  # fmt: skip


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
        self.x, self.y = as_pair(x, y, "Batches(x, y, 32, rng=rng)")
        for name, values in (("x", self.x), ("y", self.y)):
            require_finite(name, values)
        self.size, self.shuffle = as_batch_size(size), shuffle
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
    x, y = as_pair(x, y, call)
    rng = np.random.default_rng() if rng is None else rng
    require_generator(rng, call)
    require_share(fraction, len(x), call)
    order = rng.permutation(len(x))
    classes = as_classes(y)[order] if stratify else np.zeros(len(x))
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
        x = as_samples("x", x, "Standardize.fit(x)")
        require_finite("x", x)
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
