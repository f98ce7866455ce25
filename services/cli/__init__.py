"""The command line: thin commands over the services."""

from services.cli.main import main

__all__ = ["main"]
