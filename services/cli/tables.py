"""Tables whose values are meant to be copied into the next command: never cut short, whatever the width."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table

WIDE = 10_000
"""Wider than any row: lines run over instead of losing characters, and stay one line in a pipe."""


def table_of(*columns: str) -> Table:
    """A plain table with these columns."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def print_whole(table: Table) -> None:
    """Print every character of every value."""
    Console(width=WIDE, soft_wrap=True).print(table)
