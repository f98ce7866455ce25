"""Why a broker does not talk to us, and which setting mends it.

kafka-python 3.0.12 says "Unable to bootstrap" whatever the reason is; the reasons are those its connections
ended with.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kafka.errors as kafka_errors

SETTING = "ONRECORD_KAFKA__"
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
OTHER_NAME = ("Hostname mismatch", "IP address mismatch")
HUNG_UP = ("disconnected", "EOF occurred", "_ALERT_")
CLOSED_EARLY = "Closed before TLS handshake"
OF_FILES = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, ssl.SSLError)
OF_CONNECTIONS = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)
FILES = ("ssl_cafile", "ssl_certfile", "ssl_keyfile")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One line that begins with the setting to mend. ``final`` when trying again with the same settings
    cannot help."""

    line: str
    final: bool


def refusal(error: BaseException, configuration: Mapping[str, Any]) -> Refusal:
    """What a connection's end means.

    Args:
        error: what it ended with.
        configuration: of the client, by kafka-python's names
            (:func:`services.chassis.log.kafka.config.connection`).
    """
    protocol = configuration["security_protocol"]
    mechanism = configuration["sasl_mechanism"]
    text = str(error).removeprefix("KafkaConnectionError: ")
    if isinstance(error, kafka_errors.SaslAuthenticationFailedError):
        user = configuration["sasl_plain_username"]
        whom = f"user {user!r} with this password" if user else "this login"
        return _final(
            "SASL_PASSWORD", f"the broker refuses {whom} ({mechanism}); check it, its file, and SASL_USERNAME"
        )
    if isinstance(error, kafka_errors.UnsupportedSaslMechanismError):
        return _final("SASL_MECHANISM", f"the broker does not take {mechanism} on this listener")
    if isinstance(error, kafka_errors.IllegalSaslStateError):
        return _final(
            "SECURITY_PROTOCOL",
            f"{protocol}, but the broker takes no login on this listener: is it another port's?",
        )
    if UNTRUSTED in text:
        problem = text.partition("verify failed: ")[2].partition(" (_ssl")[0] or text
        if any(sign in text for sign in OTHER_NAME):
            return _final("BOOTSTRAP_SERVERS", f"{problem} Name the broker as its certificate does")
        return _final(
            "SSL_CAFILE",
            f"the broker's certificate is not trusted ({problem}); name the authority that signed it",
        )
    if isinstance(error, OSError) and _of_files(error):
        return _final(*_unreadable(error, configuration))
    if text.startswith("Handshake failed"):
        return _maybe(
            "SECURITY_PROTOCOL",
            f"{protocol}, but no TLS connection came about ({text}): a listener without TLS, or one that"
            " wants SSL_CERTFILE?",
        )
    if isinstance(error, kafka_errors.KafkaProtocolError):
        return _maybe(
            "SECURITY_PROTOCOL",
            f"{protocol}, but the answer is not Kafka's: a listener with TLS, or another program's port?",
        )
    if any(sign in text for sign in HUNG_UP):
        # with TLS 1.3 a client hears only after its handshake that its certificate is missing, or that the
        # broker does not take it
        certificate = " Or does it want SSL_CERTFILE?" if protocol.endswith("SSL") else ""
        return _maybe(
            "SECURITY_PROTOCOL",
            f"the broker hangs up on {protocol}: is that what this listener speaks?{certificate}",
        )
    return _maybe("BOOTSTRAP_SERVERS", f"{','.join(configuration['bootstrap_servers'])}: no answer ({text})")


def _of_files(error: OSError) -> bool:
    """Whether a file of ours cannot be used. All else may pass: no route, names that are not known yet, the
    broker's hanging up before TLS begins, as one that is just starting does."""
    return (
        isinstance(error, OF_FILES)
        and not isinstance(error, OF_CONNECTIONS)
        and CLOSED_EARLY not in str(error)
    )


def _unreadable(error: OSError, configuration: Mapping[str, Any]) -> tuple[str, str]:
    """The client's error does not name the file: it is the first one that cannot be opened, else one that is
    no PEM."""
    named = [(name, configuration[name]) for name in FILES if configuration[name]]
    for name, path in named:
        try:
            Path(path).open("rb").close()
        except OSError as problem:
            return name.upper(), f"{path}: cannot be read ({problem.strerror})"
    return (
        " or ".join(name.upper() for name, _ in named) or "SSL_CAFILE",
        f"cannot be used ({error}); PEM files are needed",
    )


def _final(setting: str, problem: str) -> Refusal:
    return Refusal(f"{SETTING}{setting}: {problem}", final=True)


def _maybe(setting: str, problem: str) -> Refusal:
    return Refusal(f"{SETTING}{setting}: {problem}", final=False)
