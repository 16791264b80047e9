"""Other costs: steps a second as the data grow, memory, time to import, size installed."""

import importlib.metadata
import subprocess
import sys
import time

import numpy as np

from course import Adam, Batches, Chain, Dense, cross_entropy, relu, train


def report():
    """Return all of them as Markdown."""
    before, after, data = memory()
    growing = ", ".join(f"{rows:,} rows {rate:,.0f}" for rows, rate in steps_a_second().items())
    return "\n".join(
        [
            "**Other costs**\n",
            f"- Steps a second, network 16-32-4, batch 32, as the data grow: {growing}.",
            f"- Peak memory of an epoch over 60,000 x 784 float32 ({data:,.0f} MB): "
            f"{after - before:,.0f} MB more than before it began.",
            f"- `import course`: {seconds_to_import('course'):.2f} s, of which numpy and autograd "
            f"{seconds_to_import('autograd.numpy'):.2f} s.",
            f"- Size installed: {', '.join(sizes())}.",
            "",
        ]
    )


def steps_a_second(steps=3000):
    """Return steps a second by number of rows; each run takes the same number of steps."""
    found = {}
    for rows in (10**3, 10**4, 10**5, 10**6):
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(rows, 16)), rng.integers(0, 4, rows)
        network = Chain(Dense(16, 32, relu, rng=rng), Dense(32, 4, rng=rng))
        found[rows] = 0
        for _ in range(3):
            found[rows] = max(found[rows], _rate(network, Batches(x, y, 32, rng=rng), steps))
    return found


def _rate(network, batches, steps):
    """Return steps a second, from the 20th step on."""
    times = []

    def watch(step):
        times.append(time.perf_counter())
        return len(times) == steps

    epochs = -(-steps // len(batches))
    train(_loss, network, batches, Adam(), epochs=epochs, callbacks=[watch], progress=False)
    return (len(times) - 20) / (times[-1] - times[19])


def _loss(model, x, y):
    return cross_entropy(model(x), y)


def memory():
    """Return peak megabytes before and after an epoch over large data, and what the data take."""
    show = """
import resource
import numpy as np
from course import Adam, Batches, Chain, Dense, astype, cross_entropy, relu, train
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rng = np.random.default_rng(0)
x, y = rng.random((60_000, 784), np.float32), rng.integers(0, 10, 60_000)
network = astype(Chain(Dense(784, 64, relu, rng=rng), Dense(64, 10, rng=rng)), np.float32)
batches = Batches(x, y, 128, rng=rng)
before = peak()
train(lambda m, x, y: cross_entropy(m(x), y), network, batches, Adam(), progress=False)
print(before, peak(), x.nbytes / 2**20)
"""
    run = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    return tuple(map(float, run.stdout.split()))


def seconds_to_import(module):
    """Return the best of five imports in new processes, less Python's own start."""

    def start(code):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - begin

    return min(start(f"import {module}") - start("pass") for _ in range(5))


def sizes():
    """Yield sizes of installed packages, without what they depend on in turn."""
    for package in ("autograd", "numpy", "torch", "jax", "jaxlib", "scikit-learn", "scipy"):
        try:
            files = importlib.metadata.files(package) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        total = sum(path.stat().st_size for f in files if (path := f.locate()).is_file())
        yield f"{package} {total / 2**20:,.0f} MB"
