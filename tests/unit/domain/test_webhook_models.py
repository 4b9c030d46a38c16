"""Definitions that were kept before webhooks could say more."""

from shared.domain.webhooks import EndpointSpec, Preset
from shared.domain.workflows import Webhook

KEPT = (
    '{"token_hash":null,"auth":{"header":"X-Shared-Secret","secret":"sender"}}',
    '{"token_hash":null,"auth":null}',
)


def test_what_was_kept_is_written_as_it_was() -> None:
    """Byte for byte: by it a definition's revision is told, and whether there is a new version."""
    for kept in KEPT:
        assert Webhook.model_validate_json(kept).model_dump_json() == kept


def test_an_endpoint_that_keeps_no_headers_is_written_as_before() -> None:
    """Replicas of the version before would not read another field."""
    bare = EndpointSpec(name="e", event_type="t")
    assert "keep_headers" not in bare.model_dump_json()
    kept = bare.model_copy(update={"keep_headers": ("x-shop",)})
    assert EndpointSpec.model_validate_json(kept.model_dump_json()) == kept


def test_what_is_said_is_written() -> None:
    """And nothing beside it; what an old definition means is a preset as well."""
    said = (
        '{"token_hash":null,"auth":{"preset":"stripe","secrets":["B","a"]},"keep_raw":true'
        ',"keep_headers":["x-shop"]}'
    )
    hook = Webhook.model_validate_json(said)
    assert hook.model_dump_json() == said
    assert hook.auth is not None
    assert hook.auth.secret_names == ("b", "a")
    old = Webhook.model_validate_json(KEPT[0]).auth
    assert old is not None
    assert (old.preset, old.secret_names) == (Preset.HEADER, ("sender",))
