"""What pydantic finds wrong is told without the names of Python's types."""

import orjson
import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError

from shared.wire.faults import in_words


class Written(BaseModel):
    """Something with bounds."""

    ids: tuple[int, ...] = Field(default=(1,), min_length=1, max_length=2)
    key: SecretStr = Field(default=SecretStr("abcd"), min_length=4, max_length=5)
    name: str = Field(default="a", min_length=1)


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ({"ids": []}, "It should have at least 1 item, not 0."),
        ({"ids": [1, 2, 3]}, "It should have at most 2 items, not 3."),
        ({"key": "abc"}, "It should have at least 4 characters, not 3."),
        ({"key": "abcdef"}, "It should have at most 5 characters, not 6."),
        ({"name": ""}, "String should have at least 1 character."),
        ({"ids": 1}, "Input should be a valid array."),
    ],
)
def test_a_fault_is_a_sentence(written: dict[str, object], sentence: str) -> None:
    """Bounds of lists and of secrets are told as such; nothing of a secret is."""
    with pytest.raises(ValidationError) as raised:
        Written.model_validate_json(orjson.dumps(written))
    (fault,) = raised.value.errors()
    assert in_words(fault) == sentence
