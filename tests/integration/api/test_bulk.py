"""What can be done to one execution done to many."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from services.api.executions import bulk_executions
from shared.domain.principals import Scope
from tests.integration.api.asking import OPERATOR, Asker
from tests.integration.api.face import Face, open_face
from tests.support.gated import open_receiver
from tests.support.served import open_api
from tests.support.works import (
    NOTE,
    all_ended,
    check_history,
    open_works,
    start,
    statuses,
    until,
    workflow,
)

ASK: dict[str, Any] = {"id": "ask", "kind": "approval"}
ONCE = {"max_attempts": 1}
SENT = """
SELECT count(*) FROM bus_records AS r JOIN bus_topics AS t USING (topic_id)
WHERE t.name = 'turnout.commands'
"""


async def bulk(face: Face, do: str, **more: Any) -> Any:
    """The answer to a request."""
    key = more.pop("key", None)
    return await face.post("executions/bulk", {"do": do, **more}, status=200, key=key)


async def asking(face: Face, count: int) -> tuple[UUID, list[Any]]:
    """A workflow, and executions of it that wait for a person."""
    flow = await face.works.register(workflow(ASK, NOTE))
    ids = await start(face.works, flow, count)
    question = f"SELECT count(*) FROM waits WHERE execution_id = ANY ('{{{_listed(ids)}}}')"
    await until(face.works.pool, question, count)
    return flow.id, ids


async def test_many_are_cancelled_and_others_are_not(database: str) -> None:
    """Those of one workflow that wait; what has ended is left, counted with its reason."""
    async with open_face(database) as face:
        flow, ids = await asking(face, 5)
        _, others = await asking(face, 2)
        done = await face.works.register(workflow(NOTE))
        [ended] = await start(face.works, done)
        await face.ends(ended)
        where = {"workflow_id": str(flow), "status": ["WAITING", "RUNNING"]}
        told = await bulk(face, "cancel", where=where, reason="enough")
        assert (told["matched"], told["done"], told["left"]) == (5, 5, [])
        assert (told["next_cursor"], told["stopped"]) == (None, None)
        await all_ended(face.works.pool, 6)
        found = await statuses(face.works.pool)
        assert {found[id_] for id_ in ids} == {"CANCELLED"}
        assert {found[id_] for id_ in others} == {"WAITING"}
        assert (await face.get(f"executions/{ids[0]}"))["cancel_reason"] == "enough"
        nobody = str(uuid4())
        told = await bulk(face, "cancel", ids=[nobody, str(ended), *map(str, others), nobody])
        assert (told["matched"], told["done"]) == (4, 2)
        assert sorted((left["reason"], left["status"], left["count"]) for left in told["left"]) == [
            ("NOT_FOUND", None, 1),
            ("NOT_POSSIBLE", "COMPLETED", 1),
        ]
        assert told["by_status"] == {"WAITING": 2, "COMPLETED": 1}
        await all_ended(face.works.pool, 8)
        await check_history(face.works)


async def test_a_preview_does_nothing(database: str) -> None:
    """It counts and gives a sample, whatever it is that would be done."""
    async with open_face(database) as face:
        flow, ids = await asking(face, 3)
        sent = await face.works.pool.fetchval(SENT)
        for do in bulk_executions.Deed:
            for meant in ({"where": {"workflow_id": str(flow)}}, {"ids": [str(i) for i in ids]}):
                told = await bulk(face, do.value, preview=True, **meant)
                assert (told["matched"], told["done"], told["left"]) == (3, 0, [])
                assert (told["matched_is_whole"], told["by_status"]) == (True, {"WAITING": 3})
                assert {one["execution_id"] for one in told["sample"]} == {str(i) for i in ids}
        assert await face.works.pool.fetchval(SENT) == sent
        assert await face.works.pool.fetchval("SELECT count(*) FROM audit_log") == 0
        assert set((await statuses(face.works.pool)).values()) == {"WAITING"}


async def test_a_preview_says_when_it_counts_no_further(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than it counts: a lower bound, and a cursor."""
    monkeypatch.setattr(bulk_executions, "COUNTED_MAX", 2)
    async with open_face(database) as face:
        await asking(face, 3)
        told = await bulk(face, "cancel", where={}, preview=True)
        assert (told["matched"], told["matched_is_whole"]) == (2, False)
        told = await bulk(face, "cancel", where={}, preview=True, cursor=told["next_cursor"])
        assert (told["matched"], told["matched_is_whole"]) == (1, True)


async def test_many_are_suspended_and_resumed(database: str) -> None:
    """Each, and each goes on."""
    async with open_face(database) as face:
        flow, ids = await asking(face, 3)
        where = {"workflow_id": str(flow)}
        assert (await bulk(face, "suspend", where=where))["done"] == 3
        for id_ in ids:
            await face.becomes(id_, "SUSPENDED")
        assert (await bulk(face, "resume", where={**where, "status": "suspended"}))["done"] == 3
        for id_ in ids:
            await face.becomes(id_, "WAITING")


