"""Bytes among JSON values: an object of ``size``, ``type`` and the bytes as ``base64``."""

import re
from typing import Any

from shared.expr.errors import ExpressionError
from shared.expr.truto_functions.javascript import as_list, text_of
from shared.expr.truto_functions.texts import decoded, encoded

_DATA_URI = re.compile(r"data:([^;,]+);base64,(.+)", re.DOTALL)
_ENCODINGS = {
    "utf8": "utf-8",
    "utf-8": "utf-8",
    "latin1": "latin-1",
    "binary": "latin-1",
    "utf16le": "utf-16-le",
    "utf-16le": "utf-16-le",
    "ucs2": "utf-16-le",
    "ascii": "latin-1",
}


def _blob(raw: bytes, kind: str) -> dict[str, Any]:
    return {"size": len(raw), "type": kind.lower(), "base64": encoded(raw, url_safe=False)}


def base64_to_blob(text: Any = None, options: Any = None) -> dict[str, Any]:
    """``$base64ToBlob``: from base64 or a data URI. Raises ExpressionError."""
    chosen = options or {}
    kind = chosen.get("mimeType") or "application/octet-stream"
    if not text or not isinstance(text, str):
        return _blob(b"", kind)
    whole = text.strip()
    if whole.startswith("data:"):
        found = _DATA_URI.fullmatch(whole)
        if found is None:
            raise ExpressionError("INVALID_BASE64", "Invalid data URI format")
        kind, whole = found.groups()
    return _blob(decoded(whole, url_safe=bool(chosen.get("urlSafe"))), kind)


def blob(parts: Any = None, options: Any = None) -> dict[str, Any]:
    """``$blob``: texts and blobs one after the other."""
    raw = b"".join(
        part if (part := _bytes(item)) is not None else text_of(item).encode(errors="replace")
        for item in as_list(parts)
    )
    return _blob(raw, text_of((options or {}).get("type", "")))


def get_array_buffer(file: Any = None) -> dict[str, Any] | None:
    """``$getArrayBuffer``: the bytes of a blob, as ``byteLength`` and ``base64``."""
    raw = _bytes(file)
    if raw is None:
        return None
    return {"byteLength": len(raw), "base64": encoded(raw, url_safe=False)}


def get_data_uri(file: Any = None, kind: Any = None) -> str:
    """``$getDataUri``. Raises ExpressionError where there are no bytes or no type."""
    if not kind:
        raise ExpressionError("INVALID_OPTION", "Mime type is required")
    return f"data:{text_of(kind)};base64,{encoded(_needed(file, 'getDataUri'), url_safe=False)}"


def buffer_to_string(file: Any = None, encoding: Any = None) -> str:
    """``$bufferToString``: utf8 (if it is not said), latin1, utf16le, hex or base64."""
    raw = _needed(file, "bufferToString")
    match encoding:
        case "hex":
            return raw.hex()
        case "base64" | "base64url":
            return encoded(raw, url_safe=encoding != "base64")
        case None:
            return raw.decode(errors="replace")
        case _:
            if (known := _ENCODINGS.get(text_of(encoding).lower())) is None:
                raise ExpressionError("INVALID_OPTION", f"Unknown encoding: {text_of(encoding)}")
            return raw.decode(known, "replace")


def tee_stream(file: Any = None) -> list[Any]:
    """``$teeStream``: the same bytes twice."""
    _needed(file, "teeStream")
    return [file, file]


def _needed(file: Any, name: str) -> bytes:
    if (raw := _bytes(file)) is None:
        raise ExpressionError("INVALID_ARGUMENT", f"Unsupported file type for {name}")
    return raw


def _bytes(file: Any) -> bytes | None:
    """The bytes of what the functions here make; None of anything else."""
    if isinstance(file, dict) and isinstance(file.get("base64"), str):
        return decoded(file["base64"], url_safe=False)
    return None
