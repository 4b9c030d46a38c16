"""The corpus of broken definitions (tests/unit/matching/broken), one fault or many a file.

``about`` says what is wrong, ``definition`` is what is sent (or ``body``, as a text), ``before``
what is registered first, ``faults`` every [pointer, code] of the answer, ``status`` its status.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

_FOLDER = Path(__file__).parents[1] / "unit" / "matching" / "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """One definition that is to be refused."""

    name: str
    body: bytes
    faults: list[tuple[str, str]]
    status: int
    before: list[dict[str, Any]]


def list_broken() -> list[Broken]:
    """The whole corpus, by the names of its files."""
    return [_read(path) for path in sorted(_FOLDER.glob("*.yaml"))]


def _read(path: Path) -> Broken:
    said = yaml.load(path.read_text(), _Loader)
    body = said["body"].encode() if "body" in said else orjson.dumps(said["definition"])
    return Broken(
        name=path.stem,
        body=body,
        faults=[(pointer, code) for pointer, code in said["faults"]],
        status=said.get("status", 422),
        before=said.get("before", []),
    )


class _Loader(yaml.SafeLoader):
    """Reads what is too large to be written down, too."""

    def text(self, node: yaml.ScalarNode) -> str:
        """``!text 5``: so many characters."""
        return "x" * int(node.value)

    def brackets(self, node: yaml.ScalarNode) -> str:
        """``!brackets 5``: an expression within so many."""
        return "(" * int(node.value) + "1" + ")" * int(node.value)

    def deep(self, node: yaml.ScalarNode) -> Any:
        """``!deep 5``: so many lists, each within the one before."""
        tree: Any = 1
        for _ in range(int(node.value)):
            tree = [tree]
        return tree

    def times(self, node: yaml.MappingNode) -> list[Any]:
        """``!times {count: 5, of: …}``: a list; %d is an item's index, %next the one after."""
        said = self.construct_mapping(node, deep=True)
        count, item = said["count"], orjson.dumps(said["of"]).decode()
        return [
            orjson.loads(item.replace("%d", str(n)).replace("%next", str((n + 1) % count)))
            for n in range(count)
        ]


_Loader.add_constructor("!text", _Loader.text)
_Loader.add_constructor("!brackets", _Loader.brackets)
_Loader.add_constructor("!deep", _Loader.deep)
_Loader.add_constructor("!times", _Loader.times)
