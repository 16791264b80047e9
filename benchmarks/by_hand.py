"""The same trainings in numpy by hand: everything in place, in arrays made beforehand.

This is what a ratio of 1 means, so it is written as well as we can.
"""

import numpy as np

from course import Adam, Descent, Momentum

SMALL = 4_000_000  # bytes: up to here the data are shuffled as a whole


def by_hand(workload):
    """Return a function that trains from the start and returns parameters and losses."""
    if workload.sizes:
        return lambda: _network(workload)
    return lambda: (_line if len(workload.start) == 2 else _parabola)(workload)


def _line(workload):
    x, y, (m, b) = workload.x, workload.y, workload.start
    n, rate, losses = len(x), workload.rule.learning_rate, []
    r = np.empty(n)
    multiply, add, subtract, total = np.multiply, np.add, np.subtract, np.add.reduce
    scale = rate * 2 / n
    for _ in range(workload.epochs):
        multiply(x, m, r)
        add(r, b, r)
        subtract(r, y, r)
        losses.append(r.dot(r) / n)
        m = m - scale * r.dot(x)
        b = b - scale * total(r)
    return [m, b], losses


def _parabola(workload):
    x, y, (a, b, c) = workload.x, workload.y, workload.start
    n, rate, losses = len(x), workload.rule.learning_rate, []
    r, s = np.empty(n), np.empty(n)
    multiply, add, subtract, total = np.multiply, np.add, np.subtract, np.add.reduce
    scale, square = rate * 2 / n, x * x
    for _ in range(workload.epochs):
        multiply(square, a, r)
        multiply(x, b, s)
        add(r, s, r)
        add(r, c, r)
        subtract(r, y, r)
        losses.append(r.dot(r) / n)
        a = a - scale * r.dot(square)
        b = b - scale * r.dot(x)
        c = c - scale * total(r)
    return [a, b, c], losses


def _network(workload):
    start = workload.start
    vector = np.concatenate([p.ravel() for p in start])
    gradient = np.empty_like(vector)
    values, gradients = _cut(vector, start), _cut(gradient, start)
    step = {Descent: _descent, Momentum: _momentum, Adam: _adam}[type(workload.rule)]
    step = step(workload.rule, vector, gradient)
    programs = {
        n: _network_gradient(workload.sizes, n, values, gradients)
        for n in {workload.size, len(workload.x) % workload.size} - {0}
    }
    losses = []
    for x, y in _batches(workload):
        losses.append(programs[len(x)](x, y))
        step()
    return values, losses


def _batches(workload):
    x, y, size = workload.x, workload.y, workload.size
    small = x.nbytes + y.nbytes <= SMALL
    rows = np.empty((size, *x.shape[1:]), x.dtype)
    for order in workload.orders():
        if small:
            shuffled_x, shuffled_y = x[order], y[order]
        for i in range(0, len(x), size):
            if small:
                yield shuffled_x[i : i + size], shuffled_y[i : i + size]
            else:
                chosen = order[i : i + size]
                yield np.take(x, chosen, 0, rows[: len(chosen)], "clip"), y[chosen]


def _cut(vector, shapes):
    ends = np.cumsum([p.size for p in shapes])
    return [vector[e - p.size : e].reshape(p.shape) for e, p in zip(ends, shapes, strict=True)]


def _network_gradient(sizes, n, values, gradients):
    """Loss and gradient of relu layers under softmax cross-entropy, for batches of n."""
    dtype = values[0].dtype
    weights, biases = values[::2], values[1::2]
    weight_gradients, bias_gradients = gradients[::2], gradients[1::2]
    outs = [np.empty((n, k), dtype) for k in sizes[1:]]
    backs = [np.empty((n, k), dtype) for k in sizes[1:-1]]
    masks = [np.empty((n, k), bool) for k in sizes[1:-1]]
    column, rows, zero = np.empty((n, 1), dtype), np.arange(n), np.zeros((), dtype)
    logs, last, share = np.empty((n, 1), dtype), len(sizes) - 2, dtype.type(1 / n)
    forward = list(zip(weights, biases, outs, strict=True))[:-1]
    logits, transposed = outs[-1], [w.T for w in weights]
    dot, add, total, maximum = np.dot, np.add, np.add.reduce, np.maximum

    def run(x, y):
        a = x
        for weight, bias, out in forward:
            dot(a, weight, out)
            add(out, bias, out)
            a = maximum(out, zero, out=out)
        dot(a, weights[-1], logits)
        add(logits, biases[-1], logits)
        maximum.reduce(logits, 1, None, column, True)
        np.subtract(logits, column, logits)
        chosen = total(logits[rows, y])
        np.exp(logits, logits)
        total(logits, 1, None, column, True)
        loss = (total(np.log(column, logs), None) - chosen) / n
        np.divide(logits, column, logits)
        logits[rows, y] -= 1
        back = np.multiply(logits, share, logits)
        for i in range(last, 0, -1):
            a = outs[i - 1]
            dot(a.T, back, weight_gradients[i])
            total(back, 0, None, bias_gradients[i])
            new = dot(back, transposed[i], backs[i - 1])
            back = np.multiply(new, np.greater(a, zero, masks[i - 1]), new)
        dot(x.T, back, weight_gradients[0])
        total(back, 0, None, bias_gradients[0])
        return loss

    return run


def _descent(rule, p, g):
    def step():
        np.multiply(g, rule.learning_rate, g)
        np.subtract(p, g, p)

    return step


def _momentum(rule, p, g):
    v = np.zeros_like(p)

    def step():
        np.multiply(v, rule.momentum, v)
        np.multiply(g, rule.learning_rate, g)
        np.add(v, g, v)
        np.subtract(p, v, p)

    return step


def _adam(rule, p, g):
    """Both corrections are folded into the rate and epsilon."""
    m, v, d, t = np.zeros_like(p), np.zeros_like(p), np.empty_like(p), 0
    rate, beta1, beta2, epsilon = rule.learning_rate, rule.beta1, rule.beta2, rule.epsilon

    def step():
        nonlocal t
        t += 1
        root = (1 - beta2**t) ** 0.5
        np.multiply(m, beta1, m)
        np.multiply(g, 1 - beta1, d)
        np.add(m, d, m)
        np.multiply(v, beta2, v)
        np.multiply(g, g, g)
        np.multiply(g, 1 - beta2, g)
        np.add(v, g, v)
        np.sqrt(v, d)
        np.add(d, epsilon * root, d)
        np.divide(m, d, d)
        np.multiply(d, rate * root / (1 - beta1**t), d)
        np.subtract(p, d, p)

    return step
