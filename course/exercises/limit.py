"""A loop that never ends is ended: a time limit for somebody else's code.

Python runs a signal's handler between two instructions of its main thread. A watching thread asks
for the handler of Ctrl-C (`interrupt_main` does so on Linux, macOS and Windows alike), and the
handler raises `TimeIsUp`, but only while the limited code is what runs: it looks at the frame that
it interrupts. So nothing can arrive late, however close to the limit the code ends.

What cannot be ended this way: a loop that catches every exception (a bare `except:`), and a single
call into compiled code that does not come back. They need the stop button, or a restart.
"""

import _thread
import signal
import sys
import threading

AGAIN = 0.05  # seconds between two interrupts, for code that swallowed the first


class TimeIsUp(BaseException):
    """The code ran longer than it may. No `Exception`, so that `except Exception` lets it pass."""


def within(seconds, call):
    """Return `call()`; raise `TimeIsUp` inside it when it takes longer than `seconds`.

    Where there is no signal handler to borrow (outside the main thread, without threads), the call
    runs without a limit. A Ctrl-C before the limit does what it always does.
    """
    before = signal.getsignal(signal.SIGINT)
    on_press = _ignore if before is signal.SIG_IGN else before  # ignored by a job in background
    if threading.current_thread() is not threading.main_thread() or not callable(on_press):
        return call()

    here = sys._getframe()
    late, pressed, armed = [], [], [True]
    firing, running = _thread.allocate_lock(), _thread.allocate_lock()

    def handler(signum, frame):
        inside = _is_below(frame, here)
        if late and inside:
            raise TimeIsUp
        if not late and inside:
            on_press(signum, frame)
        elif not late:
            pressed.append(True)

    def watch():
        wait = seconds
        while not running.acquire(timeout=wait):
            with firing:
                if armed:
                    late.append(True)
                    _thread.interrupt_main()
            wait = AGAIN

    # From here on this frame runs nothing but C functions, the call excepted: an interrupt in
    # this frame itself is never raised.
    running.acquire()
    signal.signal(signal.SIGINT, handler)
    try:
        _thread.start_new_thread(watch, ())
        return call()
    finally:
        firing.acquire()
        armed.clear()
        firing.release()
        signal.signal(signal.SIGINT, before)  # first runs what is pending, with the old handler
        running.release()
        here = None
        if pressed:
            on_press(signal.SIGINT, None)


def _ignore(signum, frame):
    """What a process does with a Ctrl-C that it ignores."""


def _is_below(frame, top):
    """Whether `frame` was called, directly or not, by the frame `top`."""
    frame = frame.f_back if frame is not None and frame is not top else None
    while frame is not None and frame is not top:
        frame = frame.f_back
    return frame is not None
