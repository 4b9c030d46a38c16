"""What follows from a workflow as registered."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from shared.domain.values import DAY_S
from shared.domain.workflows import Definition, Dialect, Lifecycle, Policy, Workflow

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def workflow(dialect: Dialect = Dialect.NATIVE, **definition: Any) -> Workflow:
    """A workflow with this definition."""
    return Workflow(
        id=UUID(int=1),
        environment_id=UUID(int=2),
        version=1,
        dialect=dialect,
        lifecycle=Lifecycle.READY,
        is_active=True,
        definition=Definition.model_validate_json(orjson.dumps({"name": "w", **definition})),
        source=None,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize("dialect", [d for d in Dialect if d is not Dialect.TRANSACTIONLINK])
def test_most_dialects_expire_only_as_told(dialect: Dialect) -> None:
    """Without a policy of its own a workflow's executions do not expire."""
    assert workflow(dialect).policy == Policy()


def test_one_dialect_expires_by_itself() -> None:
    """After an hour, or between half an hour and thirty days if the caller says so."""
    policy = workflow(Dialect.TRANSACTIONLINK).policy
    limits = (policy.expiry_min_s, policy.expires_after_s, policy.expiry_max_s)
    assert limits == (1_800, 3_600, 30 * DAY_S)


def test_a_policy_of_its_own_goes_before_the_dialect() -> None:
    """What the author says counts."""
    own = workflow(Dialect.TRANSACTIONLINK, policy={"expires_after_s": 7_200}).policy
    assert own == Policy(expires_after_s=7_200)


def test_a_revision_tells_contents_apart() -> None:
    """Equal definitions have one revision, others another."""
    assert workflow().revision == workflow(Dialect.TRUTO).revision
    assert workflow().revision != workflow(description="x").revision


def test_a_limit_that_says_nothing_of_expiry_leaves_it_to_the_dialect() -> None:
    """And is kept beside what the dialect says."""
    policy = workflow(Dialect.TRANSACTIONLINK, policy={"max_sync_s": 5}).policy
    assert (policy.max_sync_s, policy.expires_after_s) == (5, 3_600)
