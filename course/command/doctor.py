"""`downhill doctor`: can this machine run the course? One line for each look, with the cure."""

import importlib.metadata
import os
import platform
import queue
import shutil
import socket
import sys
import tempfile
import webbrowser
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from course.command.copies import hiding

__all__ = ["doctor"]

PACKAGE = "downhill-course"
SPACE = 200e6  # bytes that lessons, outputs and saved networks may take
SECONDS = 60  # that a kernel may take to start on a slow machine
ANSWER = 6  # seconds that a widget may take to answer
# A slider and a text that follows it, both in the kernel.
WIDGET = """
import ipywidgets
slider, text = ipywidgets.IntSlider(), ipywidgets.Label()
slider.observe(lambda change: setattr(text, "value", str(change.new)), "value")
print(slider.model_id, text.model_id)
"""


class Trouble(Exception):
    """What was found, and its cure."""

    def __init__(self, found, cure):
        super().__init__(found)
        self.cure = cure


def doctor(arguments=()):
    """Look at everything the course needs, print a line for each; 1 if something is to be mended.

    An argument names the folder of the lessons.
    """
    folder = Path(arguments[0] if arguments else "~/downhill-lessons")
    looks = {
        "Python": python,
        "packages": packages,
        "lessons folder": lambda: writable(folder),
        "port": port,
        "browser": browser,
        "kernel and widget": widget,
    }
    well = [report(name, look) for name, look in looks.items()]
    print("All is well." if all(well) else "Mend the lines with ✗, then look again.")
    return 0 if all(well) else 1


def report(name, look):
    """Print what one look found; return whether it is well."""
    try:
        print(f"✓ {name}: {look()}", flush=True)
    except Trouble as trouble:
        print(f"✗ {name}: {trouble}. {trouble.cure}", flush=True)
        return False
    except Exception as error:  # a look that fails has found something too
        print(f"✗ {name}: {type(error).__name__}: {error}", flush=True)
        return False
    return True


def python():
    """Look whether the course supports it."""
    from packaging.specifiers import SpecifierSet

    wanted = importlib.metadata.metadata(PACKAGE)["Requires-Python"]
    if platform.python_version() not in SpecifierSet(wanted, prereleases=True):
        raise Trouble(
            f"{platform.python_version()}, and {wanted} is needed",
            "Install a newer one from python.org and make the environment with it.",
        )
    return f"{platform.python_version()} in {sys.prefix}"


def packages(requirements=None):
    """Look whether everything is there, in a version that fits."""
    from packaging.requirements import Requirement

    requirements = requirements or importlib.metadata.requires(PACKAGE)
    needs = [Requirement(text) for text in requirements]
    needs = [need for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    missing = [str(need) for need in needs if not fits(need)]
    if missing:
        raise Trouble(
            f"missing or of another version: {', '.join(missing)}",
            f"{sys.executable} -m pip install {' '.join(map(repr, missing))}",
        )
    return ", ".join(f"{need.name} {importlib.metadata.version(need.name)}" for need in needs)


def fits(need):
    """Whether an installed package meets a requirement."""
    try:
        return need.specifier.contains(importlib.metadata.version(need.name), prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return False


def writable(folder):
    """Look whether the lessons can be kept in a folder."""
    cure = "Name another folder: downhill my-lessons"
    try:
        folder = folder.expanduser().absolute()
        nearest = next(path for path in [folder, *folder.parents] if path.exists())
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except (OSError, RuntimeError) as error:
        raise Trouble(f"{folder} can't be written ({error})", cure) from None
    if names := hiding(folder):
        raise Trouble(
            f"{', '.join(names)} in {folder} hides what the lessons import under that name",
            "Rename it, then restart the kernel.",
        )
    free = shutil.disk_usage(nearest).free
    if free < SPACE:
        raise Trouble(f"{free / 1e6:.0f} MB are free at {folder}", cure)
    return f"{folder}, {free / 1e9:.0f} GB free"


def port(wanted=8888):
    """Look whether JupyterLab will find a port on this machine."""
    try:
        with socket.create_server(("127.0.0.1", wanted)):
            return f"{wanted} is free"
    except OSError:
        pass
    try:
        with socket.create_server(("127.0.0.1", 0)):
            return f"{wanted} is taken; JupyterLab will take the next one"
    except OSError as error:
        raise Trouble(
            f"no server can be started on 127.0.0.1 ({error})",
            "A firewall or security program forbids it; allow Python to listen on 127.0.0.1.",
        ) from None


def browser():
    """Look whether a browser will open by itself."""
    try:
        return webbrowser.get().name
    except webbrowser.Error:
        return "none opens by itself here; open the address that `downhill` prints"


def widget():
    """Look whether a kernel starts and a slider in it answers."""
    with kernel() as client:
        slider, text = printed(client, WIDGET).split()
        answer = moved(client, slider, text, 7)
    if answer != "7":
        raise Trouble(
            "a kernel starts, but a slider in it doesn't answer",
            f"{sys.executable} -m pip install --force-reinstall ipywidgets ipykernel",
        )
    for extension in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        if not any((Path(path) / extension).is_dir() for path in extension_paths()):
            raise Trouble(
                f"JupyterLab's extension {extension} isn't installed, so sliders would not show",
                f"{sys.executable} -m pip install --force-reinstall ipywidgets anywidget",
            )
    return "a kernel starts and a slider in it answers"


def extension_paths():
    """Where this JupyterLab looks for extensions."""
    from jupyter_core.paths import jupyter_path

    return jupyter_path("labextensions")


@contextmanager
def kernel():
    """A kernel of this very Python, as JupyterLab would start it."""
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.kernel_spec.argv[0] = sys.executable
    with ExitStack() as at_the_end:
        at_the_end.callback(manager.shutdown_kernel, now=True)
        try:
            with open(os.devnull, "w") as nowhere:
                manager.start_kernel(stdout=nowhere, stderr=nowhere)
            client = manager.client()
            at_the_end.callback(client.stop_channels)
            client.start_channels()
            client.wait_for_ready(timeout=SECONDS)
        except Exception as error:
            raise Trouble(
                f"no kernel starts ({type(error).__name__}: {error})",
                f"{sys.executable} -m pip install --force-reinstall ipykernel",
            ) from None
        yield client


def printed(client, code):
    """What a piece of code prints in the kernel."""
    lines = []

    def hear(message):
        lines.append(message["content"].get("text") or message["content"].get("evalue") or "")

    client.execute_interactive(code, timeout=SECONDS, output_hook=hear)
    return "".join(lines)


def moved(client, slider, text, value):
    """Move a slider as the page would; what the text says then, or None."""
    data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
    client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": slider, "data": data}))
    with suppress(queue.Empty):
        while True:
            message = client.get_iopub_msg(timeout=ANSWER)
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] == text:
                return content["data"]["state"].get("value")
    return None
