"""``python -m services.cli``: the same as ``onrecord``."""

from services.cli.main import main

main()
