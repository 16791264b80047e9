"""What the benchmark compares is the same training: it refuses to time anything else."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHECK = """
import dataclasses
from benchmarks import __main__ as benchmark, workloads

for workload in workloads.quick():
    short = dataclasses.replace(workload, epochs=1 if workload.sizes else 100)
    runs = benchmark.contenders(short, quick=True)
    benchmark.require_agreement(short, runs)
    print(len(runs), "agree on", workload.name)
    slower = dataclasses.replace(short, rule=type(short.rule)(0.9 * short.rule.learning_rate))
    runs["another rate"] = benchmark.ours(slower)
    try:
        benchmark.require_agreement(short, runs)
    except AssertionError as error:
        assert "another rate" in str(error)
    else:
        raise SystemExit("a training at another rate wasn't noticed")
"""


def test_all_contenders_agree_and_one_that_doesnt_is_noticed():
    run = subprocess.run([sys.executable, "-c", CHECK], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("4 agree on") == 4
