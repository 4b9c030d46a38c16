"""What each of Altostrat's components does, as the fields of a step.

What is not here is an action of the registry, called by its component's name with its data.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from services.api.dialects.altostrat.conditions import (
    OPERATORS,
    Operands,
    beneath,
    condition_of,
    group_of,
    kind_of,
)
from services.api.dialects.altostrat.ids import WORKFLOW, parsed
from services.api.dialects.altostrat.nodes import AltostratNode
from services.api.dialects.altostrat.pure import PURE
from services.api.dialects.altostrat.templates import as_text, given, is_template, liquid
from services.api.dialects.altostrat.triggers import is_trigger, plain
from shared.domain.errors import Invalid
from shared.domain.steps import Body, Case, Form, Iterator, Sleep, StepKind, Subworkflow, Terminate
from shared.domain.values import WAIT_S_MAX, Lang, Value
from shared.wire.strict_json import invalid

Fields = dict[str, Any]
"""The fields of a step beside its id."""
Compile = Callable[[Mapping[str, Any]], Fields]

# A trigger's output is what the workflow sees of its start.
_TRIGGER_OUTPUT: Final = Value(lang=Lang.JSONATA, src="trigger")
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_UNITS: Final = MappingProxyType({"second": 1, "minute": 60, "hour": 3_600, "day": 86_400})
_TYPES: Final = MappingProxyType({"number": "number", "integer": "integer", "boolean": "boolean"})


def step_fields(node: AltostratNode) -> Fields:
    """What a node does. Raises Invalid; places begin at the node."""
    if is_trigger(node.component):
        return {"action": "transform", "input": _TRIGGER_OUTPUT}
    make = COMPONENTS.get(plain(node.component))
    if make is None:
        return {"action": node.component, "input": liquid(node.data.fields)}
    return make(node.data.fields)


def _http(data: Mapping[str, Any]) -> Fields:
    place, url = given(data, "url", "endpoint")
    if not isinstance(url, str) or not url:
        raise invalid(place, "REQUIRED", "Say what is called.")
    method = str(data.get("method") or "GET").upper()
    if method not in _METHODS:
        raise invalid("/data/method", "UNKNOWN_METHOD", f"There are {', '.join(_METHODS)}.")
    headers, body = _headers(data), data.get("body")
    sent: Fields = {"url": as_text(url), "method": method, "headers": headers}
    if isinstance(body, str) and body:
        sent["body"] = as_text(body)
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = "application/json"
    elif body:
        sent["json"] = body
    return {"action": "http_request", "input": liquid(sent)}


def _headers(data: Mapping[str, Any]) -> dict[str, str]:
    """A list of names and values, or an object of them."""
    said = data.get("headers") or []
    pairs = [{"key": k, "value": v} for k, v in said.items()] if isinstance(said, dict) else said
    headers: dict[str, str] = {}
    for index, pair in enumerate(pairs if isinstance(pairs, list) else [None]):
        name = given(pair, "key", "name", "header")[1] if isinstance(pair, dict) else None
        if not isinstance(pair, dict) or not isinstance(name, str):
            place = f"/data/headers/{index}"
            raise invalid(place, "NOT_A_HEADER", "Write a header as {key, value}.")
        headers[name] = as_text(str(pair.get("value", "")))
    return headers


def _condition(kind: str) -> Compile:
    def compiled(data: Mapping[str, Any]) -> Fields:
        operands = Operands()
        condition = condition_of(kind, data, operands)
        return {
            "kind": StepKind.CONDITION,
            "condition": condition,
            "input": liquid(operands.values),
        }

    return compiled


def _group(data: Mapping[str, Any]) -> Fields:
    operands = Operands()
    condition = group_of(data, operands)
    return {"kind": StepKind.CONDITION, "condition": condition, "input": liquid(operands.values)}


def _switch(data: Mapping[str, Any]) -> Fields:
    """The first case that holds; a case compares the switch's ``value``, or one of its own."""
    operands, cases = Operands(), data.get("cases")
    if not isinstance(cases, list) or not cases:
        raise invalid("/data/cases", "REQUIRED", "Give a list of cases.")
    compiled: list[Case] = []
    for index, case in enumerate(cases):
        place = f"/data/cases/{index}"
        handle = _handle(case)
        if not isinstance(case, dict) or not isinstance(handle, str):
            raise invalid(place, "NOT_A_CASE", "A case is an object with a 'handle'.")
        try:
            kind = kind_of({"type": case.get("type", data.get("type"))})
            when = condition_of(kind, _compared(case, data), operands)
        except Invalid as error:
            raise beneath(error, place) from None
        compiled.append(Case(handle=handle, when=when))
    input_ = liquid(operands.values)
    return {"kind": StepKind.SWITCH, "cases": tuple(compiled), "input": input_}


