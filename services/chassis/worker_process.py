"""The child's side of :mod:`services.chassis.worker`: answers requests until its standard input ends.

Run as a script, in isolated mode, with the folder that onrecord is imported from, the function that makes the
work, that function's argument, seconds per request, and megabytes the address space may grow by. Frames on
standard input and output are a 4-byte big-endian length and that many bytes; an answer's first byte says what
it is (``+`` done, ``!`` failed, followed by the error's class and message, a line each, and its traceback).
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import struct
import sys
import traceback
from pathlib import Path
from typing import BinaryIO

_MEGABYTE = 1 << 20


def main() -> None:
    """Make the work, say so, then work."""
    root, made_by, argument, seconds, megabytes = sys.argv[1:]
    sys.path.insert(0, root)
    # these reach every process of a terminal or a control group; when to end is the parent's to say
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # frames have a descriptor of their own: what a library prints must not stand between them
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    module, _, name = made_by.partition(":")
    try:
        work = getattr(importlib.import_module(module), name)(argument)
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must say why nothing is read
        _send(answers, b"!", f"{type(error).__name__}\n{error}")
        return
    limit = _address_space() + int(megabytes) * _MEGABYTE
    # the soft limit only: the work may start a worker of its own, which inherits it and sets another
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(
        resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard)
    )
    _send(answers, b"+", "")
    while (request := _receive(requests)) is not None:
        # The parent kills a worker that is late; the timer, whose signal needs no Python, is for a worker
        # whose parent died.
        signal.setitimer(signal.ITIMER_REAL, 2 * float(seconds))
        try:
            kind, answer = b"+", work(request)
        except Exception as error:  # noqa: BLE001 - anything may come of a hostile input; whoever reads the answer reports it
            cause = "MemoryError" if nearly_full() else type(error).__name__
            kind, answer = b"!", f"{cause}\n{error}\n{traceback.format_exc()}"
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, kind, answer)


def nearly_full(share: float = 0.95) -> bool:
    """Whether this process came near its limit of memory: a library that gave up for want of it may not say
    so."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    status = Path("/proc/self/status")
    if limit == resource.RLIM_INFINITY or not status.exists():
        return False
    line = next(
        (line for line in status.read_text().splitlines() if line.startswith("VmPeak:")), "VmPeak: 0 kB"
    )
    return int(line.split()[1]) * 1024 > share * limit


def _address_space() -> int:
    """Bytes of address space in use, a generous guess where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 4 << 30


def _receive(stream: BinaryIO) -> bytes | None:
    header = stream.read(4)
    if len(header) < 4:
        return None
    (length,) = struct.unpack(">I", header)
    body = stream.read(length)
    return body if len(body) == length else None


def _send(stream: BinaryIO, kind: bytes, answer: bytes | str) -> None:
    body = kind + (answer.encode("utf-8", "replace") if isinstance(answer, str) else answer)
    stream.write(struct.pack(">I", len(body)))
    stream.write(body)
    stream.flush()


if __name__ == "__main__":
    main()
