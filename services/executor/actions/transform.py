"""``transform``: the step's input, once resolved, is its output."""

from services.executor.call import Call
from shared.domain.outcomes import Completed, Outcome


async def transform(call: Call) -> Outcome:
    """Answer the input."""
    return Completed(input=call.input, output=call.input)
