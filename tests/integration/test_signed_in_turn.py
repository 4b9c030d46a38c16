"""Receivers refuse signatures of a while ago: a call says when it is made, not when it lined up."""

import pytest
from pydantic import SecretStr

from services.executor.actions.http_request import HttpRequest
from services.executor.actions.registered import HttpAction
from services.executor.annotate import Annotator, HttpResolver
from services.executor.call import Call
from shared.domain.outcomes import Completed, Outcome
from shared.domain.values import Value
from shared.domain.workflows import Annotation
from shared.egress.caller import open_caller
from shared.egress.settings import EgressSettings
from shared.runtime.clock import SystemClock
from tests.integration.test_registered_actions import SECRET
from tests.integration.test_told_environment import listening
from tests.support.virtual_clock import VirtualClock
from tests.support.works import all_ended, open_works, start, workflow
from tests.unit.executor.calls import NOW, after, call, registered

LATE_S = 600


async def test_a_call_that_has_waited_for_its_turn_is_signed_as_it_is_made() -> None:
    """Of an action whose input was to be checked, and of a lookup whose fields were to be."""
    egress, secrets = EgressSettings(allow_loopback=True), (SecretStr(SECRET),)
    async with listening() as (url, heard), open_caller(egress, SystemClock()) as caller:
        clock = VirtualClock(NOW)
        action = HttpAction(registered(url=url, input_schema={}), caller, secrets)
        made = await action(call({}, clock=clock, in_turn=after(clock, LATE_S)))
        clock = VirtualClock(NOW)
        annotator = Annotator({"a": HttpResolver(caller, url=url, secrets=secrets)})
        annotation = Annotation(entity_type="a", target_path="a")
        late = call(clock=clock, in_turn=after(clock, LATE_S))
        found = await annotator.annotate([annotation], _nothing, late)
    assert isinstance(made, Completed), made
    assert isinstance(found, Completed), found
    signed_at = [int(headers["webhook-timestamp"]) for headers, _ in heard]
    assert signed_at == [int(NOW.timestamp()) + LATE_S] * 2


async def test_every_call_knows_the_clock(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the executor which makes it."""
    made: list[Call] = []

    async def noted(_: HttpRequest, call: Call) -> Outcome:
        made.append(call)
        return Completed()

    monkeypatch.setattr(HttpRequest, "__call__", noted)
    step = {"id": "call", "action": "http_request", "input": {"src": {"url": "http://a.test/"}}}
    async with open_works(database) as works:
        await start(works, await works.register(workflow(step)))
        await all_ended(works.pool, 1)
        assert [call.clock for call in made] == [works.platform.clock]


def _nothing(_: Value) -> None:
    """No field has a value."""
