"""Lesson 07: wrong answers that are tempting, and right ones written another way."""

import autograd.numpy as np
import numpy
import pytest
from autograd import grad

from course.exercises import check

WRONG, RIGHT = [], []


def wrong(exercise):
    return lambda answer: WRONG.append(pytest.param(exercise, answer, id=answer.__name__)) or answer


def right(exercise):
    return lambda answer: RIGHT.append(pytest.param(exercise, answer, id=answer.__name__)) or answer


def listed(exercise, good, bad):
    """Answers short enough for one line."""
    for kind, answers in ((RIGHT, good), (WRONG, bad)):
        kind += [pytest.param(exercise, a, id=f"{exercise}-{i}") for i, a in enumerate(answers)]


# ---- 07-nudge


def moved(p, i, h):
    p = p.copy()
    p[i] += h
    return p


listed(
    "07-nudge",
    [
        lambda f, p, h: np.array(
            [(f(moved(p, i, h)) - f(moved(p, i, -h))) / (2 * h) for i in range(len(p))]
        ),
        lambda f, p, h: [(f(p + h * e) - f(p - h * e)) / 2 / h for e in np.eye(len(p))],
        lambda f, p, h: np.apply_along_axis(
            lambda e: (f(p + e) - f(p - e)) / (2 * h), 1, h * np.eye(len(p))
        ),
        lambda f, p, h: sum(
            (f(p + h * e) - f(p - h * e)) / (2 * h) * e for e in np.eye(len(p))
        ),
        lambda f, p, h: np.fromiter(
            ((f(p + row) - f(p - row)) / (2 * h) for row in np.diag(np.full(p.size, h))), float
        ),
        lambda f, p, h: np.stack(
            [(f(p - h * e) - f(p + h * e)) / (-2 * h) for e in np.identity(len(p))]
        ),
    ],
    [
        lambda f, p, h: np.array([(f(p + e) - f(p - e)) / 2 for e in np.eye(len(p))]),
        lambda f, p, h: np.array([(f(p + 1e-6 * e) - f(p - 1e-6 * e)) / 2e-6 for e in np.eye(3)]),
        lambda f, p, h: (f(p + h) - f(p - h)) / (2 * h) * np.ones(len(p)) / len(p),
        lambda f, p, h: np.array([(f(p * (1 + h * e)) - f(p * (1 - h * e))) / (2 * h)
                                  for e in np.eye(len(p))]),
        lambda f, p, h: np.array([(f(p + h / 2 * e) - f(p - h / 2 * e)) / h
                                  for e in np.eye(len(p))]),
        lambda f, p, h: np.array([f(p + h * e) - f(p - h * e) for e in np.eye(len(p))]),
    ],
)  # fmt: skip

# ---- 07-product

listed(
    "07-product",
    [
        lambda a, b: (a[0] * b[0], a[0] * b[1] + b[0] * a[1]),
        lambda a, b: [a[0] * b[0], a[1] * b[0] + a[0] * b[1]],
        lambda a, b: np.array([a[0] * b[0], a[1] * b[0] + a[0] * b[1]]),
        lambda a, b: tuple(numpy.convolve(a, b)[:2]),
        lambda a, b: (a[0] * b[0], a[0] * b[0] * (a[1] / a[0] + b[1] / b[0])),
        lambda a, b: (a[0] * b[0], np.dot(a, b[::-1])),
    ],
    [
        lambda a, b: (a[0] * b[0], a[1] * b[0] + a[0] * b[1] + a[1] * b[1]),
        lambda a, b: (a[0] * b[0], (a[0] + a[1]) * (b[0] + b[1])),
        lambda a, b: (a[0] * b[0], a[1] / a[0] + b[1] / b[0]),
        lambda a, b: (a[0] * b[0], 2 * a[0] * a[1]),
        lambda a, b: (a[0] + b[0], a[1] * b[0] + a[0] * b[1]),
        lambda a, b: (a[0] * b[0], np.dot(a, b)),
    ],
)

# ---- 07-order


@right("07-order")
def children_first_then_itself(came_from, end):
    seen = {}

    def walk(name):
        for parent in came_from[name]:
            if parent not in seen:
                walk(parent)
        seen[name] = True

    walk(end)
    return list(seen)  # fmt: skip


