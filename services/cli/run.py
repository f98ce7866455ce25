"""``onrecord run``: the whole pipeline embedded, or against the settings' engine."""


def run() -> None:
    raise NotImplementedError
