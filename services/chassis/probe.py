"""Is the service in this container well? ``python -m services.chassis.probe`` asks the ops endpoint and ends
with 0 or 1.

For an image's health check, which runs every few seconds in every container: it loads the standard library
only, a tenth of the processor time that the command line needs to start, unless a configuration file has to
be read.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from http import HTTPStatus

TIMEOUT_S = 4.0
"""An endpoint that takes longer is not well; below the five seconds that the image's health check allows."""

DEFAULT_PORT = 9464
"""Of the settings' ``ops.port``, which this module must not load."""

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not listened on


def ask(host: str, port: int, path: str) -> str:
    """Why the process that listens there is unwell; empty when it is well.

    Args:
        host: as listened on; all addresses are asked over loopback.
        port: of the ops endpoint.
        path: ``/readyz`` or ``/livez``.
    """
    address = ANY_ADDRESS.get(host, host)
    connection = http.client.HTTPConnection(address, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return (
            f"no answer from {address}:{port}{path} ({error or type(error).__name__}): is ONRECORD_OPS__PORT"
            " the service's port?"
        )
    finally:
        connection.close()
    return "" if answer.status == HTTPStatus.OK else f"{path} answers {answer.status}: {_reasons(body)}"


def _reasons(body: bytes) -> str:
    try:
        return "; ".join(json.loads(body)["reasons"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")


def main() -> None:
    """Ask ``/readyz``; end with 0, or with one line on standard error and 1."""
    reason = ask(*_endpoint(), "/readyz")
    if reason:
        sys.exit(f"onrecord: {reason}")


def _endpoint() -> tuple[str, int]:
    if os.environ.get("ONRECORD_CONFIG"):
        from services.chassis import settings  # half a second of processor time, needed by few

        ops = settings.load().ops
        return ops.host, ops.port
    return os.environ.get("ONRECORD_OPS__HOST", "127.0.0.1"), int(
        os.environ.get("ONRECORD_OPS__PORT", DEFAULT_PORT)
    )


if __name__ == "__main__":
    main()
