"""Figures as Grafana's units print them."""

from __future__ import annotations

_SECONDS = [(86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")]
_THOUSANDS = [(1e9, " Bil"), (1e6, " Mil"), (1e3, " K")]
_BYTES = [(2.0**30, " GiB"), (2.0**20, " MiB"), (2.0**10, " KiB")]
_DECIMAL_BYTES = [(1e9, " GB"), (1e6, " MB"), (1e3, " kB")]


def text(value: float, unit: str, decimals: int | None = None) -> str:
    """``value`` with its unit; three significant digits unless ``decimals`` says otherwise."""
    if unit == "percentunit":
        return f"{_digits(value * 100, decimals)}%"
    if unit == "s":
        return _scaled(value, _SECONDS, "s", decimals, " ")
    if unit == "ms":
        return text(value / 1000, "s", decimals)
    if unit == "bytes":
        return _scaled(value, _BYTES, " B", decimals)
    if unit == "Bps":
        return _scaled(value, _DECIMAL_BYTES, " B", decimals) + "/s"
    return _scaled(value, _THOUSANDS, "", decimals)


def scale(value: float, unit: str) -> float:
    """What a round figure of this unit is a multiple of: 1024² for 5 MiB; 60 for minutes."""
    steps = {"s": _SECONDS, "bytes": _BYTES, "Bps": _DECIMAL_BYTES}.get(unit, [])
    return next((size for size, _ in steps if abs(value) >= size), 1e-3 if unit == "s" else 1.0)


def _scaled(
    value: float, steps: list[tuple[float, str]], base: str, decimals: int | None, space: str = ""
) -> str:
    for size, name in steps:
        if abs(value) >= size:
            return f"{_digits(value / size, decimals)}{space}{name}"
    return f"{_digits(value, decimals)}{space if base else ''}{base}"


def _digits(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    size = abs(value)
    places = 0 if size >= 100 or value == round(value) else 1 if size >= 10 else 2 if size >= 0.1 else 3
    shown = f"{value:.{places}f}"
    return shown.rstrip("0").rstrip(".") if "." in shown else shown
