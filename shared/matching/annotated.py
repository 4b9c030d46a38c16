"""Which part of a workflow's filters must wait until its annotations have been looked up."""

from collections.abc import Collection, Mapping
from typing import Any

_LOGICAL = frozenset({"~and", "~or", "~not"})


def split_filter(tree: Any, target_paths: Collection[str]) -> tuple[Any, Any]:
    """The clauses that an event alone can answer, and those that read an annotated path.

    Both hold together exactly when ``tree`` does; None is a filter that everything passes. Clauses
    keep their places: in lists an empty object stands for what is not of that part.
    """
    return _split(tree, {_plain(path) for path in target_paths}) if target_paths else (tree, None)


def _split(tree: Any, paths: Collection[str]) -> tuple[Any, Any]:
    if isinstance(tree, list):
        parts = [_split(part, paths) for part in tree]
        return _listed([now for now, _ in parts]), _listed([later for _, later in parts])
    if not isinstance(tree, Mapping):
        return tree, None
    later = {key: clause for key, clause in tree.items() if _asks(key, clause, paths)}
    now = {key: clause for key, clause in tree.items() if key not in later}
    return now or None, later or None


def _listed(parts: list[Any]) -> list[Any] | None:
    found = [{} if part is None else part for part in parts]
    return found if any(part is not None for part in parts) else None


def _asks(key: str, clause: Any, paths: Collection[str]) -> bool:
    if key in _LOGICAL:
        return _reads(clause, paths)
    plain = _plain(key)
    return any(
        plain == path or plain.startswith(f"{path}.") or path.startswith(f"{plain}.")
        for path in paths
    )


def _reads(tree: Any, paths: Collection[str]) -> bool:
    if isinstance(tree, list):
        return any(_reads(part, paths) for part in tree)
    return isinstance(tree, Mapping) and any(_asks(*entry, paths) for entry in tree.items())


def _plain(path: str) -> str:
    """A path without the template and the root that some dialects write around it."""
    return path.strip().removeprefix("{{").removesuffix("}}").strip().removeprefix("context.")
