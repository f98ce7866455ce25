"""What an error of the client means to us."""

from __future__ import annotations

import kafka.errors as kafka_errors

from services.chassis.errors import CommitFailed, FencedError, LimitExceeded, OnrecordError, TransientError

FENCED = (
    kafka_errors.ProducerFencedError,
    kafka_errors.InvalidProducerEpochError,
    kafka_errors.FencedInstanceIdError,
)
UNAUTHORISED = (kafka_errors.AuthorizationError, kafka_errors.SaslAuthenticationFailedError)
TOO_LARGE = (kafka_errors.MessageSizeTooLargeError, kafka_errors.RecordListTooLargeError)

_CAUSES: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
    ("timeout", (kafka_errors.KafkaTimeoutError, kafka_errors.RequestTimedOutError)),
    (
        "membership",
        (
            kafka_errors.CommitFailedError,
            kafka_errors.IllegalGenerationError,
            kafka_errors.UnknownMemberIdError,
            kafka_errors.RebalanceInProgressError,
        ),
    ),
    ("disconnected", (kafka_errors.KafkaConnectionError,)),
    ("aborted", (kafka_errors.TransactionAbortedError,)),
    ("unavailable", (kafka_errors.RetriableError,)),
    ("rejected", (kafka_errors.BrokerResponseError,)),
)


def cause(error: BaseException) -> str:
    """A bounded label for metrics: ``timeout``, ``membership``, ``disconnected``, ``aborted``,
    ``unavailable``, ``rejected`` or ``client``."""
    return next((label for label, kinds in _CAUSES if isinstance(error, kinds)), "client")


def commit_error(error: BaseException, doing: str) -> OnrecordError:
    """The error to raise when a transaction failed with ``error``."""
    if isinstance(error, TOO_LARGE):
        return LimitExceeded(f"{doing}: {_text(error)}", stage="produce", reason="too_large")
    return _owner_error(error, doing) or CommitFailed(f"{doing}: {_text(error)}", cause=cause(error))


def log_error(error: BaseException, doing: str) -> OnrecordError:
    """The error to raise when anything but a transaction failed with ``error``."""
    return _owner_error(error, doing) or TransientError(f"{doing}: {_text(error)}")


def _owner_error(error: BaseException, doing: str) -> FencedError | None:
    if isinstance(error, FENCED):
        return FencedError(
            f"{doing}: another process owns this slot now ({type(error).__name__}); give each replica its own"
            " ONRECORD_LOG__INSTANCE"
        )
    if isinstance(error, UNAUTHORISED):
        return FencedError(
            f"{doing}: not allowed ({_text(error)}); check the ONRECORD_KAFKA__SASL_… settings and the"
            " broker's rules"
        )
    return None


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
