"""Outcomes of tests as JUnit XML, as CI systems read it."""

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from services.cli.present import plain
from services.cli.test.judge import Outcome


def junit(outcomes: Sequence[Outcome]) -> bytes:
    """A document with a suite for each file."""
    root = ET.Element("testsuites", _counted(outcomes))
    for path, group in groupby(outcomes, lambda one: one.path):
        own = list(group)
        suite = ET.SubElement(root, "testsuite", {"name": plain(path), **_counted(own)})
        for one in own:
            _case(suite, one)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _counted(outcomes: Sequence[Outcome]) -> dict[str, str]:
    return {
        "tests": str(len(outcomes)),
        "failures": str(sum(1 for one in outcomes if one.failures)),
        "errors": "0",
        "skipped": "0",
        "time": _seconds(sum(one.duration_s for one in outcomes)),
    }


def _case(suite: ET.Element, one: Outcome) -> None:
    named = {"classname": plain(one.path.stem), "name": plain(one.name)}
    case = ET.SubElement(suite, "testcase", {**named, "time": _seconds(one.duration_s)})
    if one.failures:
        # What does not print is escaped: XML could not hold all of it.
        first, *_ = said = [plain(failure) for failure in one.failures]
        failure = ET.SubElement(case, "failure", {"message": first, "type": "OtherDecision"})
        failure.text = "\n".join(said)


def _seconds(time_s: float) -> str:
    return f"{time_s:.6f}"
