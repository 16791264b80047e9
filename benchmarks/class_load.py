"""A class, measured: a real JupyterHub on this machine, whose users run lesson 01.

    pip install -r binder/requirements.txt && pip install . jupyterhub psutil  # as in the image
    npm install configurable-http-proxy
    python -m benchmarks.class_load 1 5 12 20 --proxy node_modules/.bin/configurable-http-proxy

For each number of users it says: seconds from "open the lesson" to the first result and to the
last, a slider's answer through hub, proxy and kernel, memory a student, failed cells; then a
kernel, a server and the hub are killed, and it says what came back. The hub listens on 127.0.0.1
only and asks for a password and a token, as every example of this course does.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from course.command.copies import copy_lessons, shipped_lessons
from course.command.lab import FOR_A_HUB, FOR_ITS_KERNELS, SETTINGS

LESSON = "01_gradient_descent.ipynb"
MOVES = 25
PAGE_ASKS = (  # what JupyterLab's page asks a server for when it opens a lesson
    "lab/api/settings",
    "lab/api/translations/default",
    "lab/api/workspaces/default",
    "api/kernelspecs",
    "api/contents",
    "api/nbconvert",
)
# What this environment may have for tests and teachers, and the image hasn't.
ABSENT = {
    "ServerApp": {
        "jpserver_extensions": {
            "jupyterlab_jupytext": False,
            "nbgrader.server_extensions.assignment_list": False,
            "nbgrader.server_extensions.course_list": False,
            "nbgrader.server_extensions.formgrader": False,
            "nbgrader.server_extensions.validate_assignment": False,
        }
    }
}
CONFIG = """
import os, sys
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.db_url = "sqlite:///{there}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{there}/cookie"
c.JupyterHub.cleanup_servers = False
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "{password}"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{there}/home/{{username}}"
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {{
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONPATH": "{without}",
    "JUPYTER_CONFIG_PATH": "{settings}",
    "IPYTHONDIR": lambda spawner: "{there}/home/" + spawner.user.name + "/.ipython",
}}
c.Spawner.env_keep = ["PATH", "LANG"]
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
c.JupyterHub.concurrent_spawn_limit = 40
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.auth_token = "{proxy_token}"
c.JupyterHub.services = [{{"name": "load", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [
    {{"name": "load", "services": ["load"],
      "scopes": ["admin:users", "admin:servers", "access:servers", "tokens"]}}
]
"""


def free_ports(count):
    """Return ports that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def joined(*paths):
    """Return paths as an environment variable lists them."""
    return os.pathsep.join(map(str, paths))


class Hub:
    """A hub and its proxy, two processes, so that either can be killed by itself."""

    def __init__(self, there, proxy):
        self.there, self.proxy_command = there, proxy
        self.token, self.proxy_token = secrets.token_hex(16), secrets.token_hex(16)
        self.port, self.proxy_port, self.hub_port = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        absent = there / "absent"
        absent.mkdir()
        (absent / "jupyter_server_config.json").write_text(json.dumps(ABSENT))
        for name in ("rfc3987_syntax", "debugpy"):
            (absent / f"{name}.py").write_text("raise ImportError('not in the image')\n")
        options = vars(self) | {
            "password": secrets.token_hex(16),
            "settings": joined(SETTINGS, FOR_A_HUB, absent),
            "without": joined(absent, *filter(None, [os.environ.get("PYTHONPATH")])),
        }
        (there / "config.py").write_text(CONFIG.format(**options))

    def start_proxy(self):
        """Start the proxy, which goes on while the hub is away."""
        ports = [f"--port={self.port}", f"--api-port={self.proxy_port}"]
        where = ["--ip=127.0.0.1", "--api-ip=127.0.0.1"]
        to = [f"--default-target=http://127.0.0.1:{self.hub_port}"]
        env = os.environ | {"CONFIGPROXY_AUTH_TOKEN": self.proxy_token}
        self.proxy = self._start([self.proxy_command, *where, *ports, *to], env)

    def start_hub(self):
        """Start the hub itself."""
        command = [sys.executable, "-m", "jupyterhub", "-f", str(self.there / "config.py")]
        self.hub = self._start(command, os.environ.copy())

    def _start(self, command, env):
        with open(self.there / "log", "ab") as log:
            return subprocess.Popen(command, cwd=self.there, env=env, stdout=log, stderr=log)

    def said(self):
        """The end of what hub and proxy wrote down."""
        return (self.there / "log").read_text(errors="replace")[-600:]

    async def ask(self, path, method="GET", body=None, timeout=300):
        """Ask the hub, or a user's server, with the token; return what it answers."""
        answer = await self.page(path, method, body, timeout)
        return json.loads(answer) if answer else None

    async def page(self, path, method="GET", body=None, timeout=300):
        """Return what stands at an address; an HTTPClientError where nothing does."""
        request = HTTPRequest(
            self.url + path,
            method,
            {"Authorization": f"token {self.token}"},
            body=None if body is None else json.dumps(body),
            request_timeout=timeout,
            allow_nonstandard_methods=True,
        )
        return (await AsyncHTTPClient().fetch(request)).body

    async def until_it_answers(self, path="/hub/api/", seconds=120):
        """Wait; return how long it took."""
        began = time.monotonic()
        while time.monotonic() < began + seconds:
            with contextlib.suppress(OSError, HTTPClientError):
                await self.ask(path, timeout=5)
                return time.monotonic() - began
            await asyncio.sleep(0.2)
        raise TimeoutError(f"{path} did not answer in {seconds} s: {self.said()!r}")


class Student:
    """One who opens lesson 01, runs all of it, and moves a slider."""

    def __init__(self, hub, number):
        self.hub, self.name = hub, f"student{number:02}"
        self.home = hub.there / "home" / self.name
        self.failures, self.models = [], {}

    async def come(self):
        """Log in and have a server started, with the learner's copy in its folder."""
        copy_lessons(shipped_lessons(), self.home)
        shutil.copytree(FOR_ITS_KERNELS, self.home / ".ipython" / "profile_default")
        await self.hub.ask(f"/hub/api/users/{self.name}", "POST", {})
        await self.start_server()

    async def start_server(self):
        """Ask for a server and wait until it answers."""
        with contextlib.suppress(HTTPClientError):  # it is on its way
            await self.hub.ask(f"/hub/api/users/{self.name}/server", "POST", {})
        await self.hub.until_it_answers(f"/user/{self.name}/api/status", 300)

    async def open(self):
        """Open the lesson: JupyterLab's page, the text, a kernel, a line to it."""
        await self.hub.page(f"/user/{self.name}/lab/tree/{LESSON}")
        for path in PAGE_ASKS:
            await self.hub.page(f"/user/{self.name}/{path}")
        base = f"/user/{self.name}/api"
        self.notebook = (await self.hub.ask(f"{base}/contents/{LESSON}"))["content"]
        asked = {"path": LESSON, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        session = await self.hub.ask(f"{base}/sessions", "POST", asked)
        self.kernel = session["kernel"]["id"]
        await self.connect()

    async def connect(self):
        """Open the kernel's channels."""
        address = self.hub.url.replace("http", "ws")
        where = f"{address}/user/{self.name}/api/kernels/{self.kernel}/channels"
        headers = {"Authorization": f"token {self.hub.token}"}
        self.line = await websocket_connect(
            HTTPRequest(where, headers=headers, request_timeout=300)
        )

    async def send(self, kind, content):
        """Send a message; return its id."""
        id = secrets.token_hex(8)
        header = {"msg_id": id, "msg_type": kind, "session": self.name, "username": self.name}
        header |= {"version": "5.4", "date": time.strftime("%Y-%m-%dT%H:%M:%SZ")}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        await self.line.write_message(json.dumps(message | {"channel": "shell", "buffers": []}))
        return id

    async def hear(self):
        """Return the next message as a dict."""
        raw = await asyncio.wait_for(self.line.read_message(), 900)
        if raw is None:
            raise ConnectionError("the line to the kernel was closed")
        # A message with buffers is binary: offsets first, the JSON at the first of them.
        if isinstance(raw, bytes):
            start = int.from_bytes(raw[4:8], "big")
            end = int.from_bytes(raw[8:12], "big") if raw[:4] != b"\0\0\0\1" else len(raw)
            raw = raw[start:end]
        return json.loads(raw)

    async def run(self, code):
        """Run a cell to its end; what it raised is kept."""
        id = await self.send(
            "execute_request", {"code": code, "silent": False, "allow_stdin": False}
        )
        while True:
            message = await self.hear()
            kind, content = message["header"]["msg_type"], message["content"]
            self.note(kind, content)
            if message["parent_header"].get("msg_id") != id:
                continue
            if kind == "error":
                self.failures.append(f"{content['ename']}: {content['evalue']}"[:200])
            if kind == "status" and content["execution_state"] == "idle":
                return

    def note(self, kind, content):
        """Remember which widgets there are."""
        if kind == "comm_open":
            self.models[content["comm_id"]] = content["data"].get("state", {})

    async def run_lesson(self):
        """Run all; seconds to the first cell's end and to the last's."""
        began, first = time.monotonic(), None
        for cell in self.notebook["cells"]:
            if cell["cell_type"] == "code":
                await self.run(cell["source"])
                first = first or time.monotonic() - began
        return first, time.monotonic() - began

    async def move_slider(self):
        """Move the first slider; seconds from each move to the picture that answers."""
        id, data = next(
            (id, data) for id, state in self.models.items() if (data := moves_of(state))
        )
        took = []
        for move in range(MOVES):
            began = time.monotonic()
            await self.send("comm_msg", {"comm_id": id, "data": data(0.2 + 0.06 * (move % 10))})
            while not is_picture(await self.hear()):
                pass
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.2)
        return took

    def memory(self):
        """Megabytes of this student's server and kernel; what several share is shared out (PSS)."""
        server = kernel = 0
        for process in filter(self.owns, psutil.process_iter()):
            size = process.memory_full_info().pss / 1e6
            if "ipykernel" in str(process.cmdline()):
                kernel += size
            else:
                server += size
        return server, kernel

    def owns(self, process):
        """Whether a process runs in this student's folder or serves this student."""
        with contextlib.suppress(psutil.Error):
            return Path(process.cwd()) == self.home or self.name in process.environ().get(
                "JUPYTERHUB_USER", ""
            )
        return False

    def kernel_process(self):
        """The kernel's process."""
        return next(
            p for p in psutil.process_iter() if self.owns(p) and "ipykernel" in str(p.cmdline())
        )


def moves_of(state):
    """Return what moves an explorer's first slider to a part of its range; None if it isn't one."""
    controls = state.get("spec", {}).get("controls", {})
    sliders = {
        name: control["positions"]
        for name, control in controls.items()
        if control["kind"] == "Number" and control["shown"]
    }
    if not sliders:
        return None
    name, positions = next(iter(sliders.items()))

    def move(part):
        values = {name: positions[int(part * len(positions))]}
        return {"method": "custom", "content": {"values": values, "press": secrets.token_hex(4)}}

    return move


def is_picture(message):
    """Whether a message brings a new picture."""
    if message["header"]["msg_type"] != "comm_msg":
        return False
    return "<svg" in json.dumps(message["content"]["data"].get("state", {}))


async def measure(count, proxy):
    """Print what a class of so many meets; return what came back after kills, and how soon."""
    with tempfile.TemporaryDirectory() as there:
        hub = Hub(Path(there), proxy)
        hub.start_proxy()
        hub.start_hub()
        try:
            await hub.until_it_answers()
            students = [Student(hub, number) for number in range(count)]
            began = time.monotonic()
            await asyncio.gather(*(student.come() for student in students))
            came = time.monotonic() - began
            await asyncio.gather(*(student.open() for student in students))
            ran = await asyncio.gather(*(student.run_lesson() for student in students))
            moves = await asyncio.gather(*(student.move_slider() for student in students))
            moves = [second for one in moves for second in one]
            print(row(count, came, ran, moves, students), flush=True)
            return await faults(hub, students[0])
        finally:
            end(hub, there)


def row(count, came, ran, moves, students):
    """One line of the table."""
    firsts, lasts = zip(*ran, strict=True)
    moves = sorted(1000 * seconds for seconds in moves)
    failures = [failure for student in students for failure in student.failures]
    failed = f"{len(failures)} {failures[:1]}" if failures else "0"
    server, kernel = map(statistics.mean, zip(*(s.memory() for s in students), strict=True))
    return (
        f"| {count} | {came:.0f} | {max(firsts):.1f} | {max(lasts):.0f} | "
        f"{statistics.median(moves):.0f} | {moves[int(0.9 * len(moves))]:.0f} | "
        f"{server + kernel:.0f} ({server:.0f} + {kernel:.0f}) | {failed} |"
    )


async def faults(hub, student):
    """Kill a kernel, a server and the hub; say how long each took to come back."""
    base = f"/user/{student.name}/api"
    saved = (student.home / LESSON).read_bytes()
    student.kernel_process().send_signal(signal.SIGKILL)
    began = time.monotonic()
    await asyncio.sleep(1)
    await hub.until_it_answers(f"{base}/kernels/{student.kernel}")
    await student.connect()
    await student.run("1 + 1")
    kernel = time.monotonic() - began

    server = next(
        p for p in psutil.process_iter() if student.owns(p) and "singleuser" in str(p.cmdline())
    )
    server.send_signal(signal.SIGKILL)
    began = time.monotonic()
    await asyncio.sleep(1)
    with contextlib.suppress(HTTPClientError):
        await hub.ask(f"/hub/api/users/{student.name}/server", "DELETE")
    await student.start_server()
    back = time.monotonic() - began

    hub.hub.kill()
    hub.hub.wait()
    await hub.ask(f"{base}/status")  # work goes on while the hub is away
    hub.start_hub()
    hub_back = await hub.until_it_answers()
    await hub.ask(f"{base}/status")
    kept = (student.home / LESSON).read_bytes() == saved
    return (
        f"kernel {kernel:.1f} s, server {back:.1f} s, hub {hub_back:.1f} s "
        f"(servers answered meanwhile); the saved lesson is {'whole' if kept else 'CHANGED'}"
    )


def end(hub, there):
    """End every process that was started."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if there in " ".join(process.cmdline()) or process.cwd().startswith(there):
                process.kill()
    for process in (hub.hub, hub.proxy):
        process.kill()
        process.wait()


def main():
    """Measure each number of users that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("users", nargs="+", type=int)
    parser.add_argument("--proxy", default=shutil.which("configurable-http-proxy"))
    options = parser.parse_args()
    print(
        "| users | all servers up, s | first cell, s | whole lesson, s | slider, ms: median | "
        "90th percentile | MB a student (server + kernel) | failed cells |\n|" + "---:|" * 8
    )
    after = []
    for count in options.users:
        try:
            after.append(f"{count}: {asyncio.run(measure(count, options.proxy))}")
        except Exception as error:  # the next class is measured all the same
            print(f"| {count} | {type(error).__name__}: {error} |" + " |" * 6, flush=True)
    print("\nBack after a kill:\n", *after, sep="\n")


if __name__ == "__main__":
    main()
