"""Where the broker's jars and the Java that runs them come from."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

from services.chassis.errors import OnrecordError

ROOT = Path(__file__).resolve().parents[3]
POM = ROOT / "deploy" / "kafka" / "pom.xml"
CACHE = ROOT / ".cache" / "kafka"

LIBS_VARIABLE = "KAFKA_LIBS"
JAVA_AT_LEAST = 17
"""Kafka 4 servers do not start on anything older."""
TRIES = 3
"""Maven goes on where a download broke off."""
DOWNLOAD_TIMEOUT_S = 900
"""About 44 MB in 46 jars: half a minute on a good line; this allows for a very slow one."""


class ToolMissing(OnrecordError):
    """Java or Maven is not there, too old, or could not fetch the jars; the message says how to get them."""


def java() -> str:
    """The path of a Java that can run the broker (``JAVA_HOME`` first, then ``PATH``).

    Raises:
        ToolMissing: none is there, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise ToolMissing(
            "Java is missing: install Java 17 or newer (Debian: apt-get install openjdk-17-jre-headless)"
        )
    shown = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', shown)
    if match is None or int(match[1]) < JAVA_AT_LEAST:
        version = match[1] if match else "unknown"
        raise ToolMissing(
            f"{found} is Java {version}, Kafka needs 17 or newer (Debian: apt-get install"
            " openjdk-17-jre-headless)"
        )
    return found


def kafka_version() -> str:
    """The Kafka version that the pom names."""
    namespace = {"m": "http://maven.apache.org/POM/4.0.0"}
    version = ET.parse(POM).getroot().findtext("m:properties/m:kafka.version", namespaces=namespace)  # noqa: S314
    if not version:
        raise ToolMissing(f"{POM}: the property kafka.version is missing")
    return version


def libraries() -> Path:
    """The folder that holds the broker's jars: ``KAFKA_LIBS`` when set, else the cache, filled by Maven when
    empty.

    Raises:
        ToolMissing: the folder holds no Kafka, Maven is not there, or Maven could not fetch the jars.
    """
    given = os.environ.get(LIBS_VARIABLE)
    if given:
        folder = Path(given)
        if not any(folder.glob("kafka_2.13-*.jar")):
            raise ToolMissing(
                f"{LIBS_VARIABLE}={given}: no kafka_2.13-*.jar in it; unset it to let Maven fetch the jars"
            )
        return folder
    folder = CACHE / kafka_version()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs on one checkout must not fetch into each other
        if not (folder / ".complete").exists():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise ToolMissing(
            "Maven is missing: install it (Debian: apt-get install maven) to fetch Kafka's jars, "
            f"or name a folder that holds them in {LIBS_VARIABLE}"
        )
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        maven,
        "-q",
        "-B",
        "-f",
        str(POM),
        "dependency:copy-dependencies",
        f"-DoutputDirectory={folder}",
        "-DincludeScope=runtime",
    ]
    said = ""
    for _ in range(TRIES):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise ToolMissing(
                f"Maven did not fetch Kafka's jars within {DOWNLOAD_TIMEOUT_S} s: is its repository"
                " reachable?"
            ) from error
        if done.returncode == 0:
            (folder / ".complete").touch()
            return
        said = (done.stdout + done.stderr).strip()[-2000:]
    raise ToolMissing(f"Maven could not fetch Kafka's jars ({POM}):\n{said}")
