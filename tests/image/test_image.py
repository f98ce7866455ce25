"""The image, built for real and run by a real container runtime: what it holds, and the whole pipeline from
it.

The first run on a machine makes a Debian base and downloads the dependencies: some minutes. Later ones reuse
both.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.container import Containers
from tests.support.image import BASE, Image, built, du, run, script, sent_to_the_builder
from tests.support.patience import PATIENCE_S
from tests.support.pipeline import free_port

pytestmark = [pytest.mark.image, pytest.mark.slow, pytest.mark.timeout(3600)]

LARGEST_BYTES = 420_000_000
"""What the image adds to its base; measured, and a tenth more."""

ARTICLE = (
    "“The tunnel will open in March,” Transport Minister Ida Holm said on Tuesday. “It has taken nine years,”"
    " Holm added."
)
SERVICES = ("ingest", "extract", "aggregate", "query")


@pytest.fixture(scope="module")
def given() -> dict[str, str]:
    """What the image is built with, asked once: the checkout may move on meanwhile."""
    arguments: dict[str, str] = script("build").build_arguments()
    return arguments


@pytest.fixture(scope="module")
def image(given: dict[str, str]) -> Iterator[Image]:
    """The image of this checkout."""
    with built([f"{name}={value}" for name, value in given.items()]) as found:
        yield found


@pytest.fixture(scope="module")
def packages(image: Image) -> Path:
    """Its site-packages."""
    [folder] = (image.root / "opt/onrecord/lib").glob("python3*/site-packages")
    return folder


def test_it_says_how_to_run_it(image: Image, given: dict[str, str]) -> None:
    config = image.config
    assert config["Entrypoint"] == ["onrecord"]
    assert config["Cmd"] == ["--help"]
    uid, gid = map(int, config["User"].split(":"))
    assert uid >= 10_000, "above the ids of a host's own users"
    assert gid == 0
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "-m", "services.chassis.probe"], "no shell"
    labels = {
        name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()
    }
    assert {name: labels[name.lower()] for name in given} == given
    assert labels["base.name"] == os.environ.get("IMAGE_BASE", BASE)


def test_it_is_small(image: Image, packages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    added = du(image.root / "opt")
    largest = sorted(
        ((du(folder), folder.name) for folder in packages.iterdir() if folder.is_dir()), reverse=True
    )[:8]
    with capsys.disabled():
        shares = ", ".join(f"{name} {size / 1e6:.0f}" for size, name in largest)
        print(
            f"\nimage: {du(image.root) / 1e6:.0f} MB with its base, of which ours {added / 1e6:.0f} MB"
            f" ({shares})"
        )
    assert added < LARGEST_BYTES


def test_it_holds_what_the_bill_of_materials_says(packages: Path) -> None:
    bill = json.loads(script("sbom").sbom())
    listed = {
        (part["name"], part["version"]) for part in [*bill["components"], bill["metadata"]["component"]]
    }
    found = {
        (found.name.lower().replace("_", "-").replace(".", "-"), found.version)
        for found in importlib.metadata.distributions(path=[str(packages)])
    }
    assert found == listed


def test_it_holds_the_program_and_no_tools(image: Image, packages: Path) -> None:
    for name in (
        "services/extract/model/model.onnx",
        "services/query/templates",
        "services/query/static",
        "schemas/asyncapi.yaml",
    ):
        assert (packages / name).exists(), name
    for name in ("pip", "setuptools", "tests", "deploy", "numpy/_core/tests"):
        assert not (packages / name).exists(), name
    assert not (image.root / "build").exists()
    assert not (image.root / "etc/pip.conf").exists(), "how this machine downloads is no part of the image"
    sources = [file for file in packages.rglob("*.py") if "__pycache__" not in file.parts]
    compiled = [file for file in packages.rglob("*.pyc") if file.stem.partition(".")[0]]
    assert len(compiled) > 0.99 * len(sources), "a start must not compile"


def test_its_user_can_change_nothing_but_its_data(image: Image) -> None:
    uid = int(image.config["User"].partition(":")[0])
    for folder, folders, files in os.walk(image.root):
        for name in (*folders, *files):
            found = (Path(folder) / name).lstat()
            mine = found.st_uid == uid or found.st_mode & stat.S_IWOTH
            path = "/" + str((Path(folder) / name).relative_to(image.root))
            if mine and not stat.S_ISLNK(found.st_mode):
                assert path in {"/var/lib/onrecord", "/tmp", "/var/tmp", "/run/lock"} or path.startswith(
                    "/dev/"
                ), path
    state = (image.root / "var/lib/onrecord").stat()
    assert (state.st_uid, state.st_gid, stat.S_IMODE(state.st_mode)) == (uid, 0, 0o775)
    assert (image.root / "var/lib").stat().st_uid == 0


def test_the_builder_is_sent_no_more_than_it_needs(tmp_path: Path) -> None:
    sent = sent_to_the_builder(tmp_path)
    assert {Path(name).parts[0] for name in sent} == {
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "requirements",
        "schemas",
        "services",
    }
    assert [name for name in sent if "__pycache__" in name or name.endswith(".pyc")] == []
    assert "services/extract/model/model.onnx" in sent


TOKEN = "of-this-test"
"""In the image push listens on all addresses, and there it demands one."""


def get(port: int, path: str, body: object = None) -> tuple[int, str]:
    """Ask a service; POST when there is a body. Status 0 while nothing listens."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    if body is not None:
        request.data = json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def test_the_pipeline_runs_from_it(image: Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Embedded log and SQLite on one volume; everything else is read-only, and the user is not root."""
    push, pages = free_port(), free_port()
    ops = {name: free_port() for name in SERVICES}
    variables = {
        "ONRECORD_INGEST__PUSH_PORT": str(push),
        "ONRECORD_QUERY__PORT": str(pages),
        "ONRECORD_INGEST__PUSH_TOKEN": TOKEN,
    }
    with Containers(image, tmp_path, **variables) as containers:
        code, output = containers.run("topics", "topics", "create")
        assert code == 0, output
        for name in SERVICES:
            containers.start(name, "service", name, ONRECORD_OPS__PORT=str(ops[name]))
        for name in SERVICES:
            containers.wait(lambda name=name: containers.healthy(name), f"{name} to be healthy")  # type: ignore[misc]
            metrics = get(ops[name], "/metrics")[1]
            assert f'revision="{image.config["Labels"]["org.opencontainers.image.revision"]}"' in metrics

        assert get(
            push,
            "/v1/articles",
            {"url": "https://example.org/tunnel", "content_type": "text/plain", "content": ARTICLE},
        )[0] in {
            200,
            201,
            202,
        }
        containers.wait(
            lambda: get(pages, "/v1/actors/person:ida-holm/statements")[0] == 200,
            "the statements to be on record",
        )
        found = get(pages, "/v1/actors/person:ida-holm/statements")[1]
        assert "The tunnel will open in March" in found
        status, page = get(pages, "/actors/person:ida-holm")
        assert status == 200
        assert "Ida Holm" in page

        shown = containers.execute(
            "extract",
            "python",
            "-c",
            "import os; print(os.getuid(), os.getgid()); open('/opt/onrecord/x', 'w')",
        )
        assert shown.stdout.split() == image.config["User"].split(":")
        assert "Read-only file system" in shown.stderr

        took = {}
        for name in SERVICES:
            code, took[name] = containers.stop(name)
            assert code == 0, f"{name} ended with {code}\n{containers.output(name)[-3000:]}"
            for line in containers.output(name).splitlines():
                assert isinstance(json.loads(line), dict), f"{name} wrote a line that is not JSON: {line}"
    with capsys.disabled():
        print(
            "\nseconds from SIGTERM to exit code 0: "
            + ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items())
        )


def test_any_user_of_group_zero_can_run_it(image: Image, tmp_path: Path) -> None:
    """Some platforms give each namespace a user id of its own, in group 0."""
    with Containers(image, tmp_path, user="1000710000:0") as containers:
        code, output = containers.run("topics", "topics", "create")
        assert code == 0, output
        code, output = containers.run("list", "topics", "list")
        assert code == 0, output
        assert "onrecord.articles" in output
    assert run("stat", "--format=%u", containers.volume / "var").strip() == "1000710000"
