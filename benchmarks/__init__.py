"""How long a step takes, against numpy written by hand and against the large libraries."""

import os

for _name in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM"):
    os.environ[f"{_name}_NUM_THREADS"] = "1"  # before numpy is loaded: one thread is steadier
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