@pytest.mark.parametrize("do", ["retry", "rerun"])
async def test_many_are_repeated_once(database: str, do: str) -> None:
    """Under one id or key each is repeated once, and the repeats themselves are not."""
    async with open_receiver() as receiver, open_face(database) as face:
        receiver.plan = [web.Response(status=400) for _ in range(12)]
        flow = await face.works.register(workflow(receiver.step(retry=ONCE)))
        ids = await start(face.works, flow, 3)
        await all_ended(face.works.pool, 3)
        where = {"workflow_id": str(flow.id), "status": "FAILED"}
        told = await bulk(face, do, where=where, key="again")
        assert (told["matched"], told["done"]) == (3, 3)
        assert {one["execution_id"] for one in told["sample"]} == {str(id_) for id_ in ids}
        await all_ended(face.works.pool, 6)
        named = {"bulk_id": told["bulk_id"]}
        once_more = await bulk(face, do, where=where, **named)
        assert (once_more["matched"], once_more["done"]) == (6, 3)
        assert [(one["reason"], one["count"]) for one in once_more["left"]] == [("OWN_WORK", 3)]
        assert {str(one) for one in once_more["sample"]} == {str(one) for one in told["sample"]}
        sent = await bulk(face, do, ids=[str(id_) for id_ in ids], **named)
        assert sent["done"] == 3
        started = {one["started"] for one in told["sample"]}
        assert {one["started"] for one in sent["sample"]} == started
        for one in started:
            shown = await face.get(f"executions/{one}")
            assert UUID(shown["lineage"]["repeats"]["execution_id"]) in ids
        await bulk(face, do, ids=[str(ids[0])])
        await all_ended(face.works.pool, 7)
        assert len(receiver.keys) == 7
        await check_history(face.works)


@pytest.mark.parametrize("by", ["where", "ids"])
@pytest.mark.parametrize("bound", ["limit", "WITHIN_S", "_PAGE"])
async def test_it_goes_on_where_it_stopped(
    database: str, by: str, bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever bound ended a call, the cursors lead to every execution once."""
    more: dict[str, Any] = {"limit": 2} if bound == "limit" else {}
    if bound != "limit":
        monkeypatch.setattr(bulk_executions, bound, {"WITHIN_S": 0.0, "_PAGE": 2}[bound])
    async with open_face(database) as face:
        _, ids = await asking(face, 5)
        meant: dict[str, Any] = (
            {"where": {}} if by == "where" else {"ids": [str(id_) for id_ in ids]}
        )
        seen, calls, cursor = [], 0, None
        while calls == 0 or cursor:
            told = await bulk(face, "cancel", cursor=cursor, **meant, **more)
            seen += [one["execution_id"] for one in told["sample"]]
            cursor, calls = told["next_cursor"], calls + 1
            assert (told["stopped"] == "DEADLINE") is (bound == "WITHIN_S" and cursor is not None)
        assert sorted(seen) == sorted(str(id_) for id_ in ids)
        assert calls == {"limit": 3, "_PAGE": 1}.get(bound, calls)
        assert calls >= (5 if bound == "WITHIN_S" else 1)
        await all_ended(face.works.pool, 5)


async def test_what_is_refused(database: str) -> None:
    """Neither or both of ids and conditions, what there is not, and far too much."""
    async with open_face(database) as face:
        one, cursor = str(uuid4()), "WyIyMDI2LTExLTIyVDEwOjAwOjAwWiIsIj8iXQ=="
        for body, pointer in (
            ({"do": "cancel"}, ""),
            ({"do": "cancel", "where": {}, "ids": [one]}, ""),
            ({"do": "explode", "where": {}}, "/do"),
            ({"where": {}}, "/do"),
            ({"do": "retry", "where": {}, "reason": "x"}, "/reason"),
            ({"do": "cancel", "ids": []}, "/ids"),
            ({"do": "cancel", "ids": [str(uuid4()) for _ in range(1_001)]}, "/ids"),
            ({"do": "cancel", "where": {"status": "GONE"}}, "/where/status"),
            ({"do": "cancel", "where": {"status": 7}}, "/where/status"),
            ({"do": "cancel", "where": {"nope": 1}}, "/where/nope"),
            ({"do": "cancel", "where": {"from": 7}}, "/where/from"),
            ({"do": "cancel", "where": {}, "limit": 1_001}, "/limit"),
            ({"do": "cancel", "where": {}, "cursor": cursor}, "/cursor"),
        ):
            refused = await face.post("executions/bulk", body, status=422)
            assert [fault["pointer"] for fault in refused["errors"]] == [pointer], body
        await asking(face, 2)
        told = await bulk(face, "rerun", where={}, limit=1, preview=False)
        body = {"do": "rerun", "where": {}, "cursor": told["next_cursor"]}
        refused = await face.post("executions/bulk", body, status=422)
        assert refused["errors"][0]["pointer"] == "/bulk_id"


async def test_another_environment_is_out_of_reach(database: str) -> None:
    """Neither by conditions nor by ids is anything done to theirs; payloads need their scope."""
    async with open_works(database) as works, open_api(works, OPERATOR) as client:
        operator = Asker(client, OPERATOR)
        made = [await operator.new_environment(name) for name in ("theirs", "mine")]
        theirs, mine = [await operator.key([Scope.OPERATE], one) for one in made]
        flow = await works.register(workflow(ASK), environment_id=UUID(made[0]))
        _, started = await theirs.ask("POST", f"/v1/workflows/{flow.id}/executions")
        await until(works.pool, "SELECT count(*) FROM waits", 1)
        sent = await works.pool.fetchval(SENT)
        theirs_meant: list[dict[str, Any]] = [
            {"where": {}},
            {"where": {"workflow_id": str(flow.id)}},
            {"ids": [started["execution_id"]]},
        ]
        for do in bulk_executions.Deed:
            for meant in theirs_meant:
                body = {"do": do.value, **meant}
                status, told = await mine.ask("POST", "/v1/executions/bulk", body)
                assert (status, told["done"], told["by_status"]) == (200, 0, {})
        held = {"do": "cancel", "where": {"input": {"a": 1}}}
        assert (await mine.ask("POST", "/v1/executions/bulk", held))[0] == 403
        assert await works.pool.fetchval(SENT) == sent
        body = {"do": "cancel", "where": {}}
        assert (await theirs.ask("POST", "/v1/executions/bulk", body))[1]["done"] == 1


def _listed(ids: list[Any]) -> str:
    return ",".join(map(str, ids))
