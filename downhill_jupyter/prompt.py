"""What a kernel sends reaches the page at once: an extension of the Jupyter server.

The server leaves TCP's default on for its websockets: a small message waits until the page has
acknowledged the one before, and the page's system takes up to 40 ms for that (Nagle's algorithm,
RFC 896, against delayed acknowledgements). A kernel sends three small messages for each move of a
slider.
"""


def _jupyter_server_extension_points():
    return [{"module": __name__}]


def _load_jupyter_server_extension(server):
    """Send the messages of every kernel without delay, however they come to the server."""
    settings, name = server.web_app.settings, "kernel_websocket_connection_class"

    class Prompt(settings[name]):
        def connect(self):
            self.websocket_handler.set_nodelay(True)
            return super().connect()

    settings[name] = Prompt
