"""What a Binder session installs is pinned, complete, and enough for the course."""

import asyncio
import contextlib
import gc
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import weakref
from pathlib import Path

import pytest
from jupyter_client import KernelManager
from jupyter_server.extension.config import ExtensionConfigManager
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from course.command.lab import FOR_A_HUB, FOR_ITS_KERNELS, SETTINGS
from downhill_jupyter import sparing

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHON = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
THERE = {"python_version": PYTHON, "sys_platform": "linux", "platform_system": "Linux", "extra": ""}


LOCK = (BINDER / "requirements.txt").read_text()
UNINSTALLS = re.search(
    "^pip uninstall --yes --quiet (.*)$", (BINDER / "postBuild").read_text(), re.M
)[0]
SERVERS = [folder / "jupyter_server_config.d" for folder in (SETTINGS, FOR_A_HUB)]


def read_pins():
    pins = re.findall(r"^([\w.-]+)==(\S+) \\$", LOCK, flags=re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


PINS = read_pins()
LEAVES_A_RING = """
import gc, weakref

gc.disable()


class Ring:
    def __init__(self):
        self.me, self.block = self, b"x" * 20_000_000


ring = weakref.ref(Ring())
"""


def is_met(need):
    version = PINS.get(canonicalize_name(need.name))
    return version is not None and need.specifier.contains(version)


def missing(requirements):
    """Return the requirements that hold on Binder and that the pins don't meet."""
    needed = [Requirement(text) for text in requirements]
    there = [need for need in needed if need.marker is None or need.marker.evaluate(THERE)]
    return [str(need) for need in there if not is_met(need)]


def test_python_is_one_that_the_course_supports():
    assert PYTHON in SpecifierSet(PROJECT["requires-python"])


def test_each_line_pins_one_version_with_its_hashes_and_nothing_names_a_registry():
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    pins = [line for line in lines if "==" in line]
    assert len(pins) == len(PINS)
    hashes = [line for line in lines if re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)]
    assert len(pins) + len(hashes) == len(lines)
    assert "://" not in LOCK


