"""``compose.yaml`` as data: read as Compose reads it, so that tests can check it and start it without a
Docker engine.

Only what our file uses is understood; anything else is an error rather than silently different from Compose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
FILE = DEPLOY / "compose.yaml"

_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}|(?P<other>.?))", re.DOTALL
)
_DURATION = re.compile(r"(?:(\d+)m)?(?:(\d+)s)?")


class ComposeError(ValueError):
    """The file cannot be read as Compose would read it."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One entry of ``volumes``: a named volume or a path of the host, at a path of the container."""

    source: str
    target: str
    read_only: bool

    @property
    def bind(self) -> bool:
        """Whether the source is a path, not the name of a volume."""
        return self.source.startswith((".", "/"))


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A command that says whether a container is healthy, and its pace while it starts, in seconds."""

    command: tuple[str, ...]
    start_interval_s: float
    start_period_s: float
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Service:
    """One service. ``raw`` is its interpolated YAML, for everything that is only looked at."""

    name: str
    raw: Mapping[str, Any]

    @property
    def image(self) -> str:
        return str(self.raw["image"])

    @property
    def ours(self) -> bool:
        """Whether it runs the image that this repository builds."""
        return "build" in self.raw

    @property
    def entrypoint(self) -> tuple[str, ...]:
        return _words(self.raw.get("entrypoint", ()), f"{self.name}.entrypoint")

    @property
    def command(self) -> tuple[str, ...]:
        return _words(self.raw.get("command", ()), f"{self.name}.command")

    @property
    def environment(self) -> dict[str, str]:
        found = self.raw.get("environment", {})
        for name, value in found.items():
            if not isinstance(value, str):
                raise ComposeError(f"{self.name}: {name} is not a string in YAML; quote it")
        return dict(found)

    @property
    def profiles(self) -> tuple[str, ...]:
        return tuple(self.raw.get("profiles", ()))

    @property
    def replicas(self) -> int:
        return int(self.raw.get("deploy", {}).get("replicas", 1))

    @property
    def depends_on(self) -> dict[str, str]:
        """Service → condition."""
        return {name: str(how["condition"]) for name, how in self.raw.get("depends_on", {}).items()}

    @property
    def mounts(self) -> tuple[Mount, ...]:
        found = []
        for entry in self.raw.get("volumes", ()):
            source, target, *options = str(entry).split(":")
            found.append(Mount(source, target, options == ["ro"]))
        return tuple(found)

    @property
    def tmpfs(self) -> dict[str, dict[str, str]]:
        """Path → options."""
        entries = [str(entry).partition(":") for entry in self.raw.get("tmpfs", ())]
        return {
            path: dict(option.split("=", 1) for option in options.split(",") if option)
            for path, _, options in entries
        }

    @property
    def healthcheck(self) -> Healthcheck | None:
        """None where it is missing or switched off."""
        found = self.raw.get("healthcheck", {"disable": True})
        if found.get("disable"):
            return None
        kind, *command = found["test"]
        if kind not in ("CMD", "CMD-SHELL"):
            raise ComposeError(f"{self.name}: health check of kind {kind}")
        pace = [seconds(str(found[name])) for name in ("start_interval", "start_period", "timeout")]
        return Healthcheck(tuple(command) if kind == "CMD" else ("sh", "-c", *command), *pace)

    @property
    def restarts_on_failure(self) -> int:
        """How often a container that failed is started again."""
        policy, _, times = str(self.raw.get("restart", "no")).partition(":")
        return int(times) if policy == "on-failure" else 0

    @property
    def stop_grace_s(self) -> float:
        return seconds(str(self.raw.get("stop_grace_period", "10s")))  # Compose's default


@dataclass(frozen=True, slots=True)
class Compose:
    """A whole file. ``used`` names the variables it interpolates, with their defaults (None: none)."""

    services: Mapping[str, Service]
    raw: Mapping[str, Any]
    used: Mapping[str, str | None]

    def started(self, profiles: Sequence[str] = ()) -> list[Service]:
        """The services that ``up`` starts, each after those it depends on."""
        wanted = {
            name: service
            for name, service in self.services.items()
            if service.replicas and (not service.profiles or set(service.profiles) & set(profiles))
        }
        order: list[Service] = []
        while len(order) < len(wanted):
            done = {service.name for service in order}
            ready = [
                service
                for name, service in wanted.items()
                if name not in done and set(service.depends_on) & set(wanted) <= done
            ]
            if not ready:
                raise ComposeError(f"depends_on goes round in a circle: {sorted(set(wanted) - done)}")
            order += ready
        return order


def load(text: str, variables: Mapping[str, str] | None = None) -> Compose:
    """Read a file: anchors and merges resolved, then variables put in, in values only.

    Raises:
        ComposeError: it uses a form of interpolation that ours does not need.
    """
    used: dict[str, str | None] = {}
    raw = _interpolated(yaml.safe_load(text), variables or {}, used)
    services = {name: Service(name, service) for name, service in raw["services"].items()}
    return Compose(services, raw, used)


def read_env(text: str) -> dict[str, str]:
    """``NAME=value`` lines of a ``.env`` file."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def seconds(duration: str) -> float:
    """``1m30s`` as 90."""
    match = _DURATION.fullmatch(duration)
    if not duration or match is None:
        raise ComposeError(f"duration {duration!r}")
    return 60.0 * int(match[1] or 0) + int(match[2] or 0)


def _interpolated(node: Any, variables: Mapping[str, str], used: dict[str, str | None]) -> Any:
    if isinstance(node, dict):
        return {name: _interpolated(value, variables, used) for name, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value, variables, used) for value in node]
    if not isinstance(node, str):
        return node

    def value(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        name, default = match["name"], match["default"]
        if name is None:
            raise ComposeError(f"{node!r}: write ${{NAME:-default}}, or $$ for a dollar")
        used[name] = default
        return variables.get(name) or default or ""

    return _VARIABLE.sub(value, node)


def _words(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise ComposeError(f"{where} is not a list of strings: a string would be split by a shell's rules")
    return tuple(value)
