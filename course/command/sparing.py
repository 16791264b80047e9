"""Where many share a machine: a kernel gives back what a cell left behind.

An extension of IPython, switched on in a hub's image (`ipython/ipython_config.json`). Figures are
rings of objects, which Python clears away late, and the C library keeps what was freed: after
lesson 01 that is about a third of a kernel's memory.
"""

import ctypes
import gc
import sys
import time

LONG = 0.3  # seconds: a cell that took less has left little behind


def load_ipython_extension(shell):
    """Look at each cell's time; after a long one, give memory back."""
    began = [time.monotonic()]

    def before(info):
        began[0] = time.monotonic()

    def after(result):
        if time.monotonic() - began[0] > LONG:
            give_back()

    shell.events.register("pre_run_cell", before)
    shell.events.register("post_run_cell", after)


def give_back():
    """Clear rings of objects away; then the C library returns its free memory, where it can."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others have none
        if trim is not None:
            trim(0)
