"""What the fields of a workflow mean, in a sentence each: for editors and for documents."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_STEP: Final[Mapping[str, str]] = {
    "id": "What edges and expressions know it by.",
    "kind": "What it is; a kind with something to say has a block of its name.",
    "name": "What people call it.",
    "description": "What it is for.",
    "action": "What it does: a built-in action or a registered one.",
    "action_version": "Which version of the action; without 'auto_upgrade' it stays this one.",
    "auto_upgrade": "Whether each attempt takes the action's newest version.",
    "input": "What it works with.",
    "filters": "Rules over the event; unless they hold the step is skipped.",
    "run_if": "A condition (JSONata); unless it holds the step is skipped.",
    "depends_on": "Steps that come first.",
    "retry": "When it is tried again.",
    "timeout_s": "What one attempt may take, in seconds; if left out 30, a worker's 3,600.",
    "heartbeat_s": "For how many seconds a remote worker may be silent.",
    "on_failure": "What becomes of the execution when it has failed for good.",
    "approval": "Whose yes it waits for, before it runs or as all it does.",
    "schedule": "It is done at each of these times, once it has been reached.",
    "compensation": "What undoes it.",
    "condition": "The question (JSONata) of a step of kind 'condition'.",
    "cases": "The ways out of a step of kind 'switch'; the first whose 'when' holds is taken.",
    "sleep": "How long a step of kind 'sleep' waits.",
    "form": "What a person fills in at a step of kind 'form'.",
    "wait": "The event that a step of kind 'wait' waits for.",
    "iterator": "What a step of kind 'iterator' does with each item.",
    "subworkflow": "The workflow that a step of kind 'subworkflow' calls.",
    "terminate": "How the execution ends at a step of kind 'terminate'.",
    "ext": "What other systems keep here.",
}
_WORKFLOW: Final[Mapping[str, str]] = {
    "id": "Its own, if it has one already; else one is given.",
    "environment_id": "The environment it is for; else the caller's own, or the default one.",
    "dialect": "What expressions see: in 'transactionlink' what a start says, at the root.",
    "is_active": "Whether events may start it.",
    "draft": "Whether it may be kept though something still keeps it from running.",
    "name": "What people call it.",
    "key": "What programs call it.",
    "description": "What it is for.",
    "kind": "A word of the author's own.",
    "subkind": "A word of the author's own.",
    "scope": "Whose it is, in the words of another system.",
    "run_as": "In whose name it runs, in the words of another system.",
    "triggers": "What starts it.",
    "filters": "Rules over the event; unless they hold it does not start.",
    "run_if": "A condition over the event (JSONata); unless it holds it does not start.",
    "annotations": "Entities that are looked up before the first step.",
    "steps": "What it does.",
    "edges": "In which order; without any, and without 'depends_on', as written.",
    "result": "The execution's result; else what a step gave, else the last output.",
    "input_schema": "What a start by hand must look like (JSON Schema).",
    "policy": "When an execution expires, and how many run at a time.",
    "metadata": "What the author wants to keep with it.",
    "ext": "What other systems keep here.",
}
_TRIGGER: Final[Mapping[str, str]] = {
    "id": "Its own within the workflow; else 't' and its place from 0.",
    "kind": "Who or what starts it.",
    "event_name": "The type of the events, exact or with a '*' at the end.",
    "event_uid": "The uid or the name of a registered event type, in the place of 'event_name'.",
    "schedule": "When it starts, for the kind 'schedule'.",
    "webhook": "What a sender has to show, for the kind 'webhook'.",
    "step_id": "The step where the graph begins, in the words of another system.",
    "ext": "What other systems keep here.",
}
_SCHEDULE: Final[Mapping[str, str]] = {
    "kind": "How it says its times.",
    "value": "When it is due: '06:30', 'mon,wed 06:30', '1,15 06:30', '0 6 * * 1-5', '5 minutes'.",
    "timezone": "A zone of the IANA database, in which its days begin.",
    "starts_at": "It is not due before.",
    "ends_at": "It is not due after.",
    "jitter_s": "Each time starts up to so many seconds later, never after the next one.",
    "catch_up": "Which of the times that were missed in an outage are made up for.",
    "catch_up_max": "How many of them, the latest, where that is 'all'.",
    "overlap": "What becomes of a time while the execution of the one before is under way.",
}
_WEBHOOK: Final[Mapping[str, str]] = {
    "token_hash": "Of the token that its address ends with; Turnout makes it.",
    "auth": "What a sender has to show beside the address.",
    "keep_raw": "Whether the event also has the body as it came, in 'raw'.",
    "keep_headers": "Headers that the event also has, in lower case; none that carry credentials.",
}
_WEBHOOK_AUTH: Final[Mapping[str, str]] = {
    "preset": "How a sender shows that it knows the secret.",
    "header": "The header that the secret or, for 'hmac', the signature stands in.",
    "secret": "The name of the secret.",
    "secrets": "The names of several, of which a sender knows one.",
    "algorithm": "The hash of an 'hmac'; sha256 if left out.",
    "encoding": "How an 'hmac' is written; hex if left out.",
    "prefix": "What stands before an 'hmac' in its header.",
    "signed": "What an 'hmac' is of; the body if left out.",
    "timestamp_header": "The header of the time that is signed, in seconds of Unix.",
    "id_header": "The header with the sender's id of what it sends.",
    "tolerance_s": "How far off, in seconds, a time that is signed may be; 300 if left out.",
}
_EDGE: Final[Mapping[str, str]] = {
    "id": "What another system knows it by.",
    "from": "The step it leaves.",
    "to": "The step it leads to.",
    "handle": "The way out of the step, such as 'true', 'rejected' or 'error'.",
    "condition": "It is only gone if this holds (JSONata).",
    "origin": "Where it comes from.",
    "ext": "What other systems keep here.",
}
_VALUE: Final[Mapping[str, str]] = {
    "lang": "How 'src' is written.",
    "src": "A tree of JSON, or a text in that language.",
}

WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "WorkflowRequest": _WORKFLOW,
        "WorkflowDocument": _WORKFLOW,
        "Step": _STEP,
        "Trigger": _TRIGGER,
        "Schedule": _SCHEDULE,
        "Webhook": _WEBHOOK,
        "WebhookAuth": _WEBHOOK_AUTH,
        "Edge": _EDGE,
        "Value": _VALUE,
    }
)
"""By model and field, as they are written."""
