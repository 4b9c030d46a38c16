"""Outcomes of tests as JUnit XML."""

from pathlib import Path
from xml.etree import ElementTree as ET

from services.cli.test.judge import Outcome
from services.cli.test.junit import junit

A, B = Path("tests/a.yaml"), Path("b.json")


def outcome(path: Path, name: str, *failures: str) -> Outcome:
    """An outcome of a millisecond and a half."""
    return Outcome(path=path, name=name, failures=failures, duration_s=0.0015)


def test_each_file_is_a_suite_and_each_test_a_case() -> None:
    """With the counts and times that CI systems sum up, and the sentences of what failed."""
    written = junit([outcome(A, "one"), outcome(A, "two", "x < 'y'", "z"), outcome(B, "three")])
    root = ET.fromstring(written)
    assert written.startswith(b"<?xml")
    assert root.tag == "testsuites"
    counted = {"errors": "0", "skipped": "0"}
    assert root.attrib == {**counted, "tests": "3", "failures": "1", "time": "0.004500"}
    suites = root.findall("testsuite")
    assert [suite.attrib for suite in suites] == [
        {**counted, "name": "tests/a.yaml", "tests": "2", "failures": "1", "time": "0.003000"},
        {**counted, "name": "b.json", "tests": "1", "failures": "0", "time": "0.001500"},
    ]
    cases = root.findall("testsuite/testcase")
    assert [(case.get("classname"), case.get("name"), case.get("time")) for case in cases] == [
        ("a", "one", "0.001500"),
        ("a", "two", "0.001500"),
        ("b", "three", "0.001500"),
    ]
    [failure] = root.iter("failure")
    assert failure.attrib == {"message": "x < 'y'", "type": "OtherDecision"}
    assert failure.text == "x < 'y'\nz"
    assert cases[1].find("failure") is failure


def test_what_xml_cannot_hold_is_escaped() -> None:
    """Names and values of payloads may have characters that no XML document may have."""
    written = junit([outcome(A, "bell \x07", "\ud800 \x00 <b>&")])
    [case] = ET.fromstring(written).iter("testcase")
    assert case.get("name") == "bell \\x07"
    assert case.findtext("failure") == "\\ud800 \\x00 <b>&"
