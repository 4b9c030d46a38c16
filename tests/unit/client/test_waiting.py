"""Who waits for a result hears of it, or that there is none yet."""

from services.api.handlers.executions import WAIT_S_MAX
from shared.client.connection import WITHIN_S
from shared.domain.workflows import Policy


def test_the_client_waits_for_longer_than_the_api_does() -> None:
    """Unless a workflow asks for more: else nobody hears of the 202 and the execution's id."""
    assert min(WITHIN_S - Policy().max_sync_s, WITHIN_S - WAIT_S_MAX) >= 5
