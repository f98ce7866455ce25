"""The stage loop: read a batch, turn each record into outputs or a dead letter, commit all of it or
nothing."""

from services.chassis.stage.dead_letters import DeadLetter, dead_letter, read_dead_letter
from services.chassis.stage.handled import Handled, Handler
from services.chassis.stage.loop import StageLoop
from services.chassis.stage.service import StageService
from services.chassis.stage.session import LogSession, Session, Sink, SinkSession

__all__ = [
    "DeadLetter", "Handled", "Handler", "LogSession", "Session", "Sink", "SinkSession", "StageLoop", "StageService",
    "dead_letter", "read_dead_letter",
]  # fmt: skip
