"""Altostrat's routes that try things: checked and computed, and nothing done."""

from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from services.api.dialects.altostrat.documents import AltostratTested, AltostratValidity
from services.api.dialects.altostrat.faults import field_of
from services.api.dialects.altostrat.nodes import AltostratNode, AltostratWorkflow, Open
from services.api.dialects.altostrat.try_node import Known, try_node
from services.api.dialects.altostrat.workflows import WORDS, step_of
from services.api.dialects.words import read_in
from services.api.http.bodies import answer
from services.api.http.payloads import Payload, answer_to
from services.api.http.route import READ, Body, Route, body_of, document_of
from services.api.login.auth import PRINCIPAL, environment_of
from services.api.resources import RESOURCES
from services.api.workflows.examine_workflow import known_actions
from services.api.workflows.register_workflow import check_registration
from shared.domain.errors import Invalid, Problem
from shared.domain.principals import Scope


class AltostratTest(Open):
    """A node, and what it is to see: ``trigger``, ``payload``, and outputs by nodes' ids."""

    node: AltostratNode
    context: dict[str, Any] | None = None
    authorization_id: str | None = None


async def validate(request: web.Request) -> web.Response:
    """Whether the workflow could run, and why not; nothing is kept."""
    resources, document = request.app[RESOURCES], await document_of(request)
    environment_id = await environment_of(request)
    try:
        asked = read_in(WORDS, document, resources.new_id())
        may_see = request[PRINCIPAL].may(Scope.AUTHOR)
        problems = await check_registration(resources, environment_id, asked, sees_secrets=may_see)
    except Invalid as error:
        problems = list(error.problems)
    else:
        problems = [WORDS.place(problem) for problem in problems]
    told: AltostratValidity = {
        "valid": not problems,
        "errors": [f"{field_of(problem.pointer)}: {problem.detail}" for problem in problems],
    }
    return answer(told)


async def test_node(request: web.Request) -> web.Response:
    """What a node that computes comes to, or what one that acts would do; nothing is done."""
    resources, asked = request.app[RESOURCES], await body_of(request, AltostratTest)
    environment_id = await environment_of(request)
    may_see = request[PRINCIPAL].may(Scope.AUTHOR)
    async with resources.tenant(environment_id) as conn:
        known = Known(
            secrets=await resources.secret_names(conn, environment_id) if may_see else None,
            actions=await known_actions(conn, environment_id),
        )
    try:
        step = step_of(asked.node, has_error_edge=False, is_led_to=True)
    except Invalid as error:
        raise Invalid([_within(problem) for problem in error.problems]) from None
    trial = try_node(resources, step, asked.context or {}, known)
    tried = await resources.computing.run(environment_id, trial)
    document: AltostratTested = {
        "status": "success" if tried.error is None else "error",
        "output": Payload(tried.output),
        "dry_run": tried.is_dry,
        "handle": tried.handle,
        "error": Payload(tried.error),
    }
    return answer_to(request, document)


def _within(problem: Problem) -> Problem:
    return replace(problem, pointer=f"/node{problem.pointer}")


ROUTES: Final = (
    Route(
        *("POST", "/altostrat/workflows/validate", validate, READ),
        body=Body(model=AltostratWorkflow, is_definition=True),
        answers={200: AltostratValidity},
    ),
    Route(
        *("POST", "/altostrat/workflows/test-node", test_node, READ),
        body=Body(model=AltostratTest),
        answers={200: AltostratTested},
    ),
)
