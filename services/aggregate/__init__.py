"""Quotes and claims in, one record per actor out.

:mod:`~services.aggregate.changes` turns events into rows, :mod:`~services.aggregate.store` makes them stick
together with the consumed offsets, :mod:`~services.aggregate.records` builds what is published,
:mod:`~services.aggregate.service` runs it all.
"""
