"""Templates and what they are given to render with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.query.text import segment, shorten, visible, web_address

HERE = Path(__file__).parent
STATIC = HERE / "static"


def _finalize(value: Any) -> Any:
    """Every piece of text a template prints goes through :func:`visible` (and is escaped after)."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def when(moment: datetime | None) -> Markup:
    """A moment in UTC as a ``time`` element."""
    if moment is None:
        return Markup('<span class="muted">no date</span>')
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc.day} {utc:%b} {utc.year}, {utc:%H:%M} UTC"
    )


def day(moment: datetime | None) -> Markup:
    """The day of a moment, in UTC, as a ``time`` element."""
    if moment is None:
        return Markup('<span class="muted">no date</span>')
    utc = moment.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(f"{utc:%Y-%m-%d}", f"{utc.day} {utc:%b} {utc.year}")


def percent(share: float) -> str:
    """A probability as whole per cent, never rounded up to certainty or down to nothing."""
    return f"{min(99, max(1, round(share * 100))) if 0 < share < 1 else round(share * 100)} %"


def span(seconds: float) -> str:
    """A duration in its two largest units at most: ``0.3 s``, ``4 min``, ``2 h 5 min``, ``3 d 4 h``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    days, hours = divmod(minutes // 60, 24)
    parts = [(days, "d"), (hours, "h"), (minutes % 60, "min")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2] if count)


def plural(count: int, word: str) -> str:
    """``1 quote``, ``2,000 quotes``."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def language(tag: str | None) -> Markup:
    """The attributes of foreign words: their language, where known, and a direction of their own."""
    known = tag and tag != "und"
    return Markup('lang="{}" dir="auto"').format(tag) if known else Markup('dir="auto"')


environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_finalize,
    trim_blocks=True,
    lstrip_blocks=True,
)
environment.filters.update(
    when=when, day=day, percent=percent, plural=plural, span=span, segment=segment, shorten=shorten, web_address=web_address,
    language=language,
)  # fmt: skip


def render(
    template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any
) -> HTMLResponse:
    """A page."""
    return HTMLResponse(environment.get_template(template).render(**values), status, headers)
