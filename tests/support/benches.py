"""Benchmarks as a user runs them, very short, and their pages."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson

from tests.benchmarks.report import write_report


def check_page(found: Mapping[str, Any], folder: Path) -> str:
    """The report of a result has its table and its pictures, which are well-formed; its text."""
    (folder / "found.json").write_bytes(orjson.dumps(found))
    text = (write_report([folder], folder / "page") / "report.md").read_text("utf-8")
    pictures = sorted((folder / "page").glob("*.svg"))

    assert "| --- |" in text
    assert pictures
    for picture in pictures:
        assert f"({picture.name})" in text
        rectangles = ET.parse(picture).iter("{http://www.w3.org/2000/svg}rect")
        assert all(float(r.attrib["width"]) > 0 for r in rectangles)
    return text


def quick_report(name: str, *options: str) -> Any:
    """What ``turnout bench NAME --quick --json`` says."""
    program = "from services.cli.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "bench", name, "--quick", "--json", *options],
        check=True,
        stdout=subprocess.PIPE,
        timeout=380,
    )
    return orjson.loads(done.stdout)
