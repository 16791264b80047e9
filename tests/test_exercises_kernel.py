"""In a real kernel: an endless answer is ended, the stop button works, and the kernel lives."""

import time

import pytest
from jupyter_client.manager import start_new_kernel

SETUP = """\
from course.exercises import check

def forever(prediction, y):
    while True:
        pass
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A running kernel in a folder of its own, and a client of it."""
    manager, client = start_new_kernel(cwd=str(tmp_path_factory.mktemp("learner")))
    client.manager = manager
    run(client, SETUP)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client, source, interrupt_after=None):
    """Run a cell; return its result's text or the name of its error."""
    said = []

    def listen(message):
        kind, content = message["msg_type"], message["content"]
        if kind == "execute_result":
            said.append(content["data"]["text/plain"])
        elif kind == "error":
            said.append(content["ename"])
        elif kind == "status" and content["execution_state"] == "busy" and interrupt_after:
            time.sleep(interrupt_after)
            client.manager.interrupt_kernel()

    client.execute_interactive(source, output_hook=listen, timeout=60)
    return said


def test_an_endless_answer_is_ended_and_the_kernel_lives(client):
    (feedback,) = run(client, 'check("01-mse", forever)')
    assert feedback.startswith("✗ Stopped · 01-mse")
    assert feedback.splitlines()[-1] in ("line 4:  while True:", "line 5:  pass")
    assert run(client, "1 + 1") == ["2"]


def test_the_stop_button_ends_a_check(client):
    assert run(client, 'check("01-mse", forever)', interrupt_after=0.5) == ["KeyboardInterrupt"]
    assert run(client, "1 + 1") == ["2"]


def test_the_stop_button_works_as_before_after_a_check(client):
    run(client, 'check("01-mse", lambda prediction, y: 0)')
    assert run(client, "while True: pass", interrupt_after=0.5) == ["KeyboardInterrupt"]
    assert run(client, "1 + 1") == ["2"]


def test_after_a_syntax_error_the_answer_of_before_is_not_judged(client):
    run(client, "def my_mse(prediction, y):\n    return 0")
    (name,) = run(client, "def my_mse(prediction, y):\n    return (0")
    assert name in ("SyntaxError", "_IncompleteInputError")  # the second from Python 3.13 on
    (feedback,) = run(client, 'check("01-mse", my_mse)')
    assert "The cell above didn't run: Python can't read its line 2 (`SyntaxError: " in feedback
    run(client, "import numpy as np\ndef my_mse(prediction, y):\n    return np.sum(prediction - y)")
    (feedback,) = run(client, 'check("01-mse", my_mse)')
    assert "The cell above" not in feedback


def test_a_syntax_error_elsewhere_says_nothing_about_an_answer(client):
    run(client, "my_rate = 1e-4")
    run(client, "other = (")
    (feedback,) = run(client, 'check("01-rate", my_rate)')
    assert "It converges, but" in feedback
    run(client, "my_rate = (3e-4")
    (feedback,) = run(client, 'check("01-rate", 2e-4)')
    assert "It converges, but" in feedback, "another answer was given"
