"""Messages of a kernel go to the page without waiting for each other's acknowledgement."""

import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

from course.command.lab import SETTINGS
from downhill_jupyter import prompt


class Connection:
    """What a Jupyter server makes for each kernel that a page is connected to."""

    def __init__(self, handler):
        self.websocket_handler = handler

    def connect(self):
        return "connected"


class Handler(WebSocketHandler):
    """A websocket that says of its connection what was returned, and what TCP was told."""

    def open(self):
        returned = self.settings["kernel_websocket_connection_class"](self).connect()
        stream = self.ws_connection.stream.socket
        delays = not stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        self.write_message(f"{returned}, {'with' if delays else 'without'} delay")


def said_by(application):
    async def ask():
        server = HTTPServer(application)
        listening, port = bind_unused_port()
        server.add_socket(listening)
        page = await websocket_connect(f"ws://127.0.0.1:{port}/")
        said = await page.read_message()
        page.close()
        server.stop()
        return said

    return IOLoop(make_current=False).run_sync(ask)


def test_every_kernels_messages_are_sent_at_once_and_only_with_the_extension():
    application = Application([("/", Handler)], kernel_websocket_connection_class=Connection)
    assert said_by(application) == "connected, with delay"
    prompt._load_jupyter_server_extension(SimpleNamespace(web_app=application))
    assert said_by(application) == "connected, without delay"


def test_the_servers_that_downhill_starts_have_the_extension(tmp_path):
    env = os.environ | {"JUPYTER_CONFIG_PATH": str(SETTINGS), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "jupyter", "server", "--show-config-json"]
    shown = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    extensions = json.loads(shown)["ServerApp"]["jpserver_extensions"]
    assert f"'{prompt.__name__}': True" in extensions
    assert prompt._jupyter_server_extension_points() == [{"module": prompt.__name__}]


def test_extensions_load_nothing_of_the_course_into_a_server():
    loaded = """
import sys, downhill_jupyter.prompt, downhill_jupyter.sparing

print(sys.modules.keys() & {'course', 'numpy', 'autograd'})
"""
    shown = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "set()\n"
