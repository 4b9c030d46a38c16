"""What metrics call environments."""

from uuid import uuid4

from prometheus_client import CollectorRegistry

from shared.domain.ids import DEFAULT_ENVIRONMENT, EnvironmentId
from shared.runtime.environment_names import OTHER, EnvironmentCounter, EnvironmentNames


def test_the_first_environments_have_names_and_the_rest_share_one() -> None:
    """The default one is always among them, and what is nobody's among the rest."""
    names = EnvironmentNames(3)
    first, second, third = (EnvironmentId(uuid4()) for _ in range(3))
    assert [names.of(id_) for id_ in (None, first, second, third)] == [
        OTHER,
        str(first),
        str(second),
        OTHER,
    ]
    assert names.of(first) == str(first)
    assert names.of(DEFAULT_ENVIRONMENT) == str(DEFAULT_ENVIRONMENT)


def test_nothing_is_left_out_of_the_count() -> None:
    """However many environments there are, the series are few and their sum is what was added."""
    registry, names = CollectorRegistry(), EnvironmentNames(10)
    counter = EnvironmentCounter("c", "", ["kind"], names=names, registry=registry)
    for _ in range(50):
        counter.add(EnvironmentId(uuid4()), "a", count=2)
    counter.add(None, "a")
    (family,) = registry.collect()
    counts = {s.labels["environment"]: s.value for s in family.samples if s.name == "c_total"}
    assert len(counts) == 10  # nine, and the rest
    assert sum(counts.values()) == 101
    assert counts[OTHER] == 2 * 41 + 1


def test_a_group_is_counted_as_its_members_are() -> None:
    """Ids as text are the environments that they name; the bound on names is the same."""
    registry, names = CollectorRegistry(), EnvironmentNames(2)
    counter = EnvironmentCounter("c", "", names=names, registry=registry)
    first, second = (EnvironmentId(uuid4()) for _ in range(2))
    counter.add(first)
    counter.add_each([str(first), str(second), str(first), str(DEFAULT_ENVIRONMENT)])
    counter.add_each(())
    (family,) = registry.collect()
    counts = {s.labels["environment"]: s.value for s in family.samples if s.name == "c_total"}
    assert counts == {str(first): 3, str(DEFAULT_ENVIRONMENT): 1, OTHER: 1}
