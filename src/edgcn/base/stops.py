"""Ctrl-C and its like: a command ends in one line, whatever it was in the middle of.

SIGINT, SIGTERM, SIGHUP -> one KeyboardInterrupt, even where Python could only have printed it
"""

import os
import signal
import sys
import threading
import time

STOPS = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
REPEATED = 1.0  # seconds in which a second signal is the same request as the first

signals: list[int] = []  # that came, even where an import made another error of one
_came = -REPEATED  # when the last one did


def listen() -> None:
    """From here on these signals end the command; not those that are ignored, as by `nohup`."""
    for number in STOPS:
        if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
            signal.signal(number, stop)
    sys.unraisablehook = stop_again


def leave() -> None:
    """From here on they end the process, without a traceback."""
    for number in STOPS:
        if signal.getsignal(number) is stop:
            signal.signal(number, signal.SIG_DFL)


def stop(number: int, frame: object) -> None:
    """End as Ctrl-C does, whatever the signal: unfinished files and folders are removed."""
    global _came
    now, before = time.monotonic(), _came
    signals.append(number)
    if now - before >= REPEATED:
        _came = now
        raise KeyboardInterrupt


def stop_again(unraisable: "sys.UnraisableHookArgs") -> None:
    """Where Python could only have printed it, as in a callback from C, it soon comes again."""
    global _came
    if not signals:
        sys.__unraisablehook__(unraisable)
    elif issubclass(unraisable.exc_type, KeyboardInterrupt):
        _came = time.monotonic()  # what comes before the timer does is the same request
        threading.Timer(0.01, _ask_again).start()


def _ask_again() -> None:
    global _came
    _came = -REPEATED  # this time it is no repetition
    os.kill(os.getpid(), signals[-1])
