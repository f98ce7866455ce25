"""Which failures to publish are counted, and under which label, on either engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from services.chassis.errors import CommitFailed, FencedError, LimitExceeded, TransientError
from services.chassis.log.types import Message

Failed = Callable[[str], None]
"""Told of every transaction with messages that the log refused or whose answer was lost, with the bounded
class of the error."""


@contextmanager
def reporting(failed: Failed, messages: Sequence[Message]) -> Iterator[None]:
    """Report the error, if any, that publishing ``messages`` in this block ends with."""
    try:
        yield
    except CommitFailed as error:
        _report(failed, messages, error.cause)
        raise
    except LimitExceeded as error:
        _report(failed, messages, error.reason)
        raise
    except FencedError:
        _report(failed, messages, "fenced")
        raise
    except TransientError:
        _report(failed, messages, "unavailable")
        raise


def _report(failed: Failed, messages: Sequence[Message], error: str) -> None:
    if messages:  # a transaction of offsets alone publishes nothing
        failed(error)
