"""The record's database: SQLite or PostgreSQL, one behaviour."""

from services.aggregate.store.store import Store

__all__ = ["Store"]
