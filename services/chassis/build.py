"""What is running: the release, the source revision it was built from, and the version of the event schemas
it speaks."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import version

REVISION_VARIABLE = "ONRECORD_REVISION"
"""Set by whoever builds the image, to the commit it was built from."""
SCHEMA_VERSION = "1.0"
"""The newest folder of ``schemas/released``."""


@cache  # each dead letter names it; looking it up reads the package's metadata, which takes milliseconds
def app_version() -> str:
    """The installed version of onrecord."""
    return version("onrecord")


def build_labels() -> dict[str, str]:
    """The labels of the metric ``build_info`` but ``service``; the revision is ``unknown`` outside an
    image."""
    return {
        "version": app_version(),
        "revision": os.environ.get(REVISION_VARIABLE) or "unknown",
        "schema_version": SCHEMA_VERSION,
    }
