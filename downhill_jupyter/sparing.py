"""Where many share a machine: kernels and servers give back what they left behind.

An extension of IPython and of the Jupyter server, both switched on in a hub's image. Figures are
rings of objects, which Python clears away late, and the C library keeps what was freed: after
lesson 01 that is about a third of a kernel's memory, after its start 8 MB of a server's.
"""

import ctypes
import gc
import sys
from pathlib import Path

MUCH = 2  # megabytes by which a process has grown before it is worth a few hundredths of a second
EVERY = 30  # seconds between two looks at a server


def load_ipython_extension(shell):
    """Look at the kernel's size after each cell; give memory back once it has grown."""
    look = give_back_once_grown(resident())

    def after(result):
        look()

    shell.events.register("post_run_cell", after)


def _jupyter_server_extension_points():
    return [{"module": __name__}]


def _load_jupyter_server_extension(server):
    """Look at the server's size now and then; give back what its start left, and what comes."""
    from tornado.ioloop import PeriodicCallback

    PeriodicCallback(give_back_once_grown(0.0), 1000 * EVERY).start()


def give_back_once_grown(last):
    """Return a function that gives memory back when there is much more than the last time."""

    def look():
        nonlocal last
        if resident() > last + MUCH:
            give_back()
            last = resident()

    return look


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
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's; others have none
        if trim is not None:
            trim(0)
