"""JupyterLab, opened at a lesson, with the few settings that a course wants."""

import os
from pathlib import Path

__all__ = ["FOR_A_HUB", "FOR_ITS_KERNELS", "LARGE_TYPE", "SETTINGS", "open_lab"]

# The question about news doesn't cover the first lesson, and file names aren't cut by a column
# of dates. These are defaults: what a learner sets in JupyterLab goes before them.
SETTINGS = Path(__file__).parent / "jupyter"
FOR_A_HUB = Path(__file__).parent / "hub"
FOR_ITS_KERNELS = Path(__file__).parent / "ipython"
LARGE_TYPE = Path(__file__).parent / "large_type"


def open_lab(folder, first, arguments, settings=()):
    """Start this Python's JupyterLab with a lesson open; return when it ends."""
    paths = [
        *map(str, settings),
        str(SETTINGS),
        *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")]),
    ]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(paths)
    from jupyterlab.labapp import main as jupyter_lab  # reads the environment when it is loaded

    os.chdir(folder)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    start = [f"--LabApp.default_url=/lab/tree/{first}", *(["--allow-root"] if is_root else [])]
    return jupyter_lab([*start, *arguments])
