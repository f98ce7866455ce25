"""One frozen tree of settings for all services.

Sources, strongest first: arguments, ``ONRECORD_…`` environment variables (nested with ``__``, for example
``ONRECORD_KAFKA__BOOTSTRAP_SERVERS``), the TOML file that ``ONRECORD_CONFIG`` names, defaults. A secret may
be given as a file instead (``…_FILE``).
"""

from __future__ import annotations

import os
import socket
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from services.chassis.errors import SettingsError

PREFIX = "ONRECORD_"
CONFIG_VARIABLE = PREFIX + "CONFIG"

SECRET_NAMES = ("password", "token", "url")
"""Parts of the names of settings whose values no message may show."""

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class Section(BaseModel):
    """A part of the tree: immutable, and a misspelt name is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class LogSettings(Section):
    """The event log."""

    engine: Literal["sqlite", "kafka"] = Field(
        "sqlite", description="`sqlite` (embedded, one machine) or `kafka`."
    )
    path: Path = Field(Path("var/log.db"), description="File of the embedded log.")
    partitions: int = Field(
        6, ge=1, le=1000, description="Partitions of each event topic when topics are created."
    )
    replication_factor: int = Field(
        1, ge=1, le=9, description="Replicas of each topic on Kafka when topics are created."
    )
    instance: str = Field(
        "0",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description=(
            "This process's slot among its replicas (a StatefulSet ordinal); names the transactional id. "
            "`hostname` takes the machine's name: distinct for every container."
        ),
    )

    @field_validator("instance")
    @classmethod
    def _named_by_host(cls, value: str) -> str:
        return socket.gethostname()[:64] if value == "hostname" else value


class KafkaSettings(Section):
    """The connection to Kafka and the timeouts of the exactly-once loop."""

    bootstrap_servers: Annotated[tuple[str, ...], NoDecode] = Field(
        ("127.0.0.1:9092",), description="host:port, comma-separated."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="As Kafka names it."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI"] | None = (
        Field(None, description="SASL mechanism.")
    )
    sasl_username: str | None = Field(None, description="SASL user.")
    sasl_password: SecretStr | None = Field(None, description="SASL password.")
    sasl_password_file: Path | None = Field(None, description="File that holds the SASL password.")
    ssl_cafile: Path | None = Field(None, description="Certificate authorities, PEM.")
    ssl_certfile: Path | None = Field(None, description="Client certificate, PEM.")
    ssl_keyfile: Path | None = Field(None, description="Client key, PEM.")
    ssl_key_password: SecretStr | None = Field(None, description="Password of the client key.")
    ssl_check_hostname: bool = Field(True, description="Check the broker's name against its certificate.")
    request_timeout_s: Seconds = Field(5.0, description="One request to a broker.")
    delivery_timeout_s: Seconds = Field(
        8.0, description="One record, retries included; must exceed the request timeout."
    )
    transaction_timeout_s: Seconds = Field(
        10.0,
        description="A transaction left open is aborted by the broker after this (Kafka Streams' default).",
    )
    bootstrap_timeout_s: Seconds = Field(
        20.0, description="Longest wait for a first answer from any broker, when a client starts."
    )
    session_timeout_s: Seconds = Field(
        10.0, description="A member that sends no heartbeat for this long is dead."
    )
    max_poll_interval_s: Seconds = Field(
        300.0, description="Longest time between two polls before the member leaves the group."
    )

    @field_validator("bootstrap_servers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.bootstrap_servers:
            raise ValueError("bootstrap_servers is empty: give at least one host:port")
        chain = [
            ("request_timeout_s", self.request_timeout_s),
            ("delivery_timeout_s", self.delivery_timeout_s),
            ("transaction_timeout_s", self.transaction_timeout_s),
            ("max_poll_interval_s", self.max_poll_interval_s),
        ]
        for (lower_name, lower), (upper_name, upper) in pairwise(chain):
            if lower >= upper:
                raise ValueError(f"{lower_name} ({lower:g} s) must be less than {upper_name} ({upper:g} s)")
        sasl = self.security_protocol.startswith("SASL")
        if self.sasl_mechanism and not sasl:
            raise ValueError(
                f"sasl_mechanism is set, but security_protocol {self.security_protocol} sends no login:"
                " SASL_SSL does"
            )
        if sasl and self.sasl_mechanism is None:
            raise ValueError(f"security_protocol {self.security_protocol} needs sasl_mechanism")
        if (
            self.sasl_mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
            and sasl
            and not (self.sasl_username and self.password())
        ):
            raise ValueError(
                f"sasl_mechanism {self.sasl_mechanism} needs sasl_username and sasl_password (or"
                " sasl_password_file)"
            )
        return self

    def password(self) -> str | None:
        """The SASL password, read from its file where one is named."""
        if self.sasl_password is not None:
            return self.sasl_password.get_secret_value()
        if self.sasl_password_file is None:
            return None
        return read_secret(self.sasl_password_file)


class StageSettings(Section):
    """The stage loop's policy (reference: exactly-once loop)."""

    max_records: int = Field(
        10,
        ge=1,
        le=500,
        description="Records per transaction: a few seconds of work, so that a stop is prompt.",
    )
    poll_timeout_s: Seconds = Field(
        1.0, description="Longest wait for records; also how soon a stop is noticed."
    )
    attempts: int = Field(
        5, ge=1, le=100, description="Tries of a record that fails transiently before it is dead-lettered."
    )
    backoff_min_s: Seconds = Field(0.2, description="First wait between tries.")
    backoff_max_s: Seconds = Field(10.0, description="Longest wait between tries.")
    batch_attempts: int = Field(
        3, ge=1, le=100, description="Tries of a whole batch before it is replayed record by record."
    )
    max_consecutive_dead: int = Field(
        100, ge=1, description="Poison records in a row, per partition, after which the stage stops."
    )
    max_dead_ratio: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of poison among the last `dead_window` records after which the stage stops.",
    )
    dead_window: int = Field(200, ge=10, description="Records the share is taken over.")
    stall_s: Seconds = Field(
        120.0,
        description=(
            "Liveness fails when the loop has not turned for this long: above a delivery timeout plus a"
            " failover."
        ),
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.backoff_min_s > self.backoff_max_s:
            raise ValueError(
                f"backoff_min_s ({self.backoff_min_s:g}) must not exceed backoff_max_s"
                f" ({self.backoff_max_s:g})"
            )
        return self


class StoreSettings(Section):
    """The database that holds the record."""

    url: SecretStr = Field(
        SecretStr("sqlite:///var/record.db"),
        description="sqlite:///FILE or postgresql+pg8000://USER:PASSWORD@HOST/NAME.",
    )
    url_file: Path | None = Field(None, description="File that holds the address.")
    trail_days: int = Field(
        90, ge=1, le=36_500, description="Days the trail of articles is kept: as long as dead letters are."
    )

    def address(self) -> str:
        """The address, read from its file where one is named; ``postgresql://`` is taken as
        ``postgresql+pg8000://``."""
        url = read_secret(self.url_file) if self.url_file else self.url.get_secret_value()
        return (
            url.replace("postgresql://", "postgresql+pg8000://", 1)
            if url.startswith("postgresql://")
            else url
        )


class IngestSettings(Section):
    """Where articles come from, and the limits they must keep."""

    feeds: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="RSS or Atom addresses to poll, comma-separated."
    )
    poll_interval_s: Seconds = Field(300.0, description="Time between two polls of one feed.")
    index_path: Path = Field(
        Path("var/ingest.db"),
        description="Which articles are on the log already; rebuilt from the log when missing.",
    )
    max_article_bytes: int = Field(
        3_500_000, ge=1_000, description="Largest article content taken; below the topic's max.message.bytes."
    )
    take_kinds: Annotated[
        tuple[Literal["list", "live_blog", "paywall", "gallery", "error_page"], ...], NoDecode
    ] = Field((), description="Kinds of page that are taken though they are no articles, comma-separated.")
    csv_columns: Annotated[tuple[tuple[str, str], ...], NoDecode] = Field(
        (),
        description="Which column of a table holds which field of an article: `content=body_text,url=link`.",
    )
    fetch_max_bytes: int = Field(
        10_000_000,
        ge=10_000,
        description="Largest response fetched, after decompression (story-indexer's cap).",
    )
    fetch_timeout_s: Seconds = Field(20.0, description="Total time for one fetch.")
    feed_timeout_s: Seconds = Field(
        30.0, description="Reading one feed document; then the process that reads it is killed."
    )
    feed_memory_mb: int = Field(
        384, ge=64, description="Address space the process that reads feeds may grow by."
    )
    host_interval_s: Seconds = Field(
        5.0, description="Least time between two requests to one host (story-indexer's politeness)."
    )
    allow_private_addresses: bool = Field(
        False, description="Fetch from loopback and private networks too: for tests and intranets only."
    )
    user_agent: str = Field(
        "onrecord/0.1 (+https://github.com/onrecord)",
        description="How the fetcher names itself to hosts and robots rules.",
    )
    push_host: str = Field("127.0.0.1", description="Address the push API listens on.")
    push_port: Port = Field(8081, description="Port of the push API.")
    push_token: SecretStr | None = Field(
        None,
        description=(
            "Bearer token that POST requests must carry. Demanded where `push_host` is no loopback address."
        ),
    )
    push_token_file: Path | None = Field(None, description="File that holds the bearer token.")
    push_max_body_bytes: int = Field(
        8_000_000, ge=1_000, description="Largest request body, as sent and, when it comes gzipped, unpacked."
    )
    push_max_batch: int = Field(100, ge=1, le=10_000, description="Most articles in one request.")
    push_max_in_flight: int = Field(8, ge=1, description="Requests handled at once; more get 429.")

    @field_validator("feeds", "take_kinds", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("csv_columns", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        parts = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            return value
        pairs = [
            tuple(side.strip() for side in part.split("=", 1)) if isinstance(part, str) else tuple(part)
            for part in parts
        ]
        if any(len(pair) != 2 or not all(pair) for pair in pairs):
            raise ValueError(
                "write FIELD=COLUMN, with commas between, for example content=body_text,url=link"
            )
        return tuple(pairs)

    def token(self) -> str | None:
        """The push API's bearer token, read from its file where one is named."""
        return _token("INGEST__PUSH_TOKEN", self.push_token, self.push_token_file)


class ExtractSettings(Section):
    """Extraction and its limits."""

    model_dir: Path | None = Field(
        None,
        description="Folder with model.onnx, tokenizer.json and model.json; the shipped model when unset.",
    )
    tagger: Literal["network", "stand-in"] = Field(
        "network",
        description=(
            "`stand-in`: a few patterns in place of the model, for load and fault tests only; said at error"
            " level."
        ),
    )
    threads: int = Field(
        1, ge=1, le=64, description="Threads of one inference: one process per core beats many threads."
    )
    html_timeout_s: Seconds = Field(
        15.0, description="Main-text extraction of one page; then the worker is killed."
    )
    html_memory_mb: int = Field(1024, ge=128, description="Address space the HTML worker may grow by.")
    html_max_tags: int = Field(60_000, ge=100, description="Most tags in a page.")
    text_timeout_s: Seconds = Field(
        120.0, description="Extraction of one article, its page included; then its process is killed."
    )
    text_memory_mb: int = Field(
        768, ge=128, description="Address space the process that reads articles may grow by."
    )
    max_text_chars: int = Field(400_000, ge=1_000, description="Longest normalised text.")
    max_tokens: int = Field(
        120_000,
        ge=1_000,
        description="Most word pieces read in one text: 400,000 characters of news have 90,000.",
    )


class QuerySettings(Section):
    """The read API and pages."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: Port = Field(8080, description="Port to listen on.")
    page_size: int = Field(50, ge=1, le=500, description="Default number of items on a page.")
    max_page_size: int = Field(500, ge=1, le=10_000, description="Largest page a client may ask for.")
    max_exports: int = Field(4, ge=1, le=30, description="Exports under way at a time; more get 503.")
    max_live: int = Field(
        200, ge=1, le=400, description="Readers of the live stream at a time; more get 503."
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        description=(
            "Address that readers know this service by, for links in feeds; what they asked for when unset."
        ),
    )
    decision_token: SecretStr | None = Field(
        None,
        description=(
            "Bearer token that POST /v1/decisions must carry. Without one the service takes no decisions."
        ),
    )
    decision_token_file: Path | None = Field(None, description="File that holds the bearer token.")

    def token(self) -> str | None:
        """The bearer token for decisions, read from its file where one is named."""
        return _token("QUERY__DECISION_TOKEN", self.decision_token, self.decision_token_file)


class LagSettings(Section):
    """The lag exporter."""

    interval_s: Seconds = Field(15.0, description="Time between two measurements; a scrape interval.")


class OtelSettings(Section):
    """Export of traces; needs the extra `otel`."""

    endpoint: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+",
        description="OTLP/HTTP collector, for example http://collector:4318; nothing is exported when unset.",
    )
    timeout_s: Seconds = Field(
        5.0, description="Longest time one export may take, and a stop waits for the last one."
    )


class OpsSettings(Section):
    """Metrics, health and logs."""

    host: str = Field("127.0.0.1", description="Address of /metrics, /livez and /readyz.")
    port: Port = Field(
        9464,
        description="Port of /metrics, /livez and /readyz (OpenTelemetry's usual one); 0 picks a free one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe line that is written."
    )
    log_format: Literal["auto", "json", "console"] = Field(
        "auto", description="`auto`: human lines on a terminal, JSON otherwise."
    )


class Settings(BaseSettings):
    """All settings of onrecord."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    log: LogSettings = LogSettings()
    kafka: KafkaSettings = KafkaSettings()
    stage: StageSettings = StageSettings()
    store: StoreSettings = StoreSettings()
    ingest: IngestSettings = IngestSettings()
    extract: ExtractSettings = ExtractSettings()
    query: QuerySettings = QuerySettings()
    lag: LagSettings = LagSettings()
    otel: OtelSettings = OtelSettings()
    ops: OpsSettings = OpsSettings()

    @model_validator(mode="after")
    def _across(self) -> Self:
        longest_retry = self.stage.attempts * self.stage.backoff_max_s
        if longest_retry >= self.kafka.max_poll_interval_s:
            raise ValueError(
                f"stage.attempts × stage.backoff_max_s ({longest_retry:g} s) must stay below"
                f" kafka.max_poll_interval_s ({self.kafka.max_poll_interval_s:g} s)"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _TomlFile(settings_cls)


class _TomlFile(PydanticBaseSettingsSource):
    """The file that ``ONRECORD_CONFIG`` names."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        name = os.environ.get(CONFIG_VARIABLE)
        if not name:
            return {}
        try:
            return tomllib.loads(Path(name).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError([f"{CONFIG_VARIABLE}={name}: cannot be read ({error.strerror})"]) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError([f"{CONFIG_VARIABLE}={name}: not valid TOML ({error})"]) from error


def _token(variable: str, given: SecretStr | None, file: Path | None) -> str | None:
    if given is None:
        return read_secret(file) if file else None
    token = given.get_secret_value().strip()
    if not token:
        raise SettingsError([f"{PREFIX}{variable}: is empty; give a token, or leave it out"])
    return token


def read_secret(path: Path) -> str:
    """A secret's file, which holds it on its only line.

    Raises:
        SettingsError: the file cannot be read, is empty, or has more lines.
    """
    try:
        value = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"secret file {path}: cannot be read ({error})"]) from error
    if not value:
        raise SettingsError([f"secret file {path}: is empty"])
    if len(value.splitlines()) > 1:
        raise SettingsError([f"secret file {path}: holds more than one line"])
    return value


def load(**overrides: Any) -> Settings:
    """Read all sources.

    Raises:
        SettingsError: with one line per mistake, each naming the variable to mend.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError([_explain(dict(problem)) for problem in error.errors()]) from error


def _explain(problem: dict[str, Any]) -> str:
    path = [str(part) for part in problem["loc"]]
    variable = PREFIX + "__".join(path).upper() if path else PREFIX + "…"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{variable}: no such setting; `onrecord config show` lists them all"
    given = problem.get("input")
    secret = any(word in path[-1] for word in SECRET_NAMES) if path else True
    shown = "" if secret or not isinstance(given, (str, int, float, bool)) else f" (given: {given!r})"
    return f"{variable}: {message}{shown}"
