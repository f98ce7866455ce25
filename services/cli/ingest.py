"""``onrecord ingest PATH… / --feed URL… / -``: put articles on the log and stop."""


def ingest() -> None:
    raise NotImplementedError
