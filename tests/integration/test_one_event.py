"""The way of one event: from the source topic to step results, on real Postgres."""

from shared.domain.ids import execution_id
from tests.support.awaiting import decided
from tests.support.eventually import eventually
from tests.support.house import count, open_house
from tests.support.works import until

GREET = {
    "name": "greet",
    "triggers": [{"event_name": "user:created"}],
    "run_if": "payload.age >= 18",
    "steps": [
        {
            "id": "hello",
            "action": "transform",
            "input": {"lang": "jsonata", "src": "{'greeting': 'Hello ' & payload.name}"},
        },
        {
            "id": "shout",
            "action": "transform",
            "input": {"lang": "jsonata", "src": "$uppercase(steps.hello.output.greeting)"},
        },
    ],
}


async def test_a_matching_event_runs_its_workflow_once_and_publishes_each_result(
    database: str,
) -> None:
    """Of two events one matches; its two steps and its lifecycle are heard, in order, once."""
    async with open_house(database) as house:
        workflow = await house.register(GREET)
        await house.send("user:created", {"name": "Ada", "age": 36})
        await house.send("user:created", {"name": "Tim", "age": 7})
        await eventually(lambda: "completed" in house.phases())
        await decided(house, 2)

        assert [r["output"] for r in house.results()] == [{"greeting": "Hello Ada"}, "HELLO ADA"]
        assert house.phases() == ["created", "started", "completed"]
        assert {r["workflow_id"] for r in house.results()} == {str(workflow.id)}
        assert await count(house.platform.pool, "executions") == 1
        assert await count(house.platform.pool, "events") == 2


async def test_the_same_event_sent_twice_starts_one_execution(database: str) -> None:
    """A duplicate from another place of the topic is dropped; other bodies are flagged."""
    async with open_house(database) as house:
        await house.register(GREET)
        adult = {"name": "Ada", "age": 36}
        await house.send("user:created", adult, id="e1")
        await until(house.platform.pool, "SELECT count(*) FROM events", 1)  # which is first
        await house.send("user:created", adult, id="e1")
        await house.send("user:created", {"name": "Eve", "age": 30}, id="e1")
        await house.send("user:created", {"name": "Bob", "age": 40}, id="e2")
        await eventually(lambda: house.phases().count("completed") == 2 and bool(house.letters()))

        assert {r["output"] for r in house.results() if r["step_id"] == "shout"} == {
            "HELLO ADA",
            "HELLO BOB",
        }
        assert [letter["reason"] for letter in house.letters()] == ["EVENT_CONFLICT"]
        assert await count(house.platform.pool, "event_conflicts") == 1


async def test_an_execution_id_is_derived_from_workflow_and_event(database: str) -> None:
    """Anyone who knows the workflow and the event's key can name the execution."""
    async with open_house(database) as house:
        await house.register(GREET)
        await house.send("user:created", {"name": "Ada", "age": 36})
        await eventually(lambda: "completed" in house.phases())
        row = await house.platform.pool.fetchrow(
            "SELECT id, workflow_id, event_key, status FROM executions"
        )
        assert row is not None
        assert row["id"] == execution_id(row["workflow_id"], row["event_key"])
        assert row["status"] == "COMPLETED"
