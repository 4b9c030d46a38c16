"""What is broken in one delivery ends neither the role nor another delivery."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

import pytest
from structlog.testing import capture_logs

from services.webhooks.disable import disable
from shared.assembly.platform import Platform
from shared.bus.protocol import Bus, Record
from shared.domain.errors import Unavailable
from shared.domain.subscriptions import WebhookFormat
from shared.runtime.roles import Role
from tests.integration.test_nothing_passed_over import Refusing
from tests.integration.webhooks.stage import (
    ENVIRONMENT,
    open_hooks,
    phase,
    publish,
    role,
    roles,
    subscribe,
)
from tests.support.eventually import eventually
from tests.support.house import count, open_house
from tests.support.metrics import total
from tests.support.works import open_works, until
from tests.unit.webhooks.test_shares import claimed

DELIVERED: Final = "SELECT count(*) FROM webhook_deliveries WHERE status = 'DELIVERED'"
ATTEMPTS: Final = "SELECT count(*) FROM webhook_attempts"
ARCHIVED: Final = "SELECT count(*) FROM events WHERE type = 'webhook:disabled'"
NOT_UUID: Final = "secret-as-a-workflow"


async def test_what_cannot_be_written_fails_its_own_attempt(database: str) -> None:
    """It is noted with a code, is due again, and the log says where; others are delivered."""
    with capture_logs() as lines:
        async with open_hooks() as hooks, open_works(database, before=roles()) as works:
            # Only this form looks the workflow up, and no writer of ours gives it such an id.
            form = WebhookFormat.TRANSACTIONLINK
            broken = await subscribe(works.pool, f"{hooks.url}/broken", format=form)
            await subscribe(works.pool, f"{hooks.url}/well")
            await publish(works, phase(workflow_id=NOT_UUID))
            await until(works.pool, ATTEMPTS, 2)
            await publish(works, phase())
            await until(works.pool, DELIVERED, 3)
            noted = await works.pool.fetchrow(
                "SELECT a.error, a.status, d.status AS stands, d.next_at FROM webhook_attempts a"
                " JOIN webhook_deliveries d ON d.id = a.delivery_id WHERE d.status <> 'DELIVERED'"
            )
            seen = works.platform.registry.get_sample_value
            labels = {"environment": str(ENVIRONMENT), "outcome": "defect"}
            assert seen("turnout_webhook_attempts_total", labels) == 1
    assert noted is not None
    assert (noted["status"], noted["stands"]) == (None, "PENDING")
    assert "(DEFECT)" in noted["error"]
    assert noted["next_at"] is not None
    (line,) = [line for line in lines if line["event"] == "webhook_defect"]
    assert line["subscription_id"] == str(broken.id)
    assert line["error"] == "ValueError"
    assert "prepare.py" in line["at"]
    assert NOT_UUID not in str(line), "what is sent may be secret"


@pytest.mark.parametrize("headers", ['{"x": 1}', "[1]"])
async def test_headers_that_are_none_fail_their_own_attempt(database: str, headers: str) -> None:
    """Claimed with others, they are noted as broken, and the others are delivered."""
    async with open_hooks() as hooks, open_works(database, before=roles()) as works:
        broken = await subscribe(works.pool, f"{hooks.url}/broken")
        await subscribe(works.pool, f"{hooks.url}/well")
        changed = "UPDATE webhook_subscriptions SET headers = $2 WHERE id = $1"
        await works.pool.execute(changed, broken.id, headers)
        await publish(works, phase())
        await until(works.pool, DELIVERED, 1)
        await until(works.pool, f"SELECT ({ATTEMPTS} WHERE error LIKE '%(DEFECT)%') > 0")
        assert not hooks.at("/broken")


class Broken(Refusing):
    """A bus that has a fault of its own with one topic."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Publish. Raises ZeroDivisionError for the topic."""
        if any(record.topic == self._topic for record in records):
            raise ZeroDivisionError
        await self._bus.publish(records)


def _cannot_tell(platform: Platform) -> Sequence[tuple[str, Role]]:
    bus = Broken(platform.bus, platform.topics.sources[0])
    return [("webhooks", role(replace(platform, bus=cast("Bus", bus))))]


async def test_what_follows_of_an_attempt_may_be_broken(database: str) -> None:
    """The attempt is noted all the same, and the next one has it to do again."""
    with capture_logs() as lines:
        async with open_hooks() as hooks, open_works(database, before=_cannot_tell) as works:
            hooks.status = lambda path, _count: 410 if path == "/gone" else 200
            await subscribe(works.pool, f"{hooks.url}/gone")
            await publish(works, phase())
            await eventually(lambda: any(one["event"] == "webhook_defect" for one in lines))
            await subscribe(works.pool, f"{hooks.url}/well")
            await publish(works, phase())
            await until(works.pool, DELIVERED, 1)
            assert await count(works.pool, "webhook_subscriptions", "is_active") == 2
            await until(
                works.pool, "SELECT count(*) FROM webhook_deliveries WHERE next_at IS NULL", 3
            )


class Losing(Refusing):
    """A bus whose answer is lost once a record of the topic is durable."""

    async def publish(self, records: Sequence[Record]) -> None:
        """Publish. Raises Unavailable for the topic, afterwards."""
        await self._bus.publish(records)
        await super().publish(records)


@pytest.mark.parametrize(("second", "events"), [("It is gone.", 1), ("It fails.", 2)])
async def test_disabled_once_more_is_no_other_event_of_the_same_id(
    database: str, second: str, events: int
) -> None:
    """Told of it and not committed, it is done again: the same is a repetition, else an event."""
    async with open_house(database) as house:
        platform = house.platform
        one = await subscribe(platform.pool, "http://127.0.0.1:1/")
        gone = replace(claimed(), environment_id=ENVIRONMENT, subscription_id=one.id)
        losing = cast("Bus", Losing(platform.bus, platform.topics.sources[0]))
        with pytest.raises(Unavailable):
            await disable(replace(platform, bus=losing), gone, "It is gone.")
        assert await disable(platform, gone, second)
        await house.publish(b"{", key=str(one.id).encode())
        await eventually(lambda: len(house.letters()) > 0)
        assert [letter["reason"] for letter in house.letters()] == ["UNREADABLE"]
        await until(platform.pool, ARCHIVED, events)
        repeated = "turnout_events_duplicate_total"
        await eventually(lambda: total(platform.registry, repeated) == 2 - events)
