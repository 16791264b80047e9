"""Lesson 02: stochastic gradient descent."""

import numpy as np

from course import Standardize, data

WRONG = {
    "02-few": [
        ("x[rows], y[rows]", "x[np.unique(rows)], y[np.unique(rows)]"),
        (
            "x[rows], y[rows]",
            "x[np.isin(np.arange(len(x)), rows)], y[np.isin(np.arange(len(y)), rows)]",
        ),
        ("x[rows], y[rows]", "x[rows], y[np.sort(rows)]"),
        ("x[rows], y[rows]", "x[rows - 1], y[rows - 1]"),
        ("np.mean(2 * residual * few_x)", "np.sum(2 * residual * few_x) / 2"),
        ("2 * residual * few_x", "2 * residual * np.mean(few_x)"),
        ("line(few_x) - few_y", "line(x) - y"),
        (
            "Line(np.mean(2 * residual * few_x), np.mean(2 * residual))",
            "gradient(loss, line, x, y)",
        ),
    ],
    "02-noise": [
        "np.std(gradients) / 2",
        "np.std(gradients) / np.sqrt(size - 1)",
        "np.std(gradients) / np.sqrt(size) * np.sqrt(1 - size / len(gradients))",
        "np.std(gradients[-size:]) / np.sqrt(size)",
        "np.mean(np.abs(gradients - np.mean(gradients))) / np.sqrt(size)",
        "np.std(np.random.default_rng(1).choice(gradients, (4000, size)).mean(axis=1))",
        "np.std(gradients) / size**0.4",
        "np.linalg.norm(gradients) / np.sqrt(size)",
    ],
    "02-batches": [
        "[(x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(order) - size + 1, size)]",
        "[(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]",
        "[(x[r], y[r]) for r in np.array_split(order, max(1, len(order) // size))]",
        "rng = np.random.default_rng(0)\norder = rng.permutation(len(x))\nreturn [(x[order[i : i + size]], y[order[i : i + size]]) for i in range(0, len(order), size)]",
        "[(x[order[i : i + size]], y[order][: size]) for i in range(0, len(order), size)]",
        "[np.stack([x[order[i : i + size]], y[order[i : i + size]]]) for i in range(0, len(order), size)] [:1]",
        "[(x[order[i]], y[order[i]]) for i in range(len(order))]",
        "[(x[order], y[order])]",
        "[(np.sort(x[order[i : i + size]]), y[order[i : i + size]]) for i in range(0, len(order), size)]",
    ],
    "02-epoch": [
        ("rate * g", "0.05 * g"),
        ("gradient(loss, line, batch_x, batch_y)", "gradient(loss, line, x, y)"),
        ("in batches", "in batches[:-1]"),
        ("in batches", "in batches[::-1]"),
        ("    return line", "        return line"),
        ("line.b - rate * g.b", "line.b"),
        ("in batches", "in sorted(batches, key=lambda b: -len(b[0]))"),
        ("batch_x, batch_y)", "batch_y, batch_x)"),
    ],
    "02-count": [
        "((max(1, n // size) + (n % size > 0)) * epochs, epochs * n)",
        "(epochs * round(n / size), epochs * n)",
        "(epochs * (n // size + (n % size > 0)), epochs * size * (n // size + 1))",
        "(epochs * (n + size) // size, epochs * n)",
        "(epochs * max(1, n // size), epochs * n)",
        "epochs * -(-n // size) + epochs * n",
        "(-(-n // size), epochs * n)",
    ],
    "02-schedule": [
        "first / (1 + step / 50)",
        "first / (2 + step / half)",
        "first * half / (step + 1)",
        "first / 2 ** (step // half)",
        "first / (1 + round(step / half))",
        "max(first / (1 + step / half), 0.01)",
        "0.1 / (1 + step / half)",
    ],
    "02-rate": ["0.1", "0.01", "0.025", "0.404", "20.0", "1.78e-2 * 1.3", "None or [1, 2]"],
    "02-leak": [
        ("x_train.std(axis=0)", "x_test.std(axis=0)"),
        ("x_train.mean(axis=0)", "x_test.mean(axis=0)"),
        ("x_train.std(axis=0)", "x_train.std()"),
        ("x_train.std(axis=0)", "x_train.std(axis=0, ddof=1)"),
        ("x_train.std(axis=0)", "np.ptp(x_train, axis=0)"),
        ("return z_train, z_test", "return z_test, z_train"),
        ("return z_train, z_test", "return np.vstack([z_train, z_test])"),
        "x_train -= x_train.mean(axis=0)\nscale = x_train.std(axis=0)\nreturn x_train / scale, x_test / scale",
        ("(x_test - mean) / scale", "(x_test - mean)"),
    ],
}


def largest_rate(seed):
    """The answer of a loop as the exercise suggests it, with an order of the samples of its own."""
    x, y = data.line(np.random.default_rng(0))
    z = Standardize.fit(x)(x)
    lowest = np.mean((np.polyval(np.polyfit(z, y, 1), z) - y) ** 2)
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(100) for _ in range(20)])
    rates = np.geomspace(0.01, 0.03, 31)
    m, b, costs = np.zeros(31), np.zeros(31), []
    for i in order:
        residual = m * z[i] + b - y[i]
        m, b = m - 2 * rates * residual * z[i], b - 2 * rates * residual
        costs.append(np.mean((np.outer(m, z) + b[:, None] - y) ** 2, axis=1) - lowest)
    return max(rates[np.mean(costs[-500:], axis=0) <= 20])


