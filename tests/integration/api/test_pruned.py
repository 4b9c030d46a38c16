"""What the API says of executions that were deleted, as they ended long ago."""

from datetime import timedelta
from uuid import uuid4

from services.scheduler.settings import SchedulerSettings
from tests.integration.api.face import open_face
from tests.support.ended import Pruning, age
from tests.support.house import settings_of
from tests.support.works import NOTE, caught_up, workflow

LONG_AGO = timedelta(days=31)


async def test_it_is_as_if_it_had_never_been(database: str) -> None:
    """404 wherever it is named, and in no list; what repeats it lately keeps what it repeats."""
    async with open_face(database) as face:
        flow = await face.works.register(workflow(NOTE))
        path = f"workflows/{flow.id}/executions"
        gone, kept = [(await face.post(path))["execution_id"] for _ in range(2)]
        for id_ in (gone, kept):
            await face.ends(id_)
        await age(face.works.pool, LONG_AGO)
        repeat = (await face.post(f"executions/{kept}/rerun"))["execution_id"]
        assert (await face.ends(repeat))["rerun_of"] == kept
        await caught_up(face.works)
        settings = SchedulerSettings(**settings_of(database), executions_kept_days=30)
        await Pruning(face.works.platform, settings).prune()
        listed = (await face.get("executions"))["items"]
        assert [one["id"] for one in listed] == [repeat, kept]
        never = uuid4()
        for method, rest in (
            ("GET", ""),
            ("GET", "/result"),
            ("GET", "/live"),
            ("POST", "/rerun"),
            ("POST", "/retry"),
            ("POST", "/cancel"),
            ("POST", "/suspend"),
        ):
            status, said = await face.call(method, f"executions/{gone}{rest}")
            _, unknown = await face.call(method, f"executions/{never}{rest}")
            told = unknown["detail"].replace(str(never), gone)
            assert (status, said["detail"]) == (404, told), rest
