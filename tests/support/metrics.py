"""What metrics come to."""

from prometheus_client import CollectorRegistry


def total(registry: CollectorRegistry, name: str) -> float:
    """A metric's value, of all labels together; 0 before it was first set."""
    found = (sample for family in registry.collect() for sample in family.samples)
    return sum(sample.value for sample in found if sample.name == name)
