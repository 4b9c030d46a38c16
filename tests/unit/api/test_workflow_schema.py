"""The schema of workflow files lets through what is a workflow, and nothing that is none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Validator, validator_for
from jsonschema_rs import meta as meta_schemas

from services.api.describe.workflow_schema import workflow_schema
from services.api.describe.workflow_words import WORDS
from services.api.dialects.native import WorkflowRequest
from services.cli.workflow.files import read_definition
from shared.domain.steps import Edge, Step
from shared.domain.values import Strict, Value
from shared.domain.webhooks import WebhookAuth
from shared.domain.workflows import Trigger, Webhook

ROOT = Path(__file__).parents[3]
SCHEMA = workflow_schema()
FILES = [*ROOT.glob("examples/*.[jy]*"), *ROOT.glob("services/cli/demo/workflows/*.*")]
CASES = sorted(ROOT.glob("tests/rules/cases/**/*.yaml"))


@pytest.fixture(scope="module")
def checks() -> Validator:
    """What an editor would judge by."""
    return validator_for(SCHEMA, validate_formats=True)


def test_it_is_a_json_schema() -> None:
    """By the schema of its own dialect, which is 2020-12."""
    assert SCHEMA["$schema"].endswith("/draft/2020-12/schema")
    meta_schemas.validate(SCHEMA)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_is_a_workflow(checks: Validator, path: Path) -> None:
    """Those of the examples and those of the demo."""
    checks.validate(read_definition(path))


def test_the_rules_are_workflows() -> None:
    """Every workflow that the rules are shown with; they call others by names, not by ids."""
    checks, found = validator_for(SCHEMA), 0
    for path in CASES:
        for case in yaml.safe_load_all(path.read_text("utf-8")):
            workflow = {"name": "x", **case["workflow"]}
            checks.validate(workflow)
            found += 1
    assert found > 50


STEP = {"id": "a", "action": "noop"}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"name": ""},
        {"name": 7},
        {"name": "x", "stepz": []},
        {"name": "x", "steps": [{"action": "noop"}]},
        {"name": "x", "steps": [{**STEP, "id": "no such name"}]},
        {"name": "x", "steps": [{**STEP, "kind": "magic"}]},
        {"name": "x", "steps": [{**STEP, "retry": {"max_attempts": 0}}]},
        {"name": "x", "steps": [{**STEP, "input": {"lang": "php", "src": ""}}]},
        {"name": "x", "edges": [{"from": "a"}]},
        {"name": "x", "triggers": [{"kind": "schedule", "schedule": {"value": "06:30"}}]},
        {"name": "x", "policy": {"concurrency_max": 0}},
        {"name": "x", "id": "not-an-id"},
        {"config": {"steps": [{"type": "run"}]}},
        {"config": {"steps": "none"}},
        [],
    ],
)
def test_what_is_none_is_refused(checks: Validator, broken: Any) -> None:
    """A missing or misspelt field, another type, a word that there is not."""
    assert not checks.is_valid(broken)


def test_what_turnout_says_may_come_back(checks: Validator) -> None:
    """A document as ``turnout workflow get`` shows it is a workflow still."""
    said = {"version": 3, "lifecycle": "ready", "created_at": "x", "webhook_url": None}
    checks.validate({"name": "x", "steps": [STEP], **said})


@pytest.mark.parametrize(
    "model", [WorkflowRequest, Step, Trigger, Webhook, WebhookAuth, Edge, Value]
)
def test_each_field_is_explained(model: type[Strict]) -> None:
    """Every field of what authors write has a sentence, and no sentence is left over."""
    fields = {field.alias or name for name, field in model.model_fields.items()}
    words: Mapping[str, str] = WORDS[model.__name__]
    assert fields == {*words}
    shown = SCHEMA["$defs"][model.__name__]["properties"]
    assert all(shown[name]["description"] == words[name] for name in fields)
