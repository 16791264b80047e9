"""Lesson 08: wrong answers that are tempting, and right ones written another way."""

from collections import deque
from itertools import count, pairwise

import numpy as np
import pytest

from course.exercises import check

RIGHT, WRONG = [], []


def listed(exercise, good, bad):
    for kind, answers in ((RIGHT, good), (WRONG, bad)):
        kind += [pytest.param(exercise, a, id=f"{exercise}-{i}") for i, a in enumerate(answers)]


def with_a_set_of_ids(arrays):
    seen, found = set(), []
    for array in arrays:
        if id(array) not in seen:
            seen.add(id(array))
            found += [array]
    return found


listed(
    "08-params",
    [
        lambda arrays: list({id(a): a for a in arrays}.values()),
        with_a_set_of_ids,
        lambda arrays: tuple({id(a): a for a in iter(arrays)}.values()),
        lambda arrays: [a for i, a in enumerate(arrays) if all(a is not b for b in arrays[:i])],
        lambda arrays: [arrays[i] for i in sorted(
            {id(a): i for i, a in reversed(list(enumerate(arrays)))}.values())],
        lambda arrays: [a for i, a in enumerate(arrays) if id(a) not in set(map(id, arrays[:i]))],
    ],
    [
        lambda arrays: [a for i, a in enumerate(arrays) if a not in arrays[:i]],
        lambda arrays: [a for i, a in enumerate(arrays) if id(a) not in map(id, arrays[i + 1 :])],
        lambda arrays: list(set(arrays)),
        lambda arrays: list({str(a): a for a in arrays}.values()),
        lambda arrays: [np.array(a) for a in {id(a): a for a in arrays}.values()],
        lambda arrays: [a for a, b in zip(arrays, [*arrays[1:], None], strict=True) if a is not b],
        lambda arrays: list({(a.shape, a.sum()): a for a in arrays}.values()),
    ],
)  # fmt: skip


def by_out(x, g, v, rate, keep):
    np.add(keep * v, rate * g, out=v)
    return np.subtract(x, v, out=x)


def by_slice(x, g, v, rate, keep):
    v[:] = keep * v + rate * g
    x[:] = x - v
    return x


def by_dots(x, g, v, rate, keep):
    v[...] *= keep
    v[...] += g * rate
    x[...] -= v
    return x


def by_copyto(x, g, v, rate, keep):
    np.copyto(v, keep * v + rate * g)
    np.copyto(x, x - v)
    return x


def by_a_copy(x, g, v, rate, keep):
    step = g.copy()
    step *= rate
    v *= keep
    v += step
    x -= v
    return x


def by_difference(x, g, v, rate, keep):
    v += rate * g - (1 - keep) * v
    x += -v
    return x


def written_over_and_put_back_badly(x, g, v, rate, keep):
    g *= rate
    v[:] = keep * v + g
    x -= v
    g += g
    return x


def rebound(x, g, v, rate, keep):
    v[:] = keep * v + rate * g
    x = x - v
    return x


def only_a_view(x, g, v, rate, keep):
    by_slice(x, g, v, rate, keep)
    return x[:]


def velocity_lost(x, g, v, rate, keep):
    x -= keep * v + rate * g
    return x


def swapped(x, g, v, rate, keep):
    v[:] = keep * v + rate * x
    x -= v
    return x


def averaged(x, g, v, rate, keep):
    v[:] = keep * v + (1 - keep) * g
    x -= rate * v
    return x


def rows_alone(x, g, v, rate, keep):
    v[:] = keep * v + rate * g
    x[0] -= v[0]
    return x


listed(
    "08-apply",
    [by_out, by_slice, by_dots, by_copyto, by_a_copy, by_difference],
    [
        written_over_and_put_back_badly,
        rebound,
        only_a_view,
        velocity_lost,
        swapped,
        averaged,
        rows_alone,
    ],
)


def stepped(x, g, v, rate, keep):
    return (x, v) if g is None else (x - keep * v - rate * g, keep * v + rate * g)


def in_pairs(xs, gs, vs, rate, keep):
    pairs = [stepped(*three, rate, keep) for three in zip(xs, gs, vs, strict=True)]
    return [x for x, _ in pairs], [v for _, v in pairs]


def by_index(xs, gs, vs, rate, keep):
    xs, vs = list(xs), list(vs)
    for i in range(len(xs)):
        if gs[i] is None:
            continue
        vs[i] = keep * vs[i] + rate * gs[i]
        xs[i] = xs[i] - vs[i]
    return xs, vs


def unzipped(xs, gs, vs, rate, keep):
    return tuple(map(list, zip(*(stepped(*t, rate, keep) for t in zip(xs, gs, vs, strict=True)))))  # noqa: B905


def velocities_first(xs, gs, vs, rate, keep):
    new = [v if g is None else keep * v + rate * g for g, v in zip(gs, vs, strict=True)]
    return [x if g is None else x - v for x, g, v in zip(xs, gs, new, strict=True)], new


def with_isinstance(xs, gs, vs, rate, keep):
    out = [], []
    for x, g, v in zip(xs, gs, vs, strict=True):
        if isinstance(g, np.ndarray):
            v = rate * g + v * keep
            x = x - v
        out[0].append(x)
        out[1].append(v)
    return out


