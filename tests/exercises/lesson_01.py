"""Lesson 01: gradient descent."""

WRONG = {
    "01-mse": [
        "np.sum((prediction - y) ** 2) / 3",
        "np.sum((prediction - y) ** 2) / (len(y) - 1)",
        "np.max((prediction - y) ** 2)",
        "np.median((prediction - y) ** 2)",
        "np.mean(prediction**2) - np.mean(y**2)",
        "np.mean((prediction - y)[1:] ** 2)",
        "round(np.mean((prediction - y) ** 2), 3)",
        "np.mean((prediction - y) ** 4) ** 0.5",
        "abs(np.mean((prediction - y) * y))",
        "for p, t in zip(prediction, y):\n    return (p - t) ** 2",
        "np.mean((prediction ^ y))",
        "prediction(y)",
    ],
    "01-gradient": [
        ("2 * residual * x", "2 * residual * x**2"),
        ("np.mean(2 * residual * x)", "2 * np.mean(line(x) * x)"),
        ("np.mean(2 * residual)", "np.mean(2 * residual) + 1e-3"),
        ("line(x) - y", "line.m * x - y"),
        ("2 * residual * x", "2 * abs(residual) * x"),
        ("Line(dm, db)", "Line(dm, dm)"),
        ("Line(dm, db)", "(dm, db)"),
        ("Line(dm, db)", "line"),
        (
            "np.mean(2 * residual * x)",
            "2 * residual @ x / 4",
            "np.mean(2 * residual)",
            "residual.sum() / 2",
        ),
    ],
    "01-update": [
        "Line(line.m - 0.1 * gradient.m, line.b - 0.1 * gradient.b)",
        "line - learning_rate * gradient",
        "Line(line.m - learning_rate, line.b - learning_rate)",
        "Line(line.m - learning_rate * np.sign(gradient.m), line.b - learning_rate * np.sign(gradient.b))",
        "Line(gradient.m - learning_rate * line.m, gradient.b - learning_rate * line.b)",
        "line.m - learning_rate * gradient.m, line.b - learning_rate * gradient.b",
        "Line(line.m - learning_rate * gradient.m)",
        "g = gradient(loss, line, x, x)\nreturn Line(line.m - learning_rate * g.m, line.b)",
    ],
    "01-loop": [
        ("learning_rate * g", "0.05 * g"),
        ("range(n_steps)", "range(3)"),
        ("    return line", "        return line"),
        ("line.b - learning_rate * g.b", "line.b"),
        ("gradient(loss, line, x, y)", "gradient(loss, line, x, x)"),
        ("line = Line(", "new = Line("),
        ("range(n_steps)", "range(1, n_steps)"),
        ("gradient(loss, line, x, y)", "gradient(line, x, y)"),
        (
            "line = Line(line.m - learning_rate * g.m, line.b - learning_rate * g.b)",
            "line.m -= learning_rate * g.m; line.b -= learning_rate * g.b",
        ),
    ],
    "01-train": [
        ("losses.append(loss(model, x, y))", "losses.append(mse(model(x), y))"),
        ("gradient(loss, model, x, y)", "gradient(lambda m, x, y: mse(m(x), y), model, x, y)"),
        (
            "model, state = update(model, g, optimizer, state)",
            "model, _ = update(model, g, optimizer)",
        ),
        (
            "model, state = update(model, g, optimizer, state)",
            "model = update(model, g, optimizer, state)",
        ),
        ("optimizer, state)", "Descent(0.01), state)"),
        ("losses.append(loss(model, x, y))", "losses = loss(model, x, y)"),
        ("losses.append(loss(model, x, y))", "loss = loss(model, x, y)"),
        ("range(n_steps)", "range(4)"),
        ("return model, losses", "return losses"),
        (
            "model, state = update(model, g, optimizer, state)",
            "model = Line(model.m - optimizer.learning_rate * g.m, model.b - optimizer.learning_rate * g.b)",
        ),
        "fitted, history = train(loss, model, [(x, y)], optimizer, epochs=n_steps)\nreturn fitted, history.losses[-1:]",
    ],
    "01-stop": [
        "len(losses) >= 2 and 0 <= losses[-2] - losses[-1] <= tolerance * losses[0]",
        "len(losses) >= 2 and 0 <= losses[-2] - losses[-1] <= tolerance * max(losses)",
        "len(losses) >= 2 and 0 <= losses[-2] - losses[-1] <= tolerance * losses[-1]",
        "len(losses) >= 2 and 0 < losses[-2] - losses[-1] <= tolerance * losses[-2]",
        "len(losses) >= 2 and 0 <= losses[-2] - losses[-1] <= 1e-3 * losses[-2]",
        "len(losses) >= 3 and 0 <= losses[-2] - losses[-1] <= tolerance * losses[-2]",
        "len(losses) >= 2 and min(losses) == losses[-1] and losses[-2] - losses[-1] <= 1",
        "len(losses) >= 2 and 0 <= losses[-2] - losses[-1] <= tolerance * np.median(losses)",
        "False",
        "len(losses) > 1",
    ],
    "01-rate": [
        "1e-4",
        "3e-4",
        "2e-4",
        "2.92e-4",
        "6767.6",
        "'2.955e-4'",
        "-2.955e-4",
    ],
    "01-model": [
        "my_model = Line(-30.0, 75.0)",
        "my_model = train(loss, Line(-10.0, 75.0), [tuple(data.coffee())], Descent(0.1), epochs=2_000, progress=False)[0]",
        """
@dataclass(eq=False)
class Table:
    spare: float
    def __call__(self, hours):
        return np.interp(hours, *data.coffee()) + 0 * self.spare
my_model = Table(0.1234567891)
""",
        """
@dataclass(eq=False)
class Guessed:
    a: float
    k: float
    c: float
    def __call__(self, hours):
        return self.a * np.exp(-self.k * hours) + self.c
my_model = Guessed(69.0, 1.57, 20.5)
""",
        "my_model = train",
        "my_model = lambda hours: 21 + 68 * np.exp(-1.6 * hours)",
    ],
}

