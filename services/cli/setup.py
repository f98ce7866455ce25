"""What every command needs: settings, logging, metrics, the log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.chassis import logging, settings
from services.chassis.build import REVISION_VARIABLE, build_labels
from services.chassis.errors import SettingsError
from services.chassis.log.open import open_log
from services.chassis.metrics import Metrics
from services.chassis.otel import open_spans
from services.chassis.service import Context
from services.chassis.settings import CONFIG_VARIABLE, PREFIX, Settings


def load(*, interactive: bool = False, serving: bool = False, **overrides: Any) -> Settings:
    """Settings from all sources, with logging configured by them.

    ``interactive`` commands show progress and results themselves: they log warnings only, unless a level is
    set. One that goes on ``serving`` does so on a terminal only: elsewhere its log is all that can be seen of
    it.

    Raises:
        SettingsError: one line per mistake, a misspelt ``ONRECORD_…`` variable included.
    """
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    problems = [
        f"{variable}: no such setting; `onrecord config show` lists them all"
        for variable in sorted(os.environ)
        if variable.startswith(PREFIX)
        and variable not in (CONFIG_VARIABLE, REVISION_VARIABLE, PREFIX + "FAILPOINT")
        and variable.split("__")[0].upper() not in known
    ]
    try:
        found = settings.load(**overrides)
    except SettingsError as error:
        raise SettingsError(error.problems + problems) from error
    if problems:
        raise SettingsError(problems)
    shown = interactive and (not serving or sys.stderr.isatty())
    quiet = shown and "log_level" not in found.ops.model_fields_set
    logging.configure(found.ops.model_copy(update={"log_level": "warning"}) if quiet else found.ops)
    return found


@contextmanager
def context(found: Settings, service: str, *, begin_log: bool = False) -> Iterator[Context]:
    """A context with the log open, closed at the end. ``begin_log`` as
    :func:`services.chassis.log.open.open_log` takes it."""
    logging.name_process(service)
    metrics = Metrics(process=True)
    metrics.gauge("build_info", service=service, **build_labels()).set(1)
    with open_spans(found, service) as spans, open_log(found, metrics, service, begin=begin_log) as log:
        yield Context(found, log, metrics, spans=spans)