def by_none_first(xs, gs, vs, rate, keep):
    new_xs, new_vs = [], []
    for x, g, v in zip(xs, gs, vs, strict=True):
        moved = v if g is None else keep * v + rate * g
        new_xs += [x if g is None else x - moved]
        new_vs += [moved]
    return new_xs, new_vs


def zeros_for_none(xs, gs, vs, rate, keep):
    gs = [np.zeros_like(x) if g is None else g for x, g in zip(xs, gs, strict=True)]
    return in_pairs(xs, gs, vs, rate, keep)


def skips_zeros_too(xs, gs, vs, rate, keep):
    gs = [None if g is None or not g.any() else g for g in gs]
    return in_pairs(xs, gs, vs, rate, keep)


def in_place(xs, gs, vs, rate, keep):
    for x, g, v in zip(xs, gs, vs, strict=True):
        if g is not None:
            v *= keep
            v += rate * g
            x -= v
    return xs, vs


def form_a(xs, gs, vs, rate, keep):
    pairs = [
        (x, v) if g is None else (x - rate * (keep * v + g), keep * v + g)
        for x, g, v in zip(xs, gs, vs, strict=True)
    ]
    return [x for x, _ in pairs], [v for _, v in pairs]  # fmt: skip


def as_one_table(xs, gs, vs, rate, keep):
    there = np.array([g is not None for g in gs])[:, None]
    g = np.array([np.zeros(2) if g is None else g for g in gs])
    new_vs = np.where(there, keep * np.array(vs) + rate * g, vs)
    return list(np.where(there, np.array(xs) - new_vs, xs)), list(new_vs)


def old_velocity(xs, gs, vs, rate, keep):
    new_xs = [x if g is None else x - v for x, g, v in zip(xs, gs, vs, strict=True)]
    return new_xs, in_pairs(xs, gs, vs, rate, keep)[1]


def dropped(xs, gs, vs, rate, keep):
    kept = [i for i, g in enumerate(gs) if g is not None]
    return in_pairs(*([part[i] for i in kept] for part in (xs, gs, vs)), rate, keep)


listed(
    "08-skip",
    [in_pairs, by_index, unzipped, velocities_first, with_isinstance, by_none_first],
    [zeros_for_none, skips_zeros_too, in_place, form_a, as_one_table, old_velocity, dropped],
)


class Patience:
    def __init__(self, steps):
        self.steps, self.losses = steps, []

    def __call__(self, step):
        self.losses.append(step.loss)
        return len(self.losses) - 1 - self.losses.index(min(self.losses)) >= self.steps


def with_a_dict(steps):
    now = {"lowest": float("inf"), "since": 0}

    def callback(step):
        better = step.loss < now["lowest"]
        now.update(lowest=min(step.loss, now["lowest"]), since=0 if better else now["since"] + 1)
        return now["since"] >= steps

    return callback


def with_a_countdown(steps):
    lowest, left = np.inf, steps

    def callback(step):
        nonlocal lowest, left
        left = steps if step.loss < lowest else left - 1
        lowest = min(lowest, step.loss)
        return left <= 0

    return callback


def with_a_window(steps):
    lowest, recent = [np.inf], deque(maxlen=steps)

    def callback(step):
        recent.append(step.loss < lowest[0])
        lowest[0] = min(lowest[0], step.loss)
        return len(recent) == steps and not any(recent)

    return callback


def with_a_default(steps):
    def callback(step, seen=[]):  # noqa: B006
        seen.append(step.loss)
        return len(seen) > steps and min(seen[-steps:]) >= min(seen[:-steps])

    return callback


def with_the_index(steps):
    best = [np.inf, 0]

    def callback(step):
        if step.loss < best[0]:
            best[:] = step.loss, step.index
        return step.index - best[1] >= steps

    return callback


SHARED = {"lowest": np.inf, "since": 0}


def shared_by_all(steps):
    def callback(step):
        SHARED["since"] = 0 if step.loss < SHARED["lowest"] else SHARED["since"] + 1
        SHARED["lowest"] = min(SHARED["lowest"], step.loss)
        return SHARED["since"] >= steps

    return callback


def counts_calls(steps):
    calls = count(1)
    return lambda step: next(calls) > steps


def at_once(steps):
    first = []

    def callback(step):
        first.append(step.loss)
        return step.loss > first[0]

    return callback


def rises(steps):
    losses = []

    def callback(step):
        losses.append(step.loss)
        return len(losses) > steps and all(np.diff(losses[-steps - 1 :]) > 0)

    return callback


def forgets_to_call_back(steps):
    return lambda step: None


def against_the_loss_so_many_steps_ago(steps):
    losses = []

    def callback(step):
        losses.append(step.loss)
        return len(losses) > steps and losses[-1] >= losses[-1 - steps]

    return callback


def equal_is_new(steps):
    losses = []

    def callback(step):
        losses.append(step.loss)
        return np.argmin(losses[::-1]) >= steps

    return callback