CUBIC = """
@dataclass(eq=False)
class Cubic:
    {fields}
    def __call__(self, t):
        return {formula}
my_model = train(loss, Cubic({start}), [tuple(data.coffee())], {rule}, epochs={epochs}, progress=False)[0]
"""

RIGHT = {
    "01-mse": [
        "((prediction - y) ** 2).mean()",
        "sum((p - t) ** 2 for p, t in zip(prediction, y)) / len(y)",
        "r = y - prediction\nreturn r @ r / len(r)",
        "np.average(np.square(y - prediction))",
        "mse(prediction, y)",
        "np.linalg.norm(prediction - y) ** 2 / y.size",
        "np.mean(prediction**2 - 2 * prediction * y + y**2)",
        "total = 0\nfor i in range(len(y)):\n    total += (prediction[i] - y[i]) ** 2\nreturn total / len(y)",
        "np.var(prediction - y) + np.mean(prediction - y) ** 2",
        "np.mean((prediction - y).astype(np.float32) ** 2)",
    ],
    "01-gradient": [
        ("np.mean(2 * residual * x)", "2 * residual @ x / len(x)"),
        "gradient(loss, line, x, y)",
        "g = 2 / len(x) * (line(x) - y)\nreturn Line(np.sum(g * x), np.sum(g))",
        "Line(-2 * np.mean((y - line(x)) * x), -2 * np.mean(y - line(x)))",
        "Line(m=np.average(2 * x * (line.m * x + line.b - y)), b=np.average(2 * (line.m * x + line.b - y)))",
        "dm = db = 0\nfor a, b in zip(x, y):\n    r = line(a) - b\n    dm += 2 * r * a / len(x)\n    db += 2 * r / len(x)\nreturn Line(dm, db)",
    ],
    "01-update": [
        "Line(line.m - learning_rate * gradient.m, line.b - learning_rate * gradient.b)",
        "Line(m=line.m + -learning_rate * gradient.m, b=line.b + -learning_rate * gradient.b)",
        "type(line)(line.m - gradient.m * learning_rate, line.b - gradient.b * learning_rate)",
        "import copy\nnew = copy.copy(line)\nnew.m = line.m - learning_rate * gradient.m\nnew.b = line.b - learning_rate * gradient.b\nreturn new",
        "update(line, gradient, Descent(learning_rate))[0]",
        "Line(*(p - learning_rate * g for p, g in zip((line.m, line.b), (gradient.m, gradient.b))))",
    ],
    "01-loop": [
        "m, b = line.m, line.b\nfor _ in range(n_steps):\n    g = gradient(loss, Line(m, b), x, y)\n    m, b = m - learning_rate * g.m, b - learning_rate * g.b\nreturn Line(m, b)",
        "while n_steps > 0:\n    g = gradient(loss, line, x, y)\n    line = Line(line.m - learning_rate * g.m, line.b - learning_rate * g.b)\n    n_steps -= 1\nreturn line",
        "train(loss, line, [(x, y)], Descent(learning_rate), epochs=n_steps)[0]",
        "for _ in range(n_steps):\n    line, _ = update(line, gradient(loss, line, x, y), Descent(learning_rate))\nreturn line",
        ("range(n_steps)", "range(1, n_steps + 1)"),
        (
            "gradient(loss, line, x, y)",
            "gradient(lambda line, x, y: np.mean((line(x) - y) ** 2), line, x, y)",
        ),
        "line if n_steps == 0 else my_descent(update(line, gradient(loss, line, x, y), Descent(learning_rate))[0], x, y, learning_rate, n_steps - 1)",
    ],
    "01-train": [
        "from course import value_and_gradient\nstate, losses = None, []\nfor _ in range(n_steps):\n    value, g = value_and_gradient(loss, model, x, y)\n    losses.append(value)\n    model, state = update(model, g, optimizer, state)\nreturn model, losses",
        "fitted, history = train(loss, model, [(x, y)], optimizer, epochs=n_steps)\nreturn fitted, history.losses",
        ("losses.append(loss(model, x, y))", "losses += [loss(model, x, y)]"),
        ("losses.append(loss(model, x, y))", "losses.append(float(loss(model, x, y)))"),
        ("return model, losses", "return model, np.array(losses)"),
        ("return model, losses", "return [model, losses]"),
        ("state = None\n    losses = []", "state, losses, count = None, [], 0"),
    ],
    "01-stop": [
        "if len(losses) < 2:\n    return False\nbefore, now = losses[-2:]\nreturn now <= before and before - now <= tolerance * before",
        "len(losses) > 1 and losses[-2] * (1 - tolerance) <= losses[-1] <= losses[-2]",
        "bool(len(losses) > 1 and 0 <= losses[-2] - losses[-1] <= tolerance * losses[-2])",
        "if len(losses) == 1:\n    return False\nif losses[-1] > losses[-2]:\n    return False\nreturn losses[-2] - losses[-1] <= losses[-2] * tolerance",
        "n = len(losses)\nreturn n >= 2 and not losses[n - 1] > losses[n - 2] and losses[n - 2] - losses[n - 1] <= tolerance * losses[n - 2]",
        "np.bool_(len(losses) > 1 and 0 <= 1 - losses[-1] / losses[-2] <= tolerance)",
    ],
    "01-rate": [
        "2.955e-4",
        "2.95e-4",
        "2.954e-4",
        "2.96e-4",
        "2 / np.linalg.eigvalsh(2 / 100 * np.array([[x @ x, x.sum()], [x.sum(), 100]])).max()",
        "np.float32(2.955e-4)",
        "np.array(2.955e-4)",
        "min(0.000295, 1)",
    ],
    "01-model": [
        CUBIC.format(
            fields="a: float; b: float; c: float; d: float",
            formula="self.a + self.b * t + self.c * t**2 + self.d * t**3",
            start="89.0, -80.0, 30.0, 0.0",
            rule="Descent(0.03)",
            epochs=40_000,
        ),
        CUBIC.format(
            fields="a: float; k: float; c: float",
            formula="self.c + self.a * 2 ** (-t / self.k)",
            start="68.0, 0.44, 21.5",
            rule="Descent(1e-4)",
            epochs=2_000,
        ),
        CUBIC.format(
            fields="w: np.ndarray",
            formula="21 + self.w[0] * np.exp(-self.w[1] * t)",
            start="np.array([66.0, 1.5])",
            rule="Descent(5e-4)",
            epochs=8_000,
        ),
        """
def cools(p, t):
    return p["room"] + p["more"] * np.exp(-p["rate"] * t)
@dataclass(eq=False)
class Any:
    p: dict
    def __call__(self, t):
        return cools(self.p, t)
my_model = train(loss, Any({"room": 20.0, "more": 60.0, "rate": 1.0}), [tuple(data.coffee())], Descent(1e-3), epochs=8_000, progress=False)[0]
""",
    ],
}
