"""``turnout db migrate``."""

import asyncio

import click

from services.cli.options import example, json_option
from services.cli.present import say, write_json
from services.cli.process.settings import read_database_url
from shared.db import migrate as schema


@click.command(epilog=example("DATABASE_URL=postgresql://… turnout db migrate"))
@json_option
def migrate(*, as_json: bool) -> None:
    """Bring the database of DATABASE_URL to this program's schema, all or nothing.

    Any number may run at once: one works, the others wait.
    """
    applied = asyncio.run(schema.migrate(read_database_url()))
    if as_json:
        write_json({"applied": applied})
    elif applied:
        say(f"Applied {schema.spanned(applied)}; the schema is current.")
    else:
        say("Nothing to do; the schema is current.")
