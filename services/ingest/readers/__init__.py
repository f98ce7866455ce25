"""Readers: bytes in, offered articles and refusals out. They never raise for what they read."""

from services.ingest.readers.dispatch import SUFFIXES, format_of, read
from services.ingest.readers.items import Arrival, Item, Limits, Mark, Offer, Refusal, Skip

__all__ = ["SUFFIXES", "Arrival", "Item", "Limits", "Mark", "Offer", "Refusal", "Skip", "format_of", "read"]
