"""The services under fire: started, killed, stopped, continued, and started again when they die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.chassis.devkafka.broker import killed_with_parent
from tests.faults.campaign.sabotage import VICTIMS
from tests.support.patience import until
from tests.support.pipeline import Pipeline


@dataclass
class Member:
    """One slot of one service, and the process in it."""

    service: str
    slot: str
    process: subprocess.Popen[bytes]
    armed: str = ""
    held: bool = False
    ending: bool = False
    contested: bool = False
    """Whether a process that stood still has been awake in the same slot: each may fence the other before
    either learns of it, and then both end, at once or one after the other, and the next one has the slot."""

    @property
    def name(self) -> str:
        """The service and its slot."""
        return f"{self.service}-{self.slot}"

    def stopped(self) -> bool:
        """Whether the process stands still."""
        with suppress(OSError):
            state = (
                Path(f"/proc/{self.process.pid}/stat")
                .read_text(encoding="ascii")
                .rpartition(")")[2]
                .split()[0]
            )
            return state in ("T", "t")
        return False


@dataclass(frozen=True)
class Death:
    """A process that ended: by the failpoint it was armed with, as asked, or for a reason of its own."""

    member: str
    at: float
    code: int
    armed: str
    asked: bool


@dataclass
class Fleet:
    """All processes. Used from the main thread only: a child dies with the thread that started it."""

    pipeline: Pipeline
    sabotage: str = ""
    members: dict[str, Member] = field(default_factory=dict)
    zombies: list[Member] = field(default_factory=list)
    deaths: list[Death] = field(default_factory=list)

    def start(self, service: str, slot: str = "0", *, failpoint: str = "", hold: int = 0) -> Member:
        """Start a service in a slot."""
        options = ["--hold", str(hold)] if hold else []
        if self.sabotage and service == VICTIMS.get(self.sabotage, "extract"):
            options += ["--sabotage", self.sabotage]
        environment = {**self.pipeline.environment, "ONRECORD_LOG__INSTANCE": slot}
        if failpoint:
            environment["ONRECORD_FAILPOINT"] = failpoint
        name = f"{service}-{slot}"
        with (self.pipeline.folder / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.campaign.launch", *options, "service", service],
                env=environment, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                start_new_session=True, preexec_fn=killed_with_parent(),
            )  # fmt: skip
        self.members[name] = Member(service, slot, process, armed=failpoint)
        return self.members[name]

    def kill(self, member: Member, *, failpoint: str = "") -> None:
        """SIGKILL, and start again, armed with a failpoint if one is given."""
        _end(member.process)
        self._died(member, asked=True)
        self.start(member.service, member.slot, failpoint=failpoint)

    def stop(self, member: Member) -> None:
        """SIGTERM; it is started again when it has ended."""
        member.ending = True
        member.process.terminate()

    def retire(self, name: str) -> None:
        """SIGTERM, for good. A process that stood still and whose slot was given away goes too: nobody else
        has that slot from now on, so nothing would fence it, and rightly."""
        member = self.members.pop(name)
        for zombie in self.zombies:
            if zombie.name == name:
                zombie.process.terminate()
        member.process.terminate()
        until(lambda: member.process.poll() is not None, f"{name} to end")
        self._died(member, asked=True)

    def pause(self, member: Member) -> None:
        """SIGSTOP."""
        member.held = True
        os.killpg(member.process.pid, signal.SIGSTOP)

    def replace(self, member: Member) -> Member:
        """Start another process in the slot of one that stands still, as an orchestrator would; returns the
        new one."""
        self.zombies.append(member)
        return self.start(member.service, member.slot)

    def resume(self, member: Member) -> None:
        """SIGCONT."""
        member.held = False
        with suppress(ProcessLookupError):
            os.killpg(member.process.pid, signal.SIGCONT)

    def watch(self) -> list[Death]:
        """Start again what has ended; returns what it was."""
        found = []
        for zombie in self.zombies:
            if not zombie.held and zombie.name in self.members:
                self.members[zombie.name].contested = True
        for member in list(self.members.values()):
            if member.process.poll() is not None:
                found.append(self._died(member, asked=member.ending or member.contested))
                self.start(member.service, member.slot)
        for member in list(self.zombies):
            if member.process.poll() is not None:
                self.zombies.remove(member)
                found.append(self._died(member, asked=True))
        return found

    def tail(self, name: str) -> str:
        """The end of a member's output."""
        file = self.pipeline.folder / f"{name}.log"
        return file.read_text(errors="replace")[-3000:] if file.exists() else ""

    def close(self) -> None:
        """Kill what is left, whatever state it is in."""
        for member in [*self.members.values(), *self.zombies]:
            _end(member.process)
        self.members.clear()
        self.zombies.clear()

    def _died(self, member: Member, *, asked: bool) -> Death:
        death = Death(member.name, time.monotonic(), member.process.returncode, member.armed, asked)
        self.deaths.append(death)
        return death


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
