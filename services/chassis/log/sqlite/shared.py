"""What all members made from one :class:`SqliteLog` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.chassis.log.publishing import Failed
from services.chassis.log.sqlite.bell import Bell
from services.chassis.log.sqlite.database import File
from services.chassis.log.sqlite.topics import Catalog
from services.chassis.log.sqlite.upkeep import Upkeep


@dataclass(frozen=True, slots=True)
class Shared:
    """``clock_ms`` is wall-clock time in milliseconds since 1970: other processes read what it stamps."""

    file: File
    catalog: Catalog
    bell: Bell
    upkeep: Upkeep
    clock_ms: Callable[[], int]
    lease_ms: int
    failed: Failed
