"""`python -m benchmarks [--quick]` prints the table of the README."""

import argparse
import dataclasses
import gc
import importlib.metadata
import itertools
import os
import platform
import time
from collections import defaultdict
from datetime import date

import numpy as np

from benchmarks import measures, workloads
from benchmarks.by_hand import by_hand
from benchmarks.ours import ours, own_formulas
from benchmarks.rivals import rivals


def main():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="against numpy by hand, a few rounds")
    parser.add_argument("--seconds", type=float, help="time for each workload (60; quick: 10)")
    parser.add_argument("--only", default="", help="workloads whose names hold this text")
    options = parser.parse_args()
    seconds = options.seconds or (10 if options.quick else 60)
    print(f"`python -m benchmarks{' --quick' * options.quick}`, {date.today()}: {machine()}\n")
    print(
        "Microseconds a step, everything included (batches, losses, recording): the best of each "
        "contender. As a multiple of numpy by hand: the median of pairs, each a training by hand "
        f"and the contender's right after it, for {seconds:.0f} seconds and at least twice.\n"
    )
    for workload in workloads.quick() if options.quick else workloads.every():
        if options.only in workload.name:
            print(f"**{workload.name}, {workload.steps:,} steps**\n", flush=True)
            print(table(workload, seconds, options.quick), flush=True)
    if not options.quick and not options.only:
        print(measures.report())


def machine():
    """Return what the numbers depend on, and nothing that names the machine."""
    packages = ("numpy", "autograd", "torch", "jax", "scikit-learn")
    versions = [f"{p} {v}" for p in packages if (v := _version(p))]
    cores = f"{os.cpu_count()} cores {platform.machine()}, one BLAS thread"
    return ", ".join([cores, f"Python {platform.python_version()}", *versions])


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def contenders(workload, quick):
    """Return name and training function of everyone who takes part; by hand comes first."""
    runs = {
        "numpy by hand": by_hand(workload),
        "Downhill": ours(workload),
        "Downhill, own formulas": own_formulas(workload),
        "Downhill, without replay": ours(workload, replay=False),
    }
    return runs if quick else runs | rivals(workload)


def table(workload, seconds, quick):
    """Measure a workload; return a table in Markdown."""
    runs = contenders(workload, quick)
    rows = slice(30 * workload.size)  # so few steps that Adam doesn't enlarge rounding much
    begin = dataclasses.replace(
        workload,
        x=workload.x[rows],
        y=workload.y[rows],
        epochs=1 if workload.sizes else 1000,
    )
    require_agreement(begin, contenders(begin, quick))
    ratios, best = defaultdict(list), defaultdict(lambda: np.inf)
    (reference, first), *others = runs.items()
    end = time.perf_counter() + seconds
    for turn in itertools.count():
        if turn >= 2 and time.perf_counter() > end:
            break
        for name, run in others:
            if turn % 3 and ratios[name][0] > 10:
                continue  # the slow ones take part in every third round only
            hand, own = timed(first), timed(run)
            ratios[name].append(own / hand)
            best[reference], best[name] = min(best[reference], hand), min(best[name], own)
    ratios[reference] = [1]
    lines = ["| | µs a step | × by hand |", "|---|---:|---:|"]
    for name in runs:
        micro = best[name] / workload.steps * 1e6
        lines.append(f"| {name} | {micro:,.1f} | {np.median(ratios[name]):.2f} |")
    return "\n".join([*lines, ""])


def timed(run):
    """Return the seconds that a training takes."""
    gc.collect()
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def require_agreement(workload, runs):
    """Raise unless all arrive at the same parameters, by the same losses."""
    (_, first), *others = runs.items()
    parameters, losses = first()
    for name, run in others:
        found, path = run()
        loose = name == "scikit-learn"
        close = {"rtol": 0.05, "atol": 0.01} if loose else _closeness(workload)
        for mine, theirs in zip(parameters, found, strict=True):
            np.testing.assert_allclose(theirs, mine, err_msg=f"{workload.name}: {name}", **close)
        if path is not None:
            np.testing.assert_allclose(path, losses, err_msg=f"{workload.name}: {name}", **close)


def _closeness(workload):
    """Return how close float32 or float64 stay over so many steps; Adam enlarges rounding."""
    single = workload.x.dtype == np.float32
    return {"rtol": 0.02, "atol": 0.02} if single else {"rtol": 1e-6, "atol": 1e-8}


if __name__ == "__main__":
    main()
