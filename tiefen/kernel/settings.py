"""Settings of one installation, read once from the environment (prefix TIEFEN_) at composition."""

import secrets
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

KNOWN_BAD_KEYS = frozenset({"secret", "changeme", "tiefen", "default"})
MIN_KEY_LENGTH = 32


class Settings(BaseSettings):
    """Everything an operator may set. Nothing secret has a default in the code.

    `docs/operations/configuration.md` explains each field to operators.
    """

    model_config = SettingsConfigDict(env_prefix="TIEFEN_", extra="ignore", frozen=True)

    database_url: str = Field(
        default="", validation_alias=AliasChoices("TIEFEN_DATABASE_URL", "DATABASE_URL")
    )
    """PostgreSQL to use; empty = start the embedded one in `data_dir`."""
    data_dir: Path = Path(".tiefen")
    """Files, the embedded database, generated secrets."""
    secret_key: SecretStr = SecretStr("")
    """Master key for sealed fields and signatures; generated into `data_dir` when empty."""
    secret_key_previous: SecretStr = SecretStr("")
    """The master key before the last rotation: still opens what it sealed."""
    public_url: str = "http://127.0.0.1:8000"
    """Where browsers and WeChat reach this installation, without a trailing slash."""
    sandbox_url: str = ""
    """Base address of a WeChat sandbox; empty = the real platform."""
    storage_url: str = ""
    """`s3://bucket/prefix` for stored files, reached with the usual `AWS_ENDPOINT_URL`, `AWS_REGION`,
    `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; empty = `data_dir`/files."""
    otlp_url: str = Field(
        default="",
        validation_alias=AliasChoices("TIEFEN_OTLP_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    )
    """Base address of an OpenTelemetry collector (OTLP over HTTP) that gets traces; empty = no traces."""
    metrics_token: SecretStr = SecretStr("")
    """Bearer token for /metrics; empty = direct loopback callers only."""
    pool_size: int = Field(default=20, ge=2, le=500)
    """Database connections one process may hold."""
    log_json: bool = False
    demo: bool = False
    """True only for `tiefen demo`: shows the sandbox face."""

    def with_secret(self) -> Self:
        """The same settings with a master key: given, or kept in `data_dir`/secret_key (0600).

        Raises ValueError for a key that is short or well known.
        """
        key = self.secret_key.get_secret_value()
        if not key:
            key = _kept_key(self.data_dir / "secret_key")
        if len(key) < MIN_KEY_LENGTH or key.lower() in KNOWN_BAD_KEYS:
            raise ValueError(
                f"TIEFEN_SECRET_KEY must be a random text of at least {MIN_KEY_LENGTH} characters"
            )
        return self.model_copy(update={"secret_key": SecretStr(key)})


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        try:
            with path.open("x") as file:
                path.chmod(0o600)
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:  # another process of this installation was first
            pass
    return path.read_text().strip()
