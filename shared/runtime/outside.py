"""Reading settings from outside: the environment, and files of secrets that it names.

Where secrets are mounted as files, as Docker and Kubernetes do, ``<NAME>_FILE`` says where what
``<NAME>`` would say stands.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from shared.domain.errors import Rejected

_PREFIX: Final = "TURNOUT_"

SECRET: Final = (
    "DATABASE_URL",
    "TURNOUT_DATABASE_URL",
    "TURNOUT_JWT",
    "TURNOUT_KAFKA",
    "TURNOUT_KAFKA__SASL_PASSWORD",
    "TURNOUT_KEYRING",
    "TURNOUT_REGISTERED_ACTIONS__SECRET",
    "TURNOUT_RESOLVERS",
    "TURNOUT_RUN_SYNC_JOB__SECRET",
    "TURNOUT_SECRETS",
    "TURNOUT_TOKEN",
)
"""The variables that may stand in files: secrets, and what has some in it, as JSON."""


class OutsideSettings(BaseSettings):
    """Read from the environment: ``TURNOUT_<FIELD>``, nested with ``__``; secrets from files too.

    To make one raises Rejected for a file that cannot be read, or a variable that is set as well.
    """

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="ignore", populate_by_name=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given goes before what is outside."""
        given = getattr(env_settings, "env_prefix", None)  # whoever makes one may name another
        return init_settings, _Outside(settings_cls, env_prefix=given)


class _Outside(EnvSettingsSource):
    """The environment, in which what stands in files is as if it were set."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        found = dict(super()._load_env_vars())
        for name in SECRET if self.env_prefix == _PREFIX else ():
            path = found.pop(f"{name}_FILE".lower(), None)
            if path is None:
                continue
            if name.lower() in found:
                raise Rejected(f"{name} and {name}_FILE are both set: unset one.")
            found[name.lower()] = _text_of(Path(path), name)
        return found


def _text_of(file: Path, name: str) -> str:
    """What stands there, without the end of its last line."""
    try:
        return file.read_text("utf-8").removesuffix("\n")
    except (OSError, ValueError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is no text"
        raise Rejected(f"{name}_FILE names a file that cannot be read: {why}.") from None