@right("07-order")
def with_a_stack(came_from, end):
    found, stack = [], [(end, False)]
    while stack:
        name, ready = stack.pop()
        if ready and name not in found:
            found.append(name)
        elif not ready and name not in found:
            stack += [(name, True)] + [(parent, False) for parent in came_from[name]]
    return found


@right("07-order")
def recursive_lists(came_from, end):
    before = [name for parent in came_from[end] for name in recursive_lists(came_from, parent)]
    return list(dict.fromkeys([*before, end]))


@right("07-order")
def by_the_longest_way(came_from, end):
    depth = {}

    def deep(name):
        if name not in depth:
            depth[name] = 1 + max(map(deep, came_from[name]), default=0)
        return depth[name]

    deep(end)
    return sorted(depth, key=depth.get)  # fmt: skip


@right("07-order")
def with_the_standard_library(came_from, end):
    from graphlib import TopologicalSorter

    needed, waiting = set(), [end]
    while waiting:
        name = waiting.pop()
        needed.add(name)
        waiting += [parent for parent in came_from[name] if parent not in needed]
    return list(TopologicalSorter({name: came_from[name] for name in needed}).static_order())


@right("07-order")
def again_and_again_until_all_are_in(came_from, end):
    needed = {end}
    for _ in came_from:
        needed |= {parent for name in needed for parent in came_from[name]}
    found = []
    while len(found) < len(needed):
        found += [n for n in needed if n not in found and set(came_from[n]) <= set(found)][:1]
    return tuple(found)


listed(
    "07-order",
    [],
    [
        lambda came_from, end: list(came_from)[: list(came_from).index(end) + 1],
        lambda came_from, end: sorted(came_from, key=lambda name: len(came_from[name])),
        lambda came_from, end: [*came_from[end], end],
        lambda came_from, end: list(
            dict.fromkeys([*(p for ps in came_from.values() for p in ps), end])
        ),
        lambda came_from, end: [end],
        lambda came_from, end: [],
    ],
)


@wrong("07-order")
def each_use_once_more(came_from, end):
    return [*(name for p in came_from[end] for name in each_use_once_more(came_from, p)), end]


# ---- 07-divide

listed(
    "07-divide",
    [
        lambda d, a, b: (d / b, -d * a / (b * b)),
        lambda d, a, b: (d * b**-1.0, d * -a * b**-2.0),
        lambda d, a, b: [d / b, -(d / b) * (a / b)],
        lambda d, a, b: (np.divide(d, b), np.negative(d) * a / np.square(b)),
        lambda d, a, b: np.array([d / b, -d * a / b**2]),
        lambda d, a, b: (1 / b * d, -(a / b / b) * d),
    ],
    [
        lambda d, a, b: (d / b, -a / b**2),
        lambda d, a, b: (1 / b, -d * a / b**2),
        lambda d, a, b: (d / b, -d / b),
        lambda d, a, b: (d / b, d * np.log(np.abs(b)) * a),
        lambda d, a, b: (d * b, d * a),
        lambda d, a, b: (d / b, -d * a / b * 2),
        lambda d, a, b: (d / b, -(d**2) * a / b**2),
    ],
)

# ---- 07-sum


@right("07-sum")
def axis_by_axis_from_the_right(d, shape):
    full = (1,) * (d.ndim - len(shape)) + tuple(shape)
    for axis, size in enumerate(full):
        if size == 1:
            d = d.sum(axis=axis, keepdims=True)
    return d.reshape(shape)


@right("07-sum")
def with_ones_on_both_sides(d, shape):
    n, k = (1, 1, *shape)[-2:]
    left = np.eye(len(d)) if n == len(d) else np.ones((1, len(d)))
    right_ = np.eye(d.shape[1]) if k == d.shape[1] else np.ones((d.shape[1], 1))
    return (left @ d @ right_).reshape(shape)


