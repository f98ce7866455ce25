"""The contracts between onrecord's services: events, identifiers, envelopes and the record's tables.

Nothing here does I/O. Every service imports this package; it imports none of them.
"""