listed(
    "08-patience",
    [Patience, with_a_dict, with_a_countdown, with_a_window, with_a_default, with_the_index],
    [
        shared_by_all,
        counts_calls,
        at_once,
        rises,
        forgets_to_call_back,
        against_the_loss_so_many_steps_ago,
        equal_is_new,
    ],
)


def by_pairs(sizes):
    for i, (before, layer) in enumerate(pairwise(sizes)):
        if before[1] != layer[0]:
            return i + 1


def while_it_fits(sizes):
    i = 1
    while i < len(sizes) and sizes[i][0] == sizes[i - 1][1]:
        i += 1
    return i if i < len(sizes) else None


def remembering_the_width(sizes):
    width = sizes[0][0] if sizes else None
    for i, (n_in, n_out) in enumerate(sizes):
        if n_in != width:
            return i
        width = n_out
    return None


listed(
    "08-misfit",
    [
        by_pairs,
        while_it_fits,
        remembering_the_width,
        lambda s: next((i for i in range(1, len(s)) if s[i][0] != s[i - 1][1]), None),
        lambda s: min((i for i in range(1, len(s)) if s[i][0] != s[i - 1][1]), default=None),
        lambda s: ([i for i in range(1, len(s)) if s[i - 1][1] - s[i][0]] or [None])[0],
    ],
    [
        lambda s: next((i for i in range(1, len(s)) if s[i][0] != s[i - 1][1]), 0),
        lambda s: next((i for i in range(1, len(s)) if s[i][0] != s[i - 1][1]), -1),
        lambda s: next((i for i in range(1, len(s)) if s[i][0] < s[i - 1][1]), None),
        lambda s: next((i for i in range(1, len(s)) if s[i][0] != s[0][1]), None),
        lambda s: 2 if len(s) > 2 else None,
        lambda s: sum(s[i][0] != s[i - 1][1] for i in range(1, len(s))) or None,
    ],
)


def loop(clear_first=None, clear_last=None, before=None, step=lambda p, g, r: p - r * g):
    """Loops that differ in where the gradient is cleared, and with what."""

    def answer(parameter, backward, rate, steps):
        for clear in filter(None, [before]):
            clear(parameter)
        for _ in range(steps):
            for clear in filter(None, [clear_first]):
                clear(parameter)
            backward()
            parameter.data = step(parameter.data, parameter.grad, rate)
            for clear in filter(None, [clear_last]):
                clear(parameter)
        return parameter.data

    return answer


def to_none(parameter):
    parameter.grad = None


def to_zeros(parameter):
    parameter.grad = np.zeros_like(parameter.data)


def to_zero(parameter):
    parameter.grad = 0.0


def halved(parameter):
    parameter.grad = None if parameter.grad is None else parameter.grad / 2


def without_clearing_by_difference(parameter, backward, rate, steps):
    for _ in range(steps):
        old = 0.0 if parameter.grad is None else parameter.grad
        backward()
        parameter.data = parameter.data - rate * (parameter.grad - old)
    return parameter.data


def in_place_step(parameter, backward, rate, steps):
    for _ in range(steps):
        parameter.grad = None
        backward()
        parameter.data -= rate * parameter.grad
    return parameter.data


listed(
    "08-zero",
    [
        loop(to_none),
        loop(to_zeros),
        loop(to_zero),
        loop(clear_last=to_none, before=to_none),
        without_clearing_by_difference,
        in_place_step,
    ],
    [
        loop(),
        loop(before=to_none),
        loop(clear_last=to_none),
        loop(halved),
        loop(to_none, step=lambda p, g, r: p - g),
        loop(to_none, step=lambda p, g, r: r * g),
    ],
)

listed(
    "08-convert",
    [
        lambda form, r, k: (r * (1 - k) if form == "C" else r, k),
        lambda form, r, k: [r * {"A": 1, "B": 1, "C": 1 - k}[form], k],
        lambda form, r, k: np.array([r - r * k * (form == "C"), k]),
        lambda form, r, k: (r, k) if form in "AB" else (r - k * r, k),
        lambda form, r, k: (r * (1 - k) ** (form == "C"), k),
        lambda form, r, k: (r * [1, 1, 1 - k]["ABC".index(form)], k),
    ],
    [
        lambda form, r, k: (r * (1 - k) if form == "A" else r, k),
        lambda form, r, k: (r / (1 - k) if form == "C" else r, k),
        lambda form, r, k: (r * (1 - k) if form == "C" else r, k * (1 - k)),
        lambda form, r, k: (r * 0.1 if form == "C" else r, k),
        lambda form, r, k: (r * (1 + k) if form == "C" else r, k),
        lambda form, r, k: (r * (1 - k) if form == "C" else r / (1 - k), k),
    ],
)


@pytest.mark.parametrize(("exercise", "answer"), WRONG)
def test_a_tempting_wrong_answer_is_refused(exercise, answer):
    assert check(exercise, answer, mark=False).state == "wrong"


@pytest.mark.parametrize(("exercise", "answer"), RIGHT)
def test_a_right_answer_written_another_way_is_accepted(exercise, answer):
    feedback = check(exercise, answer, mark=False)
    assert feedback.right, feedback.message