def test_lock_is_made_by_the_command_that_it_names(tmp_path):
    assert "#    nox -s lock\n" in LOCK
    listed = subprocess.run(
        [sys.executable, "-m", "nox", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "- lock -> " in listed.stdout


def test_pins_meet_what_the_course_needs():
    assert missing(PROJECT["dependencies"]) == []


def test_missing_sees_a_pin_too_old_and_one_not_there():
    assert missing(["numpy>=99", "a-package-nobody-wrote", "numpy>=2.4"]) == [
        "numpy>=99",
        "a-package-nobody-wrote",
    ]


def test_pins_meet_what_the_pinned_packages_need():
    installed = {
        canonicalize_name(package.name): package for package in importlib.metadata.distributions()
    }
    same = [name for name in PINS if name in installed and installed[name].version == PINS[name]]
    unmet = {name: missing(installed[name].requires or []) for name in same}
    assert {name: needs for name, needs in unmet.items() if needs} == {}


def test_postbuild_installs_the_course_alone_and_stops_at_an_error():
    script = BINDER / "postBuild"
    assert "set -e\npip install --no-cache-dir --no-deps .\n" in script.read_text()
    assert script.stat().st_mode & 0o111


def test_session_starts_with_one_blas_thread_and_what_it_is_asked_to_start():
    ask = [str(BINDER / "start"), "sh", "-c", "echo $OPENBLAS_NUM_THREADS $OMP_NUM_THREADS"]
    env = {"PATH": os.environ["PATH"]}
    assert subprocess.run(ask, env=env, capture_output=True, check=True).stdout == b"1 1\n"


def test_readmes_badge_opens_the_first_lesson_of_the_learners_copy():
    assert "--copy-only lessons\n" in (BINDER / "postBuild").read_text()
    assert "HEAD?urlpath=lab/tree/lessons/00_start_here.ipynb" in (ROOT / "README.md").read_text()


def test_repo2docker_reads_the_folder_as_meant(tmp_path):
    image = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--debug", "--no-build", str(ROOT)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    recipe = image.stdout + image.stderr
    assert f"Building conda environment for python={PYTHON}\n" in recipe
    assert 'install --no-cache-dir -r "binder/requirements.txt"' in recipe
    assert "RUN ./binder/postBuild" in recipe
    assert "binder/start" in recipe


@contextlib.contextmanager
def kernel(env, folder):
    """A kernel in an environment: its client, and a list for what it says."""
    manager = KernelManager(ip="127.0.0.1")
    manager.start_kernel(env=env, cwd=str(folder))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        yield client, []
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def printed(said):
    """Return what a kernel's messages show as text."""
    return [m["content"]["text"] for m in said if m["msg_type"] == "stream"]


def test_kernels_of_the_image_are_sparing(tmp_path):
    """The built image's own kernel starts with the extension that does so, and says nothing."""
    script = (BINDER / "postBuild").read_text()
    assert 'shutil.copytree(FOR_ITS_KERNELS, f"{sys.prefix}/etc/ipython"' in script
    shutil.copytree(FOR_ITS_KERNELS, tmp_path / "profile_default")
    with kernel(os.environ | {"IPYTHONDIR": str(tmp_path)}, tmp_path) as (client, said):
        # Figures are rings of objects, as this is; without the extension it would still be there.
        for code in (
            LEAVES_A_RING,
            "print(ring() is None)",
            "import sys; print('sqlite3' in sys.modules)",
        ):
            client.execute_interactive(code, timeout=120, output_hook=said.append)
    assert "".join(printed(said)).split() == ["True", "False"]  # nor is there a database of history


class Ring:
    def __init__(self):
        self.me = self


@pytest.fixture
def ring():
    """Return a reference to what only the collector clears away, which doesn't run by itself."""
    gc.disable()
    yield weakref.ref(Ring())
    gc.enable()


def test_servers_of_the_image_give_memory_back(ring, monkeypatch):
    monkeypatch.setattr(sparing, "EVERY", 0.01)

    async def serve():
        sparing._load_jupyter_server_extension(None)
        deadline = time.monotonic() + 20
        while ring() is not None and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    asyncio.run(serve())
    assert ring() is None


def test_what_has_not_grown_gives_nothing_back(ring):
    sparing.give_back_once_grown(sparing.resident())()
    assert ring() is not None
    sparing.give_back_once_grown(0.0)()
    assert ring() is None


def test_a_course_without_the_grammar_of_addresses_starts_its_server():
    """The image takes rfc3987-syntax out; what needs it does without."""
    assert " rfc3987-syntax " in UNINSTALLS
    without = "import sys; sys.modules['rfc3987_syntax'] = None; import jupyterlab.labapp"
    subprocess.run([sys.executable, "-c", without], check=True)


def test_a_kernel_without_the_debugger_says_so_and_runs_cells(tmp_path):
    """The image takes debugpy out; JupyterLab then offers no debugger."""
    assert UNINSTALLS.endswith(" debugpy")
    (tmp_path / "debugpy.py").write_text("raise ImportError('not in the image')\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    with kernel(os.environ | {"PYTHONPATH": path}, tmp_path) as (client, said):
        client.execute_interactive("print(1 + 1)", timeout=120, output_hook=said.append)
        answer = client.kernel_info(reply=True, timeout=120)["content"]
    assert printed(said) == ["2\n"]
    assert "debugger" not in answer.get("supported_features", [])
    assert answer.get("debugger", False) is False


def test_jupyterlabs_shop_of_extensions_stays_away_from_servers_of_the_image(monkeypatch):
    """Its client reads the certificates of all authorities: 2 MB of each server's."""
    from jupyterlab.labapp import LabApp

    def manager(*folders):
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", os.pathsep.join(map(str, folders)))
        lab = LabApp()
        lab.load_config_file()
        return lab.extension_manager

    assert manager(SETTINGS, FOR_A_HUB) == "readonly"
    assert manager(SETTINGS) != "readonly"


def test_pages_of_the_image_do_not_ask_for_languages(monkeypatch):
    """None are installed; to find that out a server reads all that Babel knows, 6 MB."""
    from jupyterlab_server.config import get_page_config

    monkeypatch.setenv("JUPYTER_CONFIG_PATH", os.pathsep.join(map(str, (SETTINGS, FOR_A_HUB))))
    assert "@jupyterlab/translation-extension:plugin" in get_page_config([])["disabledExtensions"]


def test_settings_of_the_image_win_over_what_packages_install_beside_them(tmp_path):
    """All lie in one folder there, where the last file by name has the last word."""
    enabled = tmp_path / "jupyter_server_config.d"
    for folder in (Path(sys.prefix, "etc/jupyter", enabled.name), *SERVERS):
        shutil.copytree(folder, enabled, dirs_exist_ok=True)
    extensions = ExtensionConfigManager(read_config_path=[str(tmp_path)]).get_jpserver_extensions()
    assert {name for name, on in extensions.items() if on} >= {
        "jupyterlab",
        "downhill_jupyter.prompt",
        "downhill_jupyter.sparing",
    }
    left_out = ("jupyter_lsp", "jupyter_server_terminals", "notebook", "notebook_shim")
    assert [extensions[name] for name in left_out] == [False] * len(left_out)
