"""Every error the chassis raises, in one tree.

::

    OnrecordError
    ├── SettingsError            wrong configuration; exit code 2
    ├── PoisonError              this record can never succeed: dead-letter it and go on
    │   └── LimitExceeded        it breaks a size, time or nesting limit
    ├── TransientError           try again: it may succeed later
    │   └── CommitFailed         the transaction did not (surely) happen: recover, then replay the batch
    ├── FencedError              somebody else owns this slot: stop, do not recover
    │   └── GroupInUse           the embedded log's group has a live consumer already
    ├── DeadLetterLimit          too much poison: stop rather than drain the topic into the dead letters
    ├── TopicMissing             a topic was never created
    ├── LogUnreadable            the embedded log's file is damaged, not a log, or of another version
    └── StageStopped             asked to stop in the middle of a batch
"""

from __future__ import annotations


class OnrecordError(Exception):
    """Base of all errors raised on purpose."""


class SettingsError(OnrecordError):
    """Wrong configuration. ``problems`` holds one clear line per mistake."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class PoisonError(OnrecordError):
    """A record that can never succeed.

    Args:
        message: what is wrong, naming the article where it is known.
        stage: where it failed: ``decode``, ``validate``, ``extract``, ``apply``, …
        reason: a short, bounded label for metrics, for example ``not_json``.
    """

    def __init__(self, message: str, *, stage: str, reason: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.reason = reason


class LimitExceeded(PoisonError):
    """A record that breaks a limit on size, time, memory or nesting."""


class TransientError(OnrecordError):
    """Something that may work later: retried with backoff, dead-lettered when attempts are exhausted."""


class CommitFailed(TransientError):
    """The batch's transaction failed or its outcome is unknown. ``cause`` is a bounded label for metrics."""

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


class FencedError(OnrecordError):
    """Another process took over this slot; going on would be wrong."""


class GroupInUse(FencedError):
    """The embedded log allows one live consumer per group and there is one already."""


class DeadLetterLimit(OnrecordError):
    """Too many records in a row, or too large a share of them, are poison: a person must look."""


class TopicMissing(OnrecordError):
    """A topic does not exist; ``onrecord topics create`` makes it."""


class LogUnreadable(OnrecordError):
    """The embedded log's file cannot be used: damaged, not an event log, or written by another version."""


class StageStopped(OnrecordError):
    """The stage was asked to stop while it waited to retry."""
