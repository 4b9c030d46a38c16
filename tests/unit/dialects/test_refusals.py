"""Each system's refusals are in its own shape, whatever was wrong."""

from http import HTTPStatus
from itertools import product

import pytest

from services.api.dialects.face import Face
from services.api.dialects.faces import FACES
from services.api.http.parameters import EXAMPLE_ID
from services.api.http.problems import Fault
from shared.domain.errors import Problem
from shared.wire.envelope import dumps
from tests.contract.hostile_served import unlike

PLACES = (
    *("", "/", "//", "/a", "/nodes/0/data", "/query/limit", "/query/", "/headers/If-Match"),
    *("/9", f"/{'9' * 30}", f"/a/{'1' * 5_000}", "/\u0661", "/\u00b2", "/-1", "/~0~1", "/~", "a"),
)
"""Places of faults: as they are, and as what a stranger names a field makes them."""


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.prefix)
def test_every_fault_can_be_told(face: Face) -> None:
    """Of any status, with a problem at any place, with many, or with none."""
    problems = [Problem(pointer=place, code="C", detail="D.") for place in PLACES]
    sets = [(), *((problem,) for problem in problems), tuple(problems * 50)]
    for status, found in product((s for s in HTTPStatus if s >= HTTPStatus.BAD_REQUEST), sets):
        said, document = face.render_fault(Fault(status=status, detail="No.", problems=found))
        assert said >= HTTPStatus.BAD_REQUEST
        assert unlike(face.form, dumps(document)) is None, (status, found[:2])


@pytest.mark.parametrize(
    ("name", "workflow", "execution"),
    [
        ("/altostrat/", "fl_01hwn6pz0xfrzsmprw5mz4ypkb", "fl_run_01hwn6pz0xfrzsmprw5mz4ypkb"),
        ("/thena/", "01HWN6PZ0XFRZSMPRW5MZ4YPKB", "01HWN6PZ0XFRZSMPRW5MZ4YPKB"),
        ("/truto/", str(EXAMPLE_ID), str(EXAMPLE_ID)),
    ],
)
def test_ids_are_told_as_they_were_asked_for(name: str, workflow: str, execution: str) -> None:
    """Wherever a message names a workflow or a run; nobody sees an id that he never had."""
    [face] = [face for face in FACES if face.prefix == name]
    said = f"Execution {EXAMPLE_ID} of workflow {EXAMPLE_ID} has ended."
    told = f"Execution {execution} of workflow {workflow} has ended."
    problem = Problem(pointer="/a", code="C", detail=said)
    for problems in ((), (problem,), (problem, problem)):
        for status in (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
            fault = Fault(status=status, detail=said, problems=problems)
            text = dumps(face.render_fault(fault)[1]).decode()
            assert told in text
            assert (said in text) is (said == told)
