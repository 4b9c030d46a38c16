"""Which version of an action a step calls, from attempt to attempt."""

from typing import Any

from aiohttp import web

from shared.db.actions import put_action
from shared.domain.actions import ActionSpec, Transport
from shared.domain.ids import DEFAULT_ENVIRONMENT
from tests.support.crowd import Crowd, open_crowd
from tests.support.gated import open_receiver
from tests.support.tasks import SHIP, known, say, task_of
from tests.support.works import Works, all_ended, open_works, start, statuses, workflow

GIVEN = "SELECT data ->> 'action_version' FROM waits"


async def put(works: Works, crowd: Crowd, path: str, **spec: Any) -> int:
    """Register the action ``go`` as calling a path; gives its version."""
    url = str(crowd.server.make_url(path))
    given = ActionSpec(transport=Transport.HTTP, url=url, **spec)
    async with works.pool.acquire() as conn, conn.transaction():
        done = await put_action(conn, DEFAULT_ENVIRONMENT, "go", given, works.platform.clock.now())
    return done.action.version


def go(**more: Any) -> dict[str, Any]:
    """A step that calls it."""
    return {"id": "go", "action": "go", **more}


async def test_a_pinned_step_keeps_to_its_version(database: str) -> None:
    """Others take the newest; so do iterators' bodies and compensations, each by its own word."""
    async with open_crowd() as crowd, open_works(database) as works:
        assert [await put(works, crowd, path) for path in ("/old", "/new")] == [1, 2]
        pin = {"action_version": 1, "auto_upgrade": False}
        body = {"action": "go", **pin}
        each = {"id": "each", "kind": "iterator", "iterator": {"items": {"src": [1]}, "body": body}}
        flow = await works.register(
            workflow(
                go(**pin),
                {**go(), "id": "newest"},
                {**go(action_version=1), "id": "upgraded"},
                each,
            )
        )
        await start(works, flow)
        await all_ended(works.pool, 1)
        assert set((await statuses(works.pool)).values()) == {"COMPLETED"}
        assert crowd.paths == ["/old", "/new", "/new", "/old"]


async def test_a_compensation_is_pinned_by_itself(database: str) -> None:
    """The step goes by the newest version, what undoes it by the one that it names."""
    async with open_crowd() as crowd, open_receiver() as receiver, open_works(database) as works:
        for path in ("/old", "/new"):
            await put(works, crowd, path)
        undo = {"action": "go", "action_version": 1, "auto_upgrade": False}
        receiver.plan = [web.Response(status=400)]
        await start(
            works,
            await works.register(
                workflow(go(compensation=undo), receiver.step(on_failure="compensate"))
            ),
        )
        await all_ended(works.pool, 1)
        assert crowd.paths == ["/new", "/old"]


async def test_a_worker_is_held_to_the_version_that_it_was_given(database: str) -> None:
    """An answer that fits the version of its task counts, though the newest asks for more."""
    async with open_works(database, registered_actions={"known_s": 0.01}) as works:
        await known(works)
        flow = await works.register(workflow(SHIP))
        await start(works, flow)
        task = await task_of(works)
        assert await works.pool.fetchval(GIVEN) == "1"
        await known(works, output_schema={"const": "nothing else"})
        await say(works, task, "completed", output=7)
        await all_ended(works.pool, 1)
        await start(works, flow)
        second = await task_of(works)
        assert await works.pool.fetchval(GIVEN) == "2"
        await say(works, second, "completed", output=7)
        await all_ended(works.pool, 2)
        assert sorted((await statuses(works.pool)).values()) == ["COMPLETED", "FAILED"]
