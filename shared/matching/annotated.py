"""Which part of a workflow's filters must wait until its annotations have been looked up."""

from collections.abc import Collection, Mapping
from typing import Any

_LOGICAL = frozenset({"~and", "~or", "~not"})


def split_filter(tree: Any, target_paths: Collection[str]) -> tuple[Any, Any]:
    """The clauses that an event alone can answer, and those that read an annotated path.

    Both hold together exactly when ``tree`` does; None is a filter that everything passes.
    """
    if not target_paths or not isinstance(tree, Mapping):
        return tree, None
    paths = {_plain(path) for path in target_paths}
    later = {key: clause for key, clause in tree.items() if _reads(key, clause, paths)}
    now = {key: clause for key, clause in tree.items() if key not in later}
    return now or None, later or None


def _reads(key: str, clause: Any, paths: Collection[str]) -> bool:
    if key in _LOGICAL:
        parts = clause if isinstance(clause, list) else [clause]
        return any(
            _reads(inner, value, paths)
            for part in parts
            if isinstance(part, Mapping)
            for inner, value in part.items()
        )
    plain = _plain(key)
    return any(
        plain == path or plain.startswith(f"{path}.") or path.startswith(f"{plain}.")
        for path in paths
    )


def _plain(path: str) -> str:
    """A path without the template and the root that some dialects write around it."""
    return path.strip().removeprefix("{{").removesuffix("}}").strip().removeprefix("context.")
