"""``turnout db status``."""

import asyncio

import click

from services.cli.exits import Exit
from services.cli.options import example, json_option
from services.cli.present import show_fields, write_json
from services.cli.process.settings import read_database_url
from shared.db import migrate as schema


@click.command(epilog=example("DATABASE_URL=postgresql://… turnout db status --json"))
@json_option
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Show the revision of DATABASE_URL's database; ends with 1 unless it is current."""
    found = asyncio.run(schema.status(read_database_url()))
    is_current = not found.pending
    if as_json:
        write_json(
            {"current": found.current, "pending": list(found.pending), "is_current": is_current}
        )
    else:
        what_next = "nothing; the schema is current" if is_current else "turnout db migrate"
        show_fields(
            {
                "at revision": found.current,
                "to apply": schema.spanned(found.pending) if found.pending else None,
                "to do": what_next,
            }
        )
    ctx.exit(Exit.OK if is_current else Exit.FAILED)
