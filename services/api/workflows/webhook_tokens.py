"""The addresses that start workflows: each ends with a token, of which only a hash is kept.

A token belongs to a trigger, by its id: it stays while versions come and go, until it is rotated.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from hashlib import sha256
from typing import Final

from shared.domain.errors import NotFound, Problem
from shared.domain.webhooks import WebhookAuth
from shared.domain.workflows import Definition, TriggerKind, Webhook, Workflow

UNKNOWN_SECRET: Final = "UNKNOWN_SECRET"  # noqa: S105 - the code of a problem

Tokens = Mapping[str, str]
"""Tokens just made, by their triggers' ids: nobody can be told them again."""


def hash_of(token: str) -> str:
    """What is kept of a token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def with_tokens(
    workflow: Workflow, old: Workflow | None, new_token: Callable[[], str]
) -> tuple[Workflow, Tokens]:
    """``workflow`` with the hash that each webhook has had, or that of a new token."""
    kept = {} if old is None else _hashes(old.definition)
    wanted = [name for name, _ in _webhooks(workflow.definition)]
    tokens = {name: new_token() for name in wanted if name not in kept}
    hashes = {**kept, **{name: hash_of(token) for name, token in tokens.items()}}
    return _with_hashes(workflow, {name: hashes[name] for name in wanted}), tokens


def with_kept_tokens(workflow: Workflow, old: Workflow) -> Workflow:
    """``workflow`` with the hash that each webhook has had; a new one has none yet."""
    wanted = {name for name, _ in _webhooks(workflow.definition)}
    kept = _hashes(old.definition)
    return _with_hashes(workflow, {name: kept[name] for name in wanted & kept.keys()})


def rotated(
    workflow: Workflow, trigger_id: str, new_token: Callable[[], str]
) -> tuple[Workflow, Tokens]:
    """``workflow`` with a new token for a webhook, in place of its own. Raises NotFound."""
    if trigger_id not in dict(_webhooks(workflow.definition)):
        raise NotFound(f"Workflow {workflow.id} has no webhook '{trigger_id[:64]}'.")
    token = new_token()
    return _with_hashes(workflow, {trigger_id: hash_of(token)}), {trigger_id: token}


def webhook_problems(
    definition: Definition, old: Definition | None, secrets: Collection[str]
) -> Iterator[Problem]:
    """What is wrong with webhooks, seen from what is there: ``secrets``, and earlier hashes."""
    kept = {} if old is None else _hashes(old)
    for index, (name, trigger) in enumerate(definition.named_triggers):
        if trigger.kind is not TriggerKind.WEBHOOK or trigger.webhook is None:
            continue
        pointer, auth = f"/triggers/{index}/webhook", trigger.webhook.auth
        if trigger.webhook.token_hash not in (None, kept.get(name)):
            detail = "Leave it out: a token is made when the workflow is first saved, and kept."
            yield Problem(pointer=f"{pointer}/token_hash", code="UNKNOWN_TOKEN", detail=detail)
        if auth is not None:
            yield from unknown_secrets(auth, f"{pointer}/auth", secrets)


def unknown_secrets(auth: WebhookAuth, pointer: str, secrets: Collection[str]) -> Iterator[Problem]:
    """Those that ``auth``, which is at ``pointer``, names and that are not among ``secrets``."""
    for number, name in enumerate(auth.secret_names):
        if name not in secrets:
            place = "secret" if auth.secret is not None else f"secrets/{number}"
            detail = (
                f"The environment has no secret '{name}': make it with"
                " 'turnout secret set', or name another."
            )
            yield Problem(pointer=f"{pointer}/{place}", code=UNKNOWN_SECRET, detail=detail)


def _webhooks(definition: Definition) -> Iterator[tuple[str, Webhook]]:
    for name, trigger in definition.named_triggers:
        if trigger.kind is TriggerKind.WEBHOOK:
            yield name, trigger.webhook or Webhook()


def _hashes(definition: Definition) -> dict[str, str]:
    return {name: hook.token_hash for name, hook in _webhooks(definition) if hook.token_hash}


def _with_hashes(workflow: Workflow, hashes: Mapping[str, str]) -> Workflow:
    if not hashes:
        return workflow
    triggers = tuple(
        trigger.model_copy(
            update={
                "webhook": (trigger.webhook or Webhook()).model_copy(
                    update={"token_hash": hashes[name]}
                )
            }
        )
        if name in hashes
        else trigger
        for name, trigger in workflow.definition.named_triggers
    )
    definition = workflow.definition.model_copy(update={"triggers": triggers})
    return workflow.model_copy(update={"definition": definition})
