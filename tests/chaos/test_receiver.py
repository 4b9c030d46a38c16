"""The receiver misbehaves as planned, the same way each time, and remembers every call."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientResponseError, ClientSession, ClientTimeout

from tests.chaos.answers import PATIENCE, Answer, answer_to
from tests.chaos.history import History, read
from tests.chaos.receiver import Receiver

SEED = 5


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    """A running receiver."""
    history = History(tmp_path / "history.jsonl", "receiver")
    async with Receiver(history, SEED).serving() as port:
        yield f"http://127.0.0.1:{port}"
    history.close()


def key_for(kind: str) -> str:
    """A key whose first call is answered so."""
    keys = (f"{n}:step" for n in range(10_000))
    return next(key for key in keys if answer_to(SEED, "/mixed", key, 1).kind == kind)


async def post(url: str, path: str, key: str, total_s: float = 60) -> tuple[int, dict[str, str]]:
    """Call; gives status and headers."""
    body = {"execution": key.partition(":")[0], "step": "step", "given": "before"}
    timeout = ClientTimeout(total=total_s)
    async with (
        ClientSession(timeout=timeout) as session,
        session.post(f"{url}{path}", json=body, headers={"Idempotency-Key": key}) as answer,
    ):
        if answer.status == 200:
            assert (await answer.json())["key"] == key
        return answer.status, dict(answer.headers)


async def test_it_answers_as_planned(url: str) -> None:
    """Ok, a refusal, a request for patience."""
    assert (await post(url, "/steady", "a:step"))[0] == 200
    assert (await post(url, "/refuse", "a:step"))[0] == 402
    assert (await post(url, "/mixed", key_for("status")))[0] in (500, 503)
    status, headers = await post(url, "/mixed", key_for("busy"))
    assert (status, headers["Retry-After"]) == (429, "1")


async def test_it_may_have_no_time_for_anybody(tmp_path: Path) -> None:
    """While its file is there every call is told to come back, and in the history."""
    history, busy = History(tmp_path / "history.jsonl", "receiver"), tmp_path / "busy"
    async with Receiver(history, SEED, busy).serving() as port:
        busy.touch()
        status, headers = await post(f"http://127.0.0.1:{port}", "/steady", "a:step")
        assert (status, headers["Retry-After"]) == (503, "1")
        busy.unlink()
        assert (await post(f"http://127.0.0.1:{port}", "/steady", "a:step"))[0] == 200
    history.close()
    told = [(line.data["kind"], line.data["status"]) for line in read(tmp_path / "history.jsonl")]
    assert told == [("busy", 503), ("ok", 200)]


@pytest.mark.parametrize("kind", ["reset", "garbage", "headers", "short", "chunks", "hang", "drip"])
async def test_it_misbehaves_as_planned(url: str, kind: str) -> None:
    """No answer comes that could be taken for one."""
    with pytest.raises((ClientError, TimeoutError, ClientResponseError)):
        await post(url, "/mixed", key_for(kind), total_s=0.5)


@pytest.mark.parametrize("kind", ["old", "early", "tail"])
async def test_it_may_be_odd_and_right(url: str, kind: str) -> None:
    """A strange answer is one."""
    assert (await post(url, "/mixed", key_for(kind)))[0] == 200


async def test_every_call_is_remembered(url: str, tmp_path: Path) -> None:
    """With key, number, answer, what it handed on, and a hash of what it said."""
    key = key_for("status")
    await post(url, "/mixed", key)
    await post(url, "/refuse", key)
    first, second = read(tmp_path / "history.jsonl")
    assert (first.op, first.id, first.outcome, first.data["n"]) == ("call", key, "fail", 1)
    assert first.data["execution"] == key.partition(":")[0]
    assert first.data["step"] == "step"
    assert first.data["given"] == "before"
    assert (second.data["n"], second.data["status"]) == (2, 402)
    assert first.data["body"] == second.data["body"]


async def test_calls_may_come_at_once(url: str, tmp_path: Path) -> None:
    """Fifty at a time get fifty numbers."""
    await asyncio.gather(*(post(url, "/steady", "a:step") for _ in range(50)))
    numbers = [line.data["n"] for line in read(tmp_path / "history.jsonl")]
    assert sorted(numbers) == list(range(1, 51))


def test_answers_follow_from_the_seed() -> None:
    """The same call is answered the same way, another seed answers another way."""

    def answers(seed: int) -> list[Answer]:
        return [answer_to(seed, "/mixed", f"{n}:a", 1) for n in range(500)]

    assert answers(1) == answers(1) != answers(2)
    kinds = Counter(answer.kind for answer in answers(1))
    assert kinds["ok"] > 300
    assert len(kinds) > 6


def test_nobody_is_refused_for_ever() -> None:
    """From some call on the receiver is kind, so that no step fails for good by its doing."""
    keys = [f"{n}:a" for n in range(500)]
    assert {answer_to(1, "/mixed", key, PATIENCE).kind for key in keys} == {"ok"}
