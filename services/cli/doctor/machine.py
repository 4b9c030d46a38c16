"""Checks of this machine and of settings."""

import shutil
import sys
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.cli.doctor.findings import Finding, State
from services.cli.process.settings import explained
from services.cli.process.variables import unread_here
from shared.domain.errors import Rejected, Unavailable
from shared.egress.settings import EgressSettings
from shared.embedded.binaries import find_binaries

GIB: Final = 2**30
FREE_WARN_GIB: Final = 5
FREE_FAIL_GIB: Final = 1


class EgressOutside(BaseSettings):
    """The executor's egress settings, read without the rest."""

    model_config = SettingsConfigDict(
        env_prefix="TURNOUT_", env_nested_delimiter="__", extra="ignore"
    )

    egress: EgressSettings = EgressSettings()


def check_python() -> Finding:
    """Which Python runs this."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(check="python", state=State.OK, found=f"{version} at {sys.executable}")


def check_disk(folder: Path) -> Finding:
    """How much room is left where ``turnout dev`` keeps its data."""
    free_gib = shutil.disk_usage(folder).free / GIB
    found = f"{free_gib:.1f} GiB free under {folder}"
    if free_gib >= FREE_WARN_GIB:
        return Finding(check="disk", state=State.OK, found=found)
    state = State.WARN if free_gib >= FREE_FAIL_GIB else State.FAIL
    return Finding(check="disk", state=state, found=found, to_do="Make room.")


def check_embedded_postgres() -> Finding:
    """Whether ``turnout dev`` could start a Postgres of its own."""
    name = "postgres"
    try:
        folder = find_binaries()
    except Unavailable as error:
        return Finding(check=name, state=State.FAIL, found="none", to_do=error.message)
    return Finding(
        check=name,
        state=State.OK,
        found=f"DATABASE_URL is not set; 'turnout dev' starts the one of {folder}",
    )


def check_variables() -> list[Finding]:
    """What is set in the environment as if it were a setting; nothing, if all of it is read."""
    names = unread_here()
    if not names:
        return []
    return [
        Finding(
            check="variables",
            state=State.WARN,
            found=f"set, and read by nothing: {', '.join(names)}",
            to_do="Correct the names, or unset them.",
        )
    ]


def check_egress() -> Finding:
    """Whom steps may call."""
    name = "egress"
    try:
        with explained():
            policy = EgressOutside().egress
    except Rejected as error:
        return Finding(check=name, state=State.FAIL, found=error.message, to_do="Mend it.")
    open_to = [
        what
        for what, is_open in (
            ("private addresses", policy.allow_private),
            ("this machine", policy.allow_loopback),
            (", ".join(sorted(policy.allow_hosts)), bool(policy.allow_hosts)),
        )
        if is_open
    ]
    if not open_to:
        return Finding(check=name, state=State.OK, found="steps may call the public internet only")
    return Finding(
        check=name,
        state=State.WARN,
        found=f"steps may also call {' and '.join(open_to)}",
        to_do="Unset TURNOUT_EGRESS__ALLOW_… unless that is meant.",
    )
