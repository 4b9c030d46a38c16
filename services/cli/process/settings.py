"""Reading settings: from the environment, with sentences for what is wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from shared.assembly.settings import ProcessSettings
from shared.domain.errors import Invalid, Problem, Rejected
from shared.runtime.keyring import KeyRing, RingSetting
from shared.runtime.outside import OutsideSettings
from shared.wire.faults import in_words

_SCHEMES: Final = frozenset({"postgres", "postgresql"})
_AN_ADDRESS: Final = "postgresql://user:password@host:port/database"


class Outside(OutsideSettings):
    """What of the environment decides whether a server of our own is needed."""

    database_url: SecretStr | None = Field(
        default=None, validation_alias=AliasChoices("DATABASE_URL", "TURNOUT_DATABASE_URL")
    )


class RingOutside(OutsideSettings):
    """The key ring, read without the rest."""

    keyring: RingSetting = Field(default_factory=KeyRing)


class QuietSettings(ProcessSettings):
    """For a terminal: only what needs attention, unless the environment asks for more."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", validation_alias=AliasChoices("LOG_LEVEL", "TURNOUT_LOG_LEVEL")
    )
    log_format: Literal["console", "json"] = "console"


def read_process_settings(
    given: Mapping[str, Any], kind: type[ProcessSettings] = ProcessSettings
) -> ProcessSettings:
    """What every role has in common; ``given`` goes before the environment. Raises Invalid."""
    with explained():
        settings = kind(**given)
    with explained("kafka"):
        if settings.kafka_settings is None and settings.kafka:
            raise Rejected("TURNOUT_KAFKA__… is set without KAFKA_BOOTSTRAP_SERVERS: set it too.")
    check_dsn(settings.database_url)
    return settings


def read_database_url() -> str:
    """The address of the database, from the environment. Raises Rejected."""
    dsn = Outside().database_url
    if dsn is None:
        raise Rejected(f"DATABASE_URL is not set: set it to {_AN_ADDRESS}.")
    check_dsn(dsn)
    return dsn.get_secret_value()


def read_keyring() -> KeyRing:
    """The ring of TURNOUT_KEYRING; one without keys when that is not set. Raises Invalid."""
    with explained():
        return RingOutside().keyring


def check_dsn(dsn: SecretStr) -> None:
    """Raises Rejected, without the password, unless it is written as an address of Postgres."""
    try:
        is_address = urlsplit(dsn.get_secret_value()).scheme in _SCHEMES
    except ValueError:
        is_address = False
    if not is_address:
        raise Rejected(f"DATABASE_URL is not an address of Postgres: write it as {_AN_ADDRESS}.")


# How pydantic introduces what a validator of ours says.
OWN_WORDS: Final = "Value error, "


@contextmanager
def explained(*inside: str) -> Iterator[None]:
    """Raise Invalid, naming each variable and never its value, for settings that are wrong.

    ``inside`` is the field that the settings read in the context are part of, if any.
    """
    try:
        yield
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        problems = [
            Problem(
                pointer=_variable((*inside, *fault["loc"])),
                code=fault["type"].upper(),
                detail=_sentence(fault),
            )
            for fault in faults
        ]
        names = ", ".join(dict.fromkeys(p.pointer for p in problems))
        raise Invalid(problems, f"The environment is not set right: see {names}.") from None
    except SettingsError as error:
        # It names the field, and its cause quotes the value, which may be a secret.
        raise Rejected(f"The environment is not set right: {error}; write it as JSON.") from None


def _variable(place: tuple[int | str, ...]) -> str:
    first, *rest = (str(part) for part in place)
    # A field with names of its own stands under one of them, all in capitals.
    start = first if first.isupper() else f"TURNOUT_{first.upper()}"
    return "__".join([start, *(part.upper() for part in rest)])


def _sentence(fault: ErrorDetails) -> str:
    if fault["type"] != "missing":
        return in_words(fault).removeprefix(OWN_WORDS)
    return f"Set it to {_AN_ADDRESS}." if fault["loc"] == ("DATABASE_URL",) else "Set it."
