"""Lesson 06: wrong answers that are tempting, and right ones written another way."""

import math

import autograd.numpy as np
import pytest

from course.exercises import check

WRONG, RIGHT = [], []


def listed(exercise, good, bad):
    """Right and wrong answers to an exercise."""
    for kind, answers in ((RIGHT, good), (WRONG, bad)):
        kind += [pytest.param(exercise, a, id=f"{exercise}-{i}") for i, a in enumerate(answers)]


# ---- 06-kind


def by_counting(c):
    signs = set(np.sign(c))
    if {1.0, -1.0} <= signs:
        return "saddle"
    if 0.0 in signs:
        return "undecided"
    return "minimum" if 1.0 in signs else "maximum"


def by_loop(c):
    up = down = flat = False
    for value in c:
        up, down, flat = up or value > 0, down or value < 0, flat or value == 0
    if up and down:
        return "saddle"
    return "undecided" if flat else "minimum" if up else "maximum"


def words(saddle, minimum, maximum, rest="undecided"):
    """An answer that asks these questions in this order."""
    return lambda c: (
        "saddle" if saddle(c) else "minimum" if minimum(c) else "maximum" if maximum(c) else rest
    )


def mixed(c):
    return np.min(c) < 0 < np.max(c)


listed(
    "06-kind",
    [
        by_counting,
        by_loop,
        words(mixed, lambda c: np.min(c) > 0, lambda c: np.max(c) < 0),
        words(mixed, lambda c: np.all(c > 0), lambda c: np.all(c < 0)),
        words(lambda c: min(c) * max(c) < 0, lambda c: min(c) > 0, lambda c: max(c) < 0),
        words(mixed, lambda c: sum(c > 0) == len(c), lambda c: sum(c < 0) == len(c)),
    ],
    [
        words(mixed, lambda c: np.min(c) >= 0, lambda c: np.max(c) <= 0),
        words(lambda c: False, lambda c: np.all(c > 0), lambda c: np.all(c < 0), "saddle"),
        words(lambda c: np.prod(c) < 0, lambda c: np.all(c > 0), lambda c: np.all(c < 0)),
        words(lambda c: c[0] * c[-1] < 0, lambda c: np.all(c > 0), lambda c: np.all(c < 0)),
        words(mixed, lambda c: np.mean(c) > 0, lambda c: np.mean(c) < 0),
        words(lambda c: mixed(c) and all(c != 0), lambda c: all(c > 0), lambda c: all(c < 0)),
        lambda c: by_counting(c[:3]),
        lambda c: by_counting(c[[0, len(c) // 2, -1]]),
        words(lambda c: np.min(c) < -0.01 and np.max(c) > 0.01, lambda c: np.max(c) > 0,
              lambda c: np.max(c) < 0),
    ],
)  # fmt: skip

# ---- 06-leave


def by_walking(offset, rate, curvature):
    steps = 0
    while 0 < offset < 1:
        offset, steps = offset * (1 - rate * curvature), steps + 1
    return steps if offset else np.inf


def after(formula):
    """An answer that knows of 0, and rounds up a formula for the rest."""
    return lambda d, rate, c: np.inf if d == 0 else int(np.ceil(formula(d, 1 - rate * c)))


listed(
    "06-leave",
    [
        by_walking,
        after(lambda d, r: -np.log(d) / np.log(r)),
        after(lambda d, r: math.log(d) / -math.log(r)),
        after(lambda d, r: math.log(1 / d, r)),
        after(lambda d, r: -np.log10(d) / np.log10(r)),
        after(lambda d, r: np.log2(1 / d) / np.log2(r)),
        lambda d, rate, c: (
            math.ceil(-math.log(d) / math.log1p(-rate * c)) if d > 0 else float("inf")
        ),
    ],
    [
        after(lambda d, r: np.log(1 / d) / (r - 1)),
        after(lambda d, r: np.log(1 / d) // np.log(r)),
        after(lambda d, r: np.log(1 / d) / np.log(r) + 1),
        after(lambda d, r: np.log(1 / d)),
        after(lambda d, r: 1 / (d * (r - 1))),
        lambda d, rate, c: np.inf if d == 0 else int(np.log(1 / d) / np.log(1 - rate * c)) + 1,
        lambda d, rate, c: np.inf if d < 1e-11 else by_walking(d, rate, c),
        lambda d, rate, c: next((k for k in range(600) if d * (1 - rate * c) ** k >= 1), np.inf),
        lambda d, rate, c: 10**9 if d == 0 else by_walking(d, rate, c),
        lambda d, rate, c: by_walking(d, rate, abs(c)) if abs(c) > 9 else 100,
    ],
)

# ---- 06-swap


def by_copies(W, b, V, i, j):
    W, b, V = W.copy(), b.copy(), V.copy()
    W[:, [i, j]], b[[i, j]], V[[i, j]] = W[:, [j, i]], b[[j, i]], V[[j, i]]
    return W, b, V


def by_matrix(W, b, V, i, j):
    P = np.eye(len(b))
    P[[i, j]] = P[[j, i]]
    return W @ P, b @ P, P.T @ V


def by_list(W, b, V, i, j):
    order = [j if u == i else i if u == j else u for u in range(len(b))]
    return W[:, order], b[order], V[order]


def by_take(W, b, V, i, j):
    order = list(range(len(b)))
    order[i], order[j] = order[j], order[i]
    return np.take(W, order, axis=1), np.take(b, order), np.take(V, order, axis=0)


def by_stack(W, b, V, i, j):
    units = [(W[:, u], b[u], V[u]) for u in range(len(b))]
    units[i], units[j] = units[j], units[i]
    w, c, v = zip(*units, strict=True)
    return np.stack(w, axis=1), np.array(c), np.stack(v)


def by_rows(W, b, V, i, j):
    rows = W.T.copy()
    rows[[i, j]] = rows[[j, i]]
    order = np.where(np.arange(len(b)) == i, j, np.arange(len(b)))
    order[j] = i
    return rows.T, b[order], V[order]


def turned_round(W, b, V, i, j):
    """All from i to j in the other order."""
    order, (first, last) = list(range(len(b))), sorted((i, j))
    order[first : last + 1] = order[first : last + 1][::-1]
    return W[:, order], b[order], V[order]


def part(swapped):
    """An answer that moves some of the arrays only."""

    def answer(W, b, V, i, j):
        new = by_list(W, b, V, i, j)
        return tuple(
            n if move else old for n, old, move in zip(new, (W, b, V), swapped, strict=True)
        )

    return answer


listed(
    "06-swap",
    [by_copies, by_matrix, by_list, by_take, by_stack, by_rows],
    [
        *(part(swapped) for swapped in ((1, 1, 0), (1, 0, 1), (0, 1, 1), (0, 0, 0))),
        lambda W, b, V, i, j: by_list(W, b, V, 0, 1),
        lambda W, b, V, i, j: (W[:, ::-1], b[::-1], V[::-1]),
        turned_round,
        lambda W, b, V, i, j: (-W, -b, -V),  # says the same, and nobody has moved
        lambda W, b, V, i, j: list(by_list(W, b, V, i, j))[:2],
    ],
)  # fmt: skip

# ---- 06-spread

listed(
    "06-spread",
    [
        lambda n: (2 / n) ** 0.5,
        lambda n: np.sqrt(2) / np.sqrt(n),
        lambda n: math.sqrt(2 / n),
        lambda n: np.power(2 / n, 0.5),
        lambda n: 1 / np.sqrt(n / 2),
        lambda n: np.sqrt(2.0 * n) / n,
    ],
    [
        lambda n: 2 / n,
        lambda n: np.sqrt(1 / n),
        lambda n: np.sqrt(2 * n),
        lambda n: np.sqrt(2 / (n + n + 1)),
        lambda n: 0.05,
        lambda n: np.sqrt(6 / n),
        lambda n: round(float(np.sqrt(2 / n)), 1),
        lambda n: {3: 0.816496580928, 50: 0.2, 784: 0.050507627228}.get(n, 0.1),
    ],
)

# ---- 06-dead

listed(
    "06-dead",
    [
        lambda h: int(np.sum(np.max(h, axis=0) == 0)),
        lambda h: h.shape[1] - np.count_nonzero(np.any(h > 0, axis=0)),
        lambda h: np.sum(~h.any(axis=0)),
        lambda h: sum(not column.any() for column in h.T),
        lambda h: np.count_nonzero(np.sum(h, axis=0) == 0),
        lambda h: len([u for u in range(h.shape[1]) if (h[:, u] == 0).all()]),
    ],
    [
        lambda h: np.sum(np.mean(h == 0, axis=0) > 0.9),
        lambda h: np.sum(np.max(h, axis=0) < 0.5),
        lambda h: np.sum(np.all(np.round(h) == 0, axis=0)),
        lambda h: np.sum(np.mean(h, axis=0) < 0.1),
        lambda h: np.sum(h[0] == 0),
        lambda h: np.sum(np.all(h == 0, axis=1)),
        lambda h: np.sum(np.median(h, axis=0) == 0),
        lambda h: np.sum(np.all(h[:3] == 0, axis=0)),
        lambda h: np.sum(np.all(h[:-1] == 0, axis=0)),
        lambda h: np.sum(np.all(h[1:] == 0, axis=0)),
        lambda h: np.sum(np.max(h, axis=0) < 1e-3),
    ],
)

# ---- 06-normalise


def centred(a):
    return a - np.mean(a, axis=0)


listed(
    "06-normalise",
    [
        lambda a: centred(a) / np.sqrt(np.mean(centred(a) ** 2, axis=0) + 1e-5),
        lambda a: centred(a) * (np.var(a, axis=0) + 1e-5) ** -0.5,
        lambda a: (a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5),
        lambda a: (a - np.mean(a, 0, keepdims=True)) / np.sqrt(np.var(a, 0, keepdims=True) + 1e-5),
        lambda a: (a.T - np.mean(a.T, axis=1)[:, None]).T / np.sqrt(np.var(a, axis=0) + 0.00001),
        lambda a: np.stack([(c - np.mean(c)) / np.sqrt(np.var(c) + 1e-5) for c in a.T], axis=1),
    ],
    [
        lambda a: centred(a) / np.std(a, axis=0),
        lambda a: centred(a) / (np.std(a, axis=0) + 1e-5),
        lambda a: centred(a) / np.sqrt(np.var(a, axis=0, ddof=1) + 1e-5),
        lambda a: centred(a) / np.sqrt(np.var(a) + 1e-5),
        lambda a: (a - np.mean(a)) / np.sqrt(np.var(a, axis=0) + 1e-5),
        lambda a: centred(a) / np.sqrt(np.var(a, axis=0)) + 1e-5,
        lambda a: centred(a) / np.sqrt(np.mean(a**2, axis=0) + 1e-5),
        lambda a: centred(a) / np.sqrt(np.var(a, axis=0) + 1e-4),
        lambda a: centred(a) / (np.sqrt(np.var(a, axis=0) + 1e-10) + 1e-5),
        lambda a: centred(a) / np.sqrt(np.var(getattr(a, "_value", a), axis=0) + 1e-5),
    ],
)

# ---- 06-curvature


def between(g, p, u, h):
    return (g(p + h * u) - g(p - h * u)) / (2 * h)


def unit(d):
    return d / np.sqrt(np.sum(d * d))


listed(
    "06-curvature",
    [
        lambda g, p, d: unit(d) @ between(g, p, unit(d), 1e-4),
        lambda g, p, d: np.dot(between(g, p, unit(d), 1e-4), unit(d)),
        lambda g, p, d: d @ between(g, p, d, 1e-4) / (d @ d),
        lambda g, p, d: np.sum(unit(d) * between(g, p, unit(d), 1e-3)),
        lambda g, p, d: unit(d) @ (g(p + 1e-4 * unit(d)) - g(p)) / 1e-4,
        lambda g, p, d: (unit(d) @ g(p + 1e-4 * unit(d)) - unit(d) @ g(p - 1e-4 * unit(d))) / 2e-4,
    ],
    [
        lambda g, p, d: d @ between(g, p, d, 1e-4),
        lambda g, p, d: np.linalg.norm(between(g, p, unit(d), 1e-4)),
        lambda g, p, d: d @ between(g, p, unit(d), 1e-4),
        lambda g, p, d: np.mean(between(g, p, unit(d), 1e-4)),
        lambda g, p, d: unit(d) @ g(p),
        lambda g, p, d: abs(unit(d) @ between(g, p, unit(d), 1e-4)),
        lambda g, p, d: unit(d) @ between(g, p, unit(d), 1e-4) / 2,
        lambda g, p, d: unit(d) @ between(g, p, unit(d), 1.0),
        lambda g, p, d: unit(d) @ (g(p + unit(d)) - g(p)),
        lambda g, p, d: unit(d) @ between(g, 0 * p, unit(d), 1e-4),
        lambda g, p, d: unit(d) @ (g(unit(d)) - g(0 * d)),
    ],
)


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_tempting_wrong_answer_is_refused(exercise, answer):
    assert check(exercise, answer, mark=False).state == "wrong"


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_written_another_way_is_accepted(exercise, answer):
    feedback = check(exercise, answer, mark=False)
    assert feedback.right, feedback.message
