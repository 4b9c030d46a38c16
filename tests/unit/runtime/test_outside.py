"""Settings from the environment, and from files that it names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr

from services.api.settings import ApiRoleSettings
from services.cli.process.settings import read_database_url, read_keyring
from services.executor.settings import ExecutorSettings
from services.matcher.settings import MatcherSettings
from services.scheduler.settings import SchedulerSettings
from services.trigger_ingest.settings import IngestSettings
from services.webhooks.settings import WebhooksSettings
from shared.domain.errors import Rejected
from shared.runtime.keyring import KeyRing, new_key
from shared.runtime.outside import SECRET, OutsideSettings

DSN = "postgresql://a:s3cret@127.0.0.1:1/c"
ROLES: tuple[type[OutsideSettings], ...] = (
    ApiRoleSettings,
    ExecutorSettings,
    IngestSettings,
    MatcherSettings,
    SchedulerSettings,
    WebhooksSettings,
)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of whoever runs the tests."""
    for name in SECRET:
        monkeypatch.delenv(name, raising=False)


def put(monkeypatch: pytest.MonkeyPatch, folder: Path, name: str, text: str) -> None:
    """Have a variable stand in a file."""
    (folder / name).write_text(text)
    monkeypatch.setenv(f"{name}_FILE", str(folder / name))


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if its variable were set; the end of the last line is not part of it."""
    ring = new_key()
    put(monkeypatch, tmp_path, "DATABASE_URL", f"{DSN}\n")
    put(monkeypatch, tmp_path, "TURNOUT_TOKEN", "0123456789abcdef\n")
    put(monkeypatch, tmp_path, "TURNOUT_KEYRING", ring)
    put(monkeypatch, tmp_path, "TURNOUT_KAFKA__SASL_PASSWORD", " pass word \n")
    put(monkeypatch, tmp_path, "TURNOUT_SECRETS", '{"crm": "x"}')
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    monkeypatch.setenv("TURNOUT_KAFKA__SASL_USERNAME", "me")
    settings = ApiRoleSettings.model_validate({})
    assert settings.database_url.get_secret_value() == read_database_url() == DSN
    assert settings.token == SecretStr("0123456789abcdef")
    assert settings.keyring.ids == read_keyring().ids == (ring.partition(":")[0],)
    assert settings.secrets == {"crm": SecretStr("x")}
    kafka = settings.kafka_settings
    assert kafka is not None
    assert (kafka.sasl_username, kafka.sasl_password) == ("me", SecretStr(" pass word "))
    sender = ExecutorSettings.model_validate({})
    assert sender.run_sync_job.secret is None


def test_a_secret_of_a_group_may_stand_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Beside what else of its group is set."""
    monkeypatch.setenv("DATABASE_URL", DSN)
    monkeypatch.setenv("TURNOUT_RUN_SYNC_JOB__URL", "https://jobs.example")
    put(monkeypatch, tmp_path, "TURNOUT_RUN_SYNC_JOB__SECRET", "whsec_AAAA")
    job = ExecutorSettings.model_validate({}).run_sync_job
    assert (job.url, job.secret) == ("https://jobs.example", SecretStr("whsec_AAAA"))


@pytest.mark.parametrize("name", SECRET)
def test_a_file_that_cannot_be_read_is_said(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By its variable, also one beside the variable itself; nothing of a secret is quoted."""
    monkeypatch.setenv(f"{name}_FILE", str(tmp_path / "absent"))
    with pytest.raises(Rejected, match=f"{name}_FILE names a file that cannot be read: No such"):
        read_keyring()
    (tmp_path / "absent").write_bytes(b"\xff\xfe")
    with pytest.raises(Rejected, match="it is no text"):
        read_keyring()
    monkeypatch.setenv(name, "s3cret")
    with pytest.raises(Rejected, match=f"{name} and {name}_FILE are both set") as fault:
        read_keyring()
    assert "s3cret" not in str(fault.value)


def test_each_secret_setting_may_stand_in_a_file() -> None:
    """No role has a secret, or a group of many, that only the environment can hold."""
    secrets = {path for role in ROLES for path in secret_fields(role)}
    assert secrets <= {name.removeprefix("TURNOUT_") for name in SECRET}
    assert {"DATABASE_URL", "TOKEN", "KEYRING", "SECRETS", "RUN_SYNC_JOB__SECRET"} <= secrets


def secret_fields(model: type[BaseModel]) -> Iterator[str]:
    """The variables, without a prefix, of what holds secrets in some settings."""
    for name, field in model.model_fields.items():
        kinds = list(kinds_in(field.annotation))
        if SecretStr in kinds or KeyRing in kinds:
            yield name.upper()
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                inner = list(secret_fields(kind))
                is_one = kind is field.annotation
                yield from (f"{name.upper()}__{each}" if is_one else name.upper() for each in inner)


def kinds_in(annotation: Any) -> Iterator[Any]:
    """A type, and the types that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from kinds_in(part)
