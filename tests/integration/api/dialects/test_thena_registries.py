"""What there is to build of, in Thena's words: events, activities, operators."""

from tests.integration.api.conftest import Client
from tests.integration.api.dialects.thena import ask, made, put


async def test_an_event_is_named_by_uid_by_name_or_by_both(client: Client) -> None:
    """The answer has it from the registry; the clock's own need no registration."""
    spec = {"uid": "EVT1", "description": "New", "type": "ticket:made", "metadata": {"m": 1}}
    await put(client, "event-types/ticket:created", {**spec, "schema": {"type": "object"}})
    known = {
        "uid": "EVT1",
        "description": "New",
        "eventName": "ticket:created",
        "eventType": "ticket:made",
        "source": "platform_app",
        "schema": {"type": "object"},
        "metadata": {"m": 1},
    }
    for said in ("EVT1", "ticket:created", {"uid": "EVT1", "eventName": "ticket:created"}):
        flow = await made(client, triggerEvent=said)
        assert (flow["triggerEvent"], flow["isActive"], flow["type"]) == (known, True, "AUTOMATED")
    async with client.get("/v1/workflows?trigger=ticket:made") as answer:
        assert len((await answer.json())["items"]) == 3
    status, events = await ask(client, "GET", "/registry/events")
    assert [event["eventName"] for event in events] == [
        *("cron:custom", "schedule:daily", "schedule:weekly", "ticket:created")
    ]
    assert (status, events[-1]) == (200, known)
    for said, kind in (("schedule:daily", "daily"), ("schedule:weekly", "weekly")):
        flow = await made(client, triggerEvent=said, name=kind)
        assert (flow["isActive"], flow["triggerEvent"]["eventName"]) == (True, said)
    async with client.get("/v1/schedules") as answer:
        assert {s["kind"] for s in (await answer.json())["items"]} == {"daily", "weekly"}
    flow = await made(client, triggerEvent="cron:custom", metadata={"cronExpression": "0 6 * * 1"})
    assert flow["isActive"]
    draft = await made(client, triggerEvent="cron:custom")
    assert [problem["pointer"] for problem in draft["problems"]] == ["/metadata/cronExpression"]


async def test_the_registries_say_what_there_is_to_build_of(client: Client) -> None:
    """Activities with their schemas and throttles, the sleep among them; every operator."""
    spec = {
        "transport": "worker",
        "description": "Makes a ticket.",
        "input_schema": {"type": "object"},
        "throttle": {"limit": 5, "ttl_s": 60},
    }
    await put(client, "actions/tickets:create-ticket-platform", spec)
    status, activities = await ask(client, "GET", "/registry/activities?after=t&limit=1")
    assert (status, activities) == (
        200,
        [
            {
                "uid": "tickets:create-ticket-platform",
                "name": "tickets:create-ticket-platform",
                "uniqueIdentifier": "tickets:create-ticket-platform",
                "version": 1,
                "source": "platform_app",
                "description": "Makes a ticket.",
                "requestSchema": {"type": "object"},
                "responseSchema": {},
                "throttler": {"ttl": 60, "limit": 5, "key": None, "enabled": True},
                "metadata": {},
            }
        ],
    )
    names = [
        one["uniqueIdentifier"] for one in (await ask(client, "GET", "/registry/activities"))[1]
    ]
    assert names == sorted(names)
    assert "workflows:sleep-platform" in names
    _, words = await ask(client, "GET", "/registry/operators")
    assert [one["name"] for one in words["logicalOperators"]] == ["~and", "~or", "~not"]
    assert {one["name"] for one in words["filterOperators"]} == {
        *("~eq", "~neq", "~gt", "~gte", "~lt", "~lte", "~in", "~nin", "~regex", "~nregex"),
        *("~starts", "~nstarts", "~ends", "~nends", "~contains", "~ncontains"),
        *("~isnull", "~isempty"),
    }
