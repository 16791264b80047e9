"""Where many share a machine: a kernel gives back what a cell left behind.

An extension of IPython, switched on in a hub's image (`ipython/ipython_config.json`). Figures are
rings of objects, which Python clears away late, and the C library keeps what was freed: after
lesson 01 that is about a third of a kernel's memory.
"""

import ctypes
import gc
import sys
from pathlib import Path

MUCH = 4  # megabytes by which a kernel has grown before it is worth a few hundredths of a second


def load_ipython_extension(shell):
    """Look at the kernel's size after each cell; give memory back once it has grown."""
    smallest = [resident()]

    def after(result):
        if resident() > smallest[0] + MUCH:
            give_back()
            smallest[0] = resident()

    shell.events.register("post_run_cell", after)


def resident():
    """Megabytes of this process that are in memory; 0 where the system doesn't tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    import resource

    return pages * resource.getpagesize() / 1e6


def give_back():
    """Clear rings of objects away; then the C library returns its free memory, where it can."""
    marks = sys.modules.get("course.widgets.marks")
    if marks:
        marks.canvas.cache_clear()
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others have none
        if trim is not None:
            trim(0)
