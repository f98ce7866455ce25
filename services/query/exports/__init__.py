"""The record to take away: whole sets, in the formats that spreadsheets, notebooks and archives read,
streamed.

:mod:`~services.query.exports.export` is the entrance; :mod:`~services.query.exports.columns` says what is
written.
"""
