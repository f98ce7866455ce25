"""The process that parses pages, so that a page that breaks the parser breaks only this process.

Run by :mod:`services.extract.text.html` as a script: it imports nothing of onrecord. Frames on standard input and output are a
4-byte big-endian length and that many bytes: a page in UTF-8 in, a JSON object out (``text``, ``title``, ``date``, or ``error``).
Arguments: seconds per page, megabytes the address space may grow by.
"""

from __future__ import annotations

import json
import resource
import signal
import struct
import sys
from pathlib import Path
from typing import BinaryIO

from trafilatura import bare_extraction

_MEGABYTE = 1 << 20
_NEARLY = 0.95  # of the limit: an empty result at this size means that the parser gave up for want of memory


def main() -> None:
    """Answer frames until standard input ends."""
    seconds, megabytes = float(sys.argv[1]), int(sys.argv[2])
    limit = _address_space() + megabytes * _MEGABYTE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    _send(answers, {"ready": True})
    while (page := _receive(requests)) is not None:
        # The parent kills a worker that is late; the timer is for a worker whose parent died.
        signal.setitimer(signal.ITIMER_REAL, 2 * seconds)
        try:
            answer = _read(page.decode("utf-8", "replace"), limit)
        except MemoryError:
            answer = {"error": "memory"}
        except RecursionError:
            answer = {"error": "depth"}
        except Exception as error:  # noqa: BLE001 - the parser may raise anything; the reader of the answer reports it
            # only the type: the message may quote the page
            answer = {"error": type(error).__name__}
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, answer)


def _read(html: str, limit: int) -> dict[str, object]:
    found = bare_extraction(html, include_comments=False, include_tables=False, with_metadata=True)
    if found is None:
        return {"error": "memory"} if _peak() > _NEARLY * limit else {"text": ""}
    document = found if isinstance(found, dict) else found.as_dict()
    return {name: document.get(name) for name in ("text", "title", "date")}


def _address_space() -> int:
    """Bytes of address space in use, 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[0]) * resource.getpagesize() if statm.exists() else 4 << 30


def _peak() -> int:
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    line = next((line for line in status.read_text().splitlines() if line.startswith("VmPeak:")), "VmPeak: 0 kB")
    return int(line.split()[1]) * 1024


def _receive(stream: BinaryIO) -> bytes | None:
    header = stream.read(4)
    if len(header) < 4:
        return None
    (length,) = struct.unpack(">I", header)
    body = stream.read(length)
    return body if len(body) == length else None


def _send(stream: BinaryIO, answer: dict[str, object]) -> None:
    body = json.dumps(answer).encode()
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    main()
