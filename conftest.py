"""What all tests share, of the library and of the lessons."""

import os
import tempfile

from hypothesis import settings
from nbval.kernel import RunningKernel

settings.register_profile("any machine", deadline=None)  # a busy one isn't wrong
settings.load_profile("any machine")

os.environ["TQDM_DISABLE"] = "1"  # progress bars differ from machine to machine
# What the lessons' checks count as done here is nobody's progress.
os.environ["DOWNHILL_PROGRESS"] = os.path.join(tempfile.mkdtemp(), "progress.json")


def execute_cell_input(kernel, cell_input, allow_stdin=None):
    """Run a cell as Jupyter does: nbval keeps no history, and IPython reads a last `;` from it."""
    return kernel.kc.execute(
        cell_input, store_history=True, allow_stdin=allow_stdin, stop_on_error=False
    )


RunningKernel.execute_cell_input = execute_cell_input