listed(
    "07-sum",
    [
        lambda d, s: d if s == d.shape else d.sum() if s == () else
        d.sum(1)[:, None] if s == (len(d), 1) else d.sum(0).reshape(s),
        lambda d, s: {(): lambda: np.sum(d), (d.shape[1],): lambda: np.sum(d, 0),
                      (1, d.shape[1]): lambda: np.sum(d, 0)[None], d.shape: lambda: d,
                      }.get(s, lambda: np.sum(d, 1, keepdims=True))(),
        lambda d, s: numpy.add.reduce(d, axis=tuple(
            i for i, (have, want) in enumerate(zip(d.shape, (1, 1, *s)[-2:], strict=True))
            if want == 1 and have > 1), keepdims=True).reshape(s),
        lambda d, s: grad(lambda small: np.sum((small + np.zeros(d.shape)) * d))(np.zeros(s)),
    ],
    [
        lambda d, s: d.sum(),
        lambda d, s: d.sum(axis=0) if s != () else d.sum(),
        lambda d, s: d.sum(axis=len(s) - 1, keepdims=True) if s else d.sum(),
        lambda d, s: np.broadcast_to(d.mean(), s),
        lambda d, s: d.ravel()[: int(np.prod(s))].reshape(s),
        lambda d, s: d.sum(axis=0).reshape(s) if s[:1] != (len(d),) else d,
        lambda d, s: np.max(d, axis=0).reshape(s) if len(s) < 2 and s else d,
    ],
)  # fmt: skip

# ---- 07-distance


@right("07-distance")
def root_of_a_harmless_number(a, b):
    square = np.sum((a - b) ** 2)
    same = square == 0
    return np.sqrt(np.where(same, 1.0, square)) * np.where(same, 0.0, 1.0)


@right("07-distance")
def a_python_if(a, b):
    square = np.sum((a - b) ** 2)
    return np.sqrt(square) if square > 0 else 0.0 * square


@right("07-distance")
def the_points_moved_apart_first(a, b):
    away = a - b
    same = np.all(away == 0)
    length = np.sqrt(np.sum(np.where(same, 1.0, away) ** 2))
    return np.where(same, 0.0, length)


listed(
    "07-distance",
    [
        lambda a, b: np.sqrt(np.sum((a - b) ** 2) + 1e-300),
        lambda a, b: np.where(np.sum((a - b) ** 2) > 0,
                              np.sum((a - b) ** 2 + (a == b) * 1e-300) ** 0.5, 0.0),
        lambda a, b: np.linalg.norm(np.where(np.all(a == b), 1.0, a - b)) * (1 - np.all(a == b)),
        lambda a, b: 0.0 if np.all(a == b) else np.sqrt(np.sum((a - b) ** 2)),
    ],
    [
        lambda a, b: np.linalg.norm(a - b),
        lambda a, b: np.sum((a - b) ** 2) ** 0.5,
        lambda a, b: np.sqrt(np.sum((a - b) ** 2) + 1e-12),
        lambda a, b: np.nan_to_num(np.sqrt(np.sum((a - b) ** 2))),
        lambda a, b: np.maximum(np.sqrt(np.sum((a - b) ** 2)), 0.0),
        lambda a, b: np.sum(np.abs(a - b)),
        lambda a, b: np.max(np.abs(a - b)),
        lambda a, b: 0.0 if np.allclose(a, b) else np.sqrt(np.sum((a - b) ** 2)),
        lambda a, b: np.sqrt(np.where(np.sum((a - b) ** 2) > 1e-12, np.sum((a - b) ** 2), 0.0)),
        lambda a, b: np.sqrt(np.sum((a - b) ** 2) + 1e-16) - 1e-8,
    ],
)  # fmt: skip

# ---- 07-newton

listed(
    "07-newton",
    [
        lambda p, g, H: p - np.linalg.inv(H) @ g,
        lambda p, g, H: p + np.linalg.solve(H, -g),
        lambda p, g, H: p + np.linalg.solve(-H, g),
        lambda p, g, H: p - np.linalg.lstsq(H, g, rcond=None)[0],
        lambda p, g, H: np.linalg.solve(H, H @ p - g),
        lambda p, g, H: p - np.linalg.pinv(H) @ g,
    ],
    [
        lambda p, g, H: p - g / np.linalg.eigvalsh(H)[-1],
        lambda p, g, H: p - g / H,
        lambda p, g, H: p - np.linalg.solve(H, p),
        lambda p, g, H: p - H.T @ g,
        lambda p, g, H: p - np.linalg.solve(np.diag(np.diag(H)), g),
        lambda p, g, H: np.linalg.solve(H, g) - p,
        lambda p, g, H: p - 0.5 * np.linalg.solve(H, g),
    ],
)


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_tempting_wrong_answer_is_refused(exercise, answer):
    assert check(exercise, answer, mark=False).state == "wrong"


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_written_another_way_is_accepted(exercise, answer):
    feedback = check(exercise, answer, mark=False)
    assert feedback.right, feedback.message
