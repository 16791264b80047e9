"""An endless loop is ended, and no interrupt arrives when it isn't expected any more."""

import contextlib
import functools
import itertools
import signal
import sys
import threading
import time

import pytest

from course.exercises.limit import TimeIsUp, within

SHORT = 0.05


def forever():
    while True:
        pass


def swallow_exceptions():
    while True:
        with contextlib.suppress(Exception):
            time.sleep(0.001)


def count_without_end():
    numbers = []
    for n in itertools.count():
        numbers.append(n)
        del numbers[:-10]


def recurse_and_loop(depth=50):
    while True:
        if depth:
            recurse_and_loop(depth - 1)


def generate():
    def numbers():
        while True:
            yield 1

    for _ in numbers():
        pass


def sort():
    [1].sort(key=lambda _: forever())


LOOPS = [forever, swallow_exceptions, count_without_end, recurse_and_loop, generate, sort]


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: loop.__name__)
def test_a_loop_without_end_is_ended(loop):
    start = time.perf_counter()
    with pytest.raises(TimeIsUp):
        within(SHORT, loop)
    assert SHORT <= time.perf_counter() - start < 5


def test_a_loop_that_swallows_the_first_interrupts_is_ended_by_a_later_one():
    swallowed = []

    def stubborn():
        while True:
            try:
                forever()
            except BaseException as error:
                swallowed.append(error)
                if len(swallowed) > 3:
                    raise

    with pytest.raises(TimeIsUp):
        within(SHORT, stubborn)
    assert len(swallowed) == 4


def test_what_ends_in_time_gives_its_result_or_its_exception():
    assert within(5, lambda: 42) == 42
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)


def test_the_handler_of_ctrl_c_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    within(5, lambda: None)
    with pytest.raises(TimeIsUp):
        within(SHORT, forever)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.fixture
def hasty_threads():
    """The watching thread gets its turn at once, and so fires close to the limit."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_no_interrupt_arrives_after_the_end():
    """Calls that end just about when the limit does, hundreds of times, more on a busy machine."""
    ended, limit, repetition = {"in time": 0, "late": 0}, 0.002, 0
    while repetition < 600 or (min(ended.values()) <= 20 and repetition < 20_000):
        until = time.perf_counter() + limit + (repetition % 40 - 10) * 5e-5
        try:
            within(limit, lambda until=until: work(until))
            ended["in time"] += 1
        except TimeIsUp:
            ended["late"] += 1
        repetition += 1
        work(time.perf_counter() + 0.0002)  # a late interrupt would be raised here
    work(time.perf_counter() + 0.2)
    assert min(ended.values()) > 20, ended


def work(until):
    while time.perf_counter() < until:
        pass


def test_an_interrupt_that_comes_when_the_code_has_just_ended_is_dropped():
    """A single C call can't be interrupted: the handler runs when it is back, and too late."""
    assert within(0.01, functools.partial(time.sleep, 0.15)) is None
    work(time.perf_counter() + 0.1)


def test_a_limit_inside_a_limit():
    def inner():
        with pytest.raises(TimeIsUp):
            within(SHORT, forever)
        return "went on"

    assert within(10, inner) == "went on"


def test_the_stop_button_still_stops():
    """A Ctrl-C before the limit is a Ctrl-C."""
    # Which a shell lets a job in the background ignore, and these tests may be one.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def stopped():
        signal.raise_signal(signal.SIGINT)
        forever()

    try:
        with pytest.raises(KeyboardInterrupt):
            within(30, stopped)
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_there_is_no_limit_and_no_failure():
    results = []
    thread = threading.Thread(target=lambda: results.append(within(SHORT, lambda: 42)))
    thread.start()
    thread.join()
    assert results == [42]


def test_no_thread_is_left_behind():
    def ours():
        return [f for f in sys._current_frames().values() if f.f_code.co_name == "watch"]

    for _ in range(5):
        within(30, lambda: None)
    deadline = time.perf_counter() + 5
    while ours() and time.perf_counter() < deadline:
        time.sleep(0.01)
    assert ours() == []


def test_a_job_in_the_background_which_ignores_ctrl_c_is_limited_too():
    """A shell starts it so, for instance when a course is graded at night."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(TimeIsUp):
            within(SHORT, functools.partial(time_out_after, 2.0))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def time_out_after(seconds):
    """A loop that would end by itself, so that a broken limit fails a test and doesn't hang it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
