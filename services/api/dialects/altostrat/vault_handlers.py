"""Altostrat's vault: secrets of the environment under names of their own."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from aiohttp import web
from pydantic import Field, SecretStr

from services.api.dialects.altostrat.documents import VaultDocument
from services.api.dialects.altostrat.ids import SECRET, written
from services.api.dialects.altostrat.nodes import Open
from services.api.dialects.altostrat.paths import secret_in_path
from services.api.http.bodies import answer, answer_once
from services.api.http.query_strings import Moment
from services.api.http.route import ADMIN, AUTHOR, Body, Route, body_of
from services.api.keep_secret import end_secret
from services.api.login.auth import caller_of, environment_of
from services.api.note_changes import note
from services.api.resources import RESOURCES, ApiResources
from shared.db.altostrat_vault import VaultItem, get_item, label_secret, list_items
from shared.db.audit import Change
from shared.db.pool import Connection
from shared.db.secrets import put_secret
from shared.domain.principals import Caller
from shared.wire.envelope import stamp, stamped
from shared.wire.strict_json import invalid

API_KEY: Final = "api-key:"
"""A secret whose name begins so is made here, and told once."""
KEY_PREFIX: Final = "wfk_"

ItemName = Annotated[str, Field(min_length=3, max_length=50)]
ItemValue = Annotated[SecretStr, Field(min_length=1, max_length=2_000)]


class NewVaultSecret(Open):
    """A secret for the vault; one whose name begins with ``api-key:`` is made here."""

    name: ItemName
    secret: ItemValue | None = None
    expires_at: Moment | None = None


class ChangedVaultSecret(Open):
    """Any of a secret's fields; those that are left out stay as they are."""

    name: ItemName | None = None
    secret: ItemValue | None = None
    expires_at: Moment | None = None


async def keep(request: web.Request) -> web.Response:
    """201 with what is known of the secret, and with a key that was made, which is told once."""
    resources, caller = request.app[RESOURCES], await caller_of(request)
    asked = await body_of(request, NewVaultSecret)
    is_made = asked.secret is None and asked.name.startswith(API_KEY)
    value = SecretStr(f"{KEY_PREFIX}{resources.new_token()}") if is_made else asked.secret
    if value is None:
        raise invalid("/secret", "REQUIRED", "The secret field is required.")
    _check_end(asked.expires_at, resources.clock.now())
    name = written(SECRET, UUID(int=resources.new_id().int))
    async with resources.tenant(caller.environment_id) as conn:
        await _put(resources, conn, caller, name, value)
        item = await _label(resources, conn, caller, name, asked.name, asked.expires_at)
        await _note(resources, conn, caller, item, before=None)
    if not is_made:
        return answer(_document(item), status=201)
    document: VaultDocument = {**_document(item), "secret": value.get_secret_value()}
    return answer_once(document, status=201)


async def find(request: web.Request) -> web.Response:
    """What is known of the secret, without its value."""
    name, environment_id = secret_in_path(request), await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        return answer(_document(await get_item(conn, (environment_id, name))))


async def list_secrets(request: web.Request) -> web.Response:
    """The secrets of the vault, without their values, in the order in which they were made."""
    environment_id = await environment_of(request)
    async with request.app[RESOURCES].tenant(environment_id) as conn:
        found = await list_items(conn, environment_id)
    document: list[VaultDocument] = [_document(item) for item in found]
    return answer(document)


async def alter(request: web.Request) -> web.Response:
    """200 with the secret under its new name, with its new value or its new end."""
    resources, name = request.app[RESOURCES], secret_in_path(request)
    caller, asked = await caller_of(request), await body_of(request, ChangedVaultSecret)
    _check_end(asked.expires_at, resources.clock.now())
    async with resources.tenant(caller.environment_id) as conn:
        old = await get_item(conn, (caller.environment_id, name))
        if asked.secret is not None:
            await _put(resources, conn, caller, name, asked.secret)
        says_end = "expires_at" in asked.model_fields_set
        ends = asked.expires_at if says_end else old.expires_at
        item = await _label(resources, conn, caller, name, asked.name or old.name, ends)
        await _note(resources, conn, caller, item, before=old)
    return answer(_document(item))


async def forget(request: web.Request) -> web.Response:
    """204; nodes may still be sent with it for a few seconds."""
    name, caller = secret_in_path(request), await caller_of(request)
    await end_secret(request.app[RESOURCES], caller, name)
    return web.Response(status=204)


def _check_end(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise invalid("/expires_at", "IN_THE_PAST", "It must be a time in the future.")


async def _put(
    resources: ApiResources, conn: Connection, caller: Caller, name: str, value: SecretStr
) -> None:
    await put_secret(
        conn,
        resources.ring,
        (caller.environment_id, name),
        value.get_secret_value(),
        now=resources.clock.now(),
        by=caller.name,
    )


async def _label(
    resources: ApiResources,
    conn: Connection,
    caller: Caller,
    name: str,
    label: str,
    expires_at: datetime | None,
) -> VaultItem:
    return await label_secret(
        conn,
        (caller.environment_id, name),
        label,
        expires_at,
        now=resources.clock.now(),
        by=caller.name,
    )


async def _note(
    resources: ApiResources,
    conn: Connection,
    caller: Caller,
    item: VaultItem,
    before: VaultItem | None,
) -> None:
    def told(one: VaultItem) -> dict[str, Any]:
        return {"version": one.version, "key_id": one.key_id}

    target, earlier = f"secret:{item.id}", None if before is None else told(before)
    change = Change(action="secret.put", target=target, before=earlier, after=told(item))
    await note(resources, conn, caller, change)


def _document(item: VaultItem) -> VaultDocument:
    return {
        "id": item.id,
        "name": item.name,
        "expires_at": stamped(item.expires_at),
        "created_at": stamp(item.created_at),
        "updated_at": stamp(item.updated_at),
    }


_ALL: Final = "/altostrat/workflows/vault"
_ONE: Final = f"{_ALL}/{{vault_id}}"

ROUTES: Final = (
    Route("POST", _ALL, keep, ADMIN, body=Body(model=NewVaultSecret), answers={201: VaultDocument}),
    Route("GET", _ALL, list_secrets, AUTHOR, answers={200: list[VaultDocument]}),
    Route("GET", _ONE, find, AUTHOR, answers={200: VaultDocument}),
    Route(
        "PUT", _ONE, alter, ADMIN, body=Body(model=ChangedVaultSecret), answers={200: VaultDocument}
    ),
    Route("DELETE", _ONE, forget, ADMIN, answers={204: None}),
)
