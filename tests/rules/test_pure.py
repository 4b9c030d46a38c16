"""Every rule holds for the pure core."""

from pathlib import Path

import pytest

from shared.domain.graph import graph_problems
from tests.rules.case import load, name_of, paths
from tests.rules.pure import run
from tests.rules.seen import found, wanted


@pytest.mark.parametrize("path", paths(), ids=name_of)
def test_the_rule_holds_in_the_core(path: Path) -> None:
    """What a case expects is what the core decides, in virtual time."""
    case = load(path)
    for definition in case.definitions.values():
        assert list(graph_problems(definition)) == []
    ran = run(case)
    main, *others = ran.seen
    assert found(case, main, others, ran.calls) == wanted(case)
