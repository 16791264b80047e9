"""What batches, splits and scales are given: numbers in rows, and a generator."""

import numpy as np

__all__ = [
    "as_batch_size", "as_classes", "as_pair", "as_samples", "require_finite", "require_generator",
    "require_share",
]  # fmt: skip


def require_generator(rng, call):
    """Raise unless `rng` is a numpy Generator, showing the `call` that would have worked."""
    if not isinstance(rng, np.random.Generator):
        came = "none was given" if rng is None else f"{rng!r} came"
        raise TypeError(
            f"A seeded generator is needed, so that your numbers are the same each time; {came}. "
            f"Write rng = np.random.default_rng(0), then {call}."
        )


def as_samples(name, values, call):
    """Data as an array of numbers, a row for each sample."""
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


def as_pair(x, y, call):
    """Both as arrays of the same length."""
    x, y = as_samples("x", x, call), as_samples("y", y, call)
    if len(x) != len(y):
        raise ValueError(
            f"x holds {len(x)} samples and y {len(y)}, of shapes {x.shape} and {y.shape}; each row "
            f"of x needs its y. Give both the same length, then {call}."
        )
    return x, y


def require_finite(name, values):
    """Refuse NaN and infinity, and say where they are."""
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


def as_batch_size(size):
    """A size as a plain int."""
    whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
    if not whole or size < 1:
        raise ValueError(
            f"size={size!r} is not a whole number above 0. "
            "Write Batches(x, y, 32, rng=rng) for batches of 32 samples."
        )
    return int(size)


def require_share(fraction, n, call):
    """Refuse what leaves one part of n samples empty."""
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


def as_classes(y):
    """The labels that a split is to spread evenly."""
    if y.ndim != 1 or (y.dtype.kind == "f" and (y % 1 != 0).any()):
        raise ValueError(
            f"stratify=True needs classes: labels such as 0, 1, 2 in y of shape (n,); y has shape "
            f"{y.shape} and type {y.dtype}. Write split(x, y, 0.2, rng=rng) for a plain split."
        )
    return y