RIGHT = {
    "02-few": [
        "gradient(loss, line, x[rows], y[rows])",
        "r = (line(x) - y)[rows]\nreturn Line(2 * r @ x[rows] / len(rows), 2 * r.sum() / len(rows))",
        "parts = [gradient(loss, line, x[i : i + 1], y[i : i + 1]) for i in rows]\nreturn Line(np.mean([g.m for g in parts]), np.mean([g.b for g in parts]))",
        ("x[rows], y[rows]", "np.take(x, rows), np.take(y, rows)"),
        ("x[rows], y[rows]", "np.array([x[i] for i in rows]), np.array([y[i] for i in rows])"),
        "w = np.bincount(rows, minlength=len(x)) / len(rows)\nr = 2 * w * (line(x) - y)\nreturn Line(r @ x, r.sum())",
    ],
    "02-noise": [
        "np.sqrt(np.var(gradients) / size)",
        "gradients.std() * size**-0.5",
        "np.sqrt(np.mean((gradients - gradients.mean()) ** 2) / size)",
        "np.sqrt((np.mean(gradients**2) - np.mean(gradients) ** 2) / size)",
        "import math, statistics\nreturn statistics.pstdev(gradients.tolist()) / math.sqrt(size)",
        "np.std(gradients, ddof=1) * np.sqrt(1 - 1 / len(gradients)) / np.sqrt(size)",
    ],
    "02-batches": [
        "[(x[order][i : i + size], y[order][i : i + size]) for i in range(0, len(x), size)]",
        "cuts = range(size, len(order), size)\nreturn [(x[r], y[r]) for r in np.split(order, cuts)]",
        "batches, rest = [], list(order)\nwhile rest:\n    rows, rest = rest[:size], rest[size:]\n    batches.append((x[rows], y[rows]))\nreturn batches",
        "for i in range(-(-len(order) // size)):\n    pass\nreturn [(x[order[k * size : (k + 1) * size]], y[order[k * size : (k + 1) * size]]) for k in range(i + 1)]",
        "import itertools\nit, out = iter(order), []\nwhile rows := list(itertools.islice(it, size)):\n    out.append((x[rows], y[rows]))\nreturn out",
        "[[x[order[i : i + size]], y[order[i : i + size]]] for i in range(0, len(order), size)]",
    ],
    "02-epoch": [
        "from course import Descent, update\nfor x, y in batches:\n    line, _ = update(line, gradient(loss, line, x, y), Descent(rate))\nreturn line",
        "from course import Descent, train\nreturn train(loss, line, batches, Descent(rate))[0]",
        "m, b = line.m, line.b\nfor x, y in batches:\n    r = 2 * (m * x + b - y)\n    m, b = m - rate * np.mean(r * x), b - rate * np.mean(r)\nreturn Line(m, b)",
        "for batch in batches:\n    g = gradient(loss, line, *batch)\n    line = Line(line.m - rate * g.m, line.b - rate * g.b)\nreturn line",
        "import functools\ndef step(line, batch):\n    g = gradient(loss, line, *batch)\n    return Line(line.m - rate * g.m, line.b - rate * g.b)\nreturn functools.reduce(step, batches, line)",
        "for i in range(len(batches)):\n    x, y = batches[i][0], batches[i][1]\n    g = gradient(loss, line, x, y)\n    line = Line(m=line.m - rate * g.m, b=line.b - rate * g.b)\nreturn line",
    ],
    "02-count": [
        "import math\nreturn epochs * math.ceil(n / size), epochs * n",
        "((n + size - 1) // size * epochs, n * epochs)",
        "[epochs * (n // size + (n % size > 0)), epochs * n]",
        "(epochs * len(range(0, n, size)), epochs * n)",
        "(epochs * int(np.ceil(n / size)), epochs * n)",
        "steps = 0\nfor _ in range(epochs):\n    left = n\n    while left > 0:\n        left -= size\n        steps += 1\nreturn steps, epochs * n",
        "(sum(1 for _ in range(epochs) for _ in range(0, n, size)), n * epochs)",
    ],
    "02-schedule": [
        "first * half / (half + step)",
        "first * (1 + step / half) ** -1",
        "1 / (1 / first + step / (first * half))",
        "np.divide(first, 1 + step / half)",
        "from fractions import Fraction\nreturn Fraction(first) / (1 + Fraction(step, half))",
        "falls = step / half\nreturn first / (falls + 1)",
        "np.float32(first / (1 + step / half))",
    ],
    "02-rate": [f"{largest_rate(seed):.4g}" for seed in range(8)],
    "02-leak": [
        "s = Standardize.fit(x_train)\nreturn s(x_train), s(x_test)",
        "[(x - np.mean(x_train, 0)) / np.std(x_train, 0) for x in (x_train, x_test)]",
        "m, s = x_train.mean(0, keepdims=True), np.sqrt(x_train.var(0, keepdims=True))\nreturn (x_train - m) / s, (x_test - m) / s",
        "tuple((x - x_train.mean(axis=0)) / x_train.std(axis=0) for x in (x_train, x_test))",
        "a, b = x_train.copy(), x_test.copy()\nfor k in range(a.shape[1]):\n    m, s = x_train[:, k].mean(), x_train[:, k].std()\n    a[:, k], b[:, k] = (a[:, k] - m) / s, (b[:, k] - m) / s\nreturn a, b",
        "m = x_train.sum(axis=0) / len(x_train)\ns = (((x_train - m) ** 2).sum(axis=0) / len(x_train)) ** 0.5\nreturn x_train / s - m / s, x_test / s - m / s",
    ],
}
