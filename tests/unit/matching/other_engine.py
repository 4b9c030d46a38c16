"""jsonata-python, an independent implementation of JSONata, asked as a ``run_if`` is asked."""

from collections.abc import Mapping
from typing import Any

from jsonata.jsonata import Jsonata

from shared.matching.decisions import Reason

_COME_TO = {True: Reason.MATCHED, False: Reason.RUN_IF_FALSE, None: Reason.RUN_IF_UNDEFINED}


class OtherEngine:
    """One condition, parsed once for many scopes. One thread asks one of them at a time.

    ``bindings`` are variables, by name without the ``$``.
    """

    def __init__(self, source: str, bindings: Mapping[str, Any] | None = None) -> None:
        self._source = f"$boolean({source})"
        self._bindings = bindings
        self._parsed: Jsonata | None = None

    def reason(self, scope: dict[str, Any]) -> Reason:
        """What the condition comes to, in the words of a decision."""
        try:
            parsed = self._parsed = self._parsed or Jsonata(self._source)
            return _COME_TO[parsed.evaluate(scope, self._bindings)]
        except Exception:  # noqa: BLE001 - it leaks whatever Python raises inside it
            # One that has failed keeps the variables of the place where it did.
            self._parsed = None
            return Reason.RUN_IF_ERROR