def _compared(case: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    common, said = given(data, "value", "variable", "input", "field")[1], {"operator": "equals"}
    if common is None:
        return {**said, **case}
    return {**said, "compare_to": case.get("value"), **case, "value": common}


def _delay(data: Mapping[str, Any]) -> Fields:
    place, amount = given(data, "duration", "amount", "value", "delay")
    unit = str(given(data, "unit", "duration_unit", "units")[1] or "seconds").lower()
    seconds = _UNITS.get(unit.removesuffix("s"))
    if seconds is None:
        raise invalid("/data/unit", "UNKNOWN_UNIT", "There are seconds, minutes, hours and days.")
    if is_template(amount) and seconds == 1:
        return {"kind": StepKind.SLEEP, "input": liquid({"duration_s": amount})}
    try:
        lasts = float(amount) * seconds
    except (TypeError, ValueError):
        lasts = 0.0
    if isinstance(amount, bool) or not 0 < lasts <= WAIT_S_MAX:
        raise invalid(place, "NOT_A_DURATION", "Write a number above 0; a template is in seconds.")
    return {"kind": StepKind.SLEEP, "sleep": Sleep(duration_s=lasts)}


def _call(data: Mapping[str, Any], *, waits: bool) -> Subworkflow:
    place, said = given(data, "workflow_id", "workflowId", "target_workflow_id", "subflow_id")
    id_ = parsed(WORKFLOW, said) if isinstance(said, str) else None
    if id_ is None:
        raise invalid(place, "NOT_A_WORKFLOW", "Name a workflow by its id, fl_….")
    said_waits = given(data, "wait", "wait_for_completion")[1]
    return Subworkflow(workflow_id=id_, wait=waits if said_waits is None else bool(said_waits))


def _calls(*, waits: bool) -> Compile:
    def compiled(data: Mapping[str, Any]) -> Fields:
        passed = given(data, "payload", "input", "context", "data", "body")[1]
        return {
            "kind": StepKind.SUBWORKFLOW,
            "subworkflow": _call(data, waits=waits),
            "input": liquid({} if passed is None else passed),
        }

    return compiled


def _iterator(data: Mapping[str, Any]) -> Fields:
    place, items = given(data, "items", "array", "list", "source")
    if items is None:
        raise invalid(place, "REQUIRED", "Say what it goes through, such as '{{ n1.items }}'.")
    passed = given(data, "payload", "input", "context")[1]
    input_ = liquid({"item": "{{ item }}", "index": "{{ index }}"} if passed is None else passed)
    body = Body(subworkflow=_call(data, waits=True), input=input_)
    return {"kind": StepKind.ITERATOR, "iterator": Iterator(items=liquid(items), body=body)}


def _terminate(data: Mapping[str, Any]) -> Fields:
    status = str(data.get("status") or "completed").lower()
    if status not in ("completed", "failed"):
        raise invalid("/data/status", "UNKNOWN_STATUS", "It is completed or failed.")
    message = given(data, "message", "reason")[1]
    if status == "failed" and is_template(message):  # a failed end's input is its message
        failed = Terminate.model_validate({"status": status})
        return {"kind": StepKind.TERMINATE, "terminate": failed, "input": liquid(as_text(message))}
    shown = None if message is None else str(message)[:4_096]
    result = given(data, "output", "result", "response", "body")[1]
    end = Terminate.model_validate({"status": status, "message": shown})
    return {"kind": StepKind.TERMINATE, "terminate": end, "input": liquid(result)}


def _respond(data: Mapping[str, Any]) -> Fields:
    result = given(data, "body", "response", "output", "result")[1]
    return {"kind": StepKind.RESPOND, "input": liquid(result)}


def _form(data: Mapping[str, Any]) -> Fields:
    said = data.get("buttons") or []
    buttons = [_handle(button) for button in said] if isinstance(said, list) else said
    message = given(data, "message", "title", "prompt")[1]
    form: Fields = {"buttons": buttons, "message": str(message)[:4_096] if message else None}
    form["schema"] = _form_schema(data.get("fields"))
    try:
        checked = Form.model_validate(form, strict=False)
    except ValueError:
        detail = "Buttons are up to 20 names of letters, digits, '_', '.', ' ' and '-'."
        raise invalid("/data/buttons", "NOT_BUTTONS", detail) from None
    return {"kind": StepKind.FORM, "form": checked, "input": liquid(dict(data))}


def _form_schema(fields: Any) -> dict[str, Any] | None:
    """What a form may be filled in with; None: anything."""
    if not isinstance(fields, list):
        return None
    known = [f for f in fields if isinstance(f, dict) and isinstance(_name(f), str)]
    typed = {_name(f): _TYPES.get(str(f.get("type"))) for f in known}
    return {
        "type": "object",
        "properties": {name: {"type": kind} if kind else {} for name, kind in typed.items()},
        "required": [_name(f) for f in known if f.get("required") is True],
    }


def _handle(said: Any) -> Any:
    """What a way out is called: a button, or a case."""
    return given(said, "handle", "id", "name", "label")[1] if isinstance(said, dict) else said


def _name(field: Mapping[str, Any]) -> Any:
    return given(field, "name", "id", "key")[1]


COMPONENTS: Final[Mapping[str, Compile]] = MappingProxyType(
    {
        **dict.fromkeys(("webhook", "webhookcall", "apicall", "httprequest", "http"), _http),
        **{f"{kind}condition": _condition(kind) for kind in OPERATORS},
        **{f"condition{kind}": _condition(kind) for kind in OPERATORS},
        **dict.fromkeys(("logicalgroup", "logicalgroupcondition", "conditiongroup"), _group),
        **dict.fromkeys(("switch", "switchcondition", "conditionswitch"), _switch),
        **dict.fromkeys(("delay", "wait", "sleep"), _delay),
        **dict.fromkeys(("triggerworkflow", "triggeranotherworkflow"), _calls(waits=False)),
        **dict.fromkeys(("subflow", "callsubflow", "runsubflow"), _calls(waits=True)),
        **dict.fromkeys(("iterator", "loop", "foreach"), _iterator),
        **dict.fromkeys(("terminate", "terminateworkflow"), _terminate),
        **dict.fromkeys(("respond", "response", "apiresponse"), _respond),
        **dict.fromkeys(("form", "interactiveform"), _form),
        **PURE,
    }
)
"""By the component's name without underscores and capitals."""
