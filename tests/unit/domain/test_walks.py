"""Long walks through executions by chance, which meet more than a few chosen turns."""

from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.graph import graph_problems
from shared.domain.plans import Plan
from shared.domain.signals import Answer, Beat, Resume, Suspend
from shared.domain.workflows import Definition
from tests.unit.domain.graphs import definitions, plans
from tests.unit.domain.happenings import answers, misled, outcomes
from tests.unit.domain.life import START, Life

TURNS = 80
PAUSES_S = (0.0, 0.5, 1.0, 5.0, 20.0, 40.0, 90_000.0)


class Walker:
    """How likely what is, is drawn once for each walk."""

    def __init__(self, plan: Plan, chance: Random) -> None:
        self.chance = chance
        expires_s = chance.choice([None, None, None, 10, 1_000])
        expires_at = None if expires_s is None else START + timedelta(seconds=expires_s)
        self.life = Life(plan, expires_at)
        self.heard: list[Answer] = []
        self.badness = chance.choice([0.1, 0.3, 0.6])
        self.crashes = chance.choice([0.0, 0.0, 0.1])
        self.halts = chance.choice([0.0, 0.0, 0.05])
        self.cancels = chance.choice([0.0, 0.0, 0.01])

    def turn(self) -> None:
        """Something happens."""
        life, chance = self.life, self.chance
        if chance.random() < self.crashes:
            life.crash()
        if chance.random() < self.halts:
            life.hear(Suspend())
        if chance.random() < 0.3:
            life.hear(Resume())
        if chance.random() < self.cancels:
            life.cancel()
        match chance.choice("bbbeeewwt"):
            case "b":
                life.start(chance.randint(1, 4))
            case "e" if life.underway:
                self.end()
            case "w" if life.waiting:
                self.answer()
            case _:
                life.wait(life.now + timedelta(seconds=chance.choice(PAUSES_S)))

    def end(self) -> None:
        """A step ends, well or badly."""
        key = self.chance.choice(sorted(self.life.underway))
        ways = outcomes(self.life.underway[key].effect, self.life.now)
        likely = ways if self.chance.random() < self.badness else ways[:2]
        self.life.finish(key, self.chance.choice(likely), self.chance.random())

    def answer(self) -> None:
        """An answer comes: astray, then to its place, and an earlier one once more."""
        ways = answers(self.chance.choice(self.life.waiting), self.life.now)
        if not ways:
            return
        signal = self.chance.choice(ways)
        assert not self.life.hear(misled(signal, self.chance.randint(0, 9)))
        assert self.life.hear(signal) or isinstance(signal, Beat)
        self.heard.append(signal)
        again = self.chance.choice(self.heard)
        assert not self.life.hear(again) or isinstance(again, Beat)


@settings(max_examples=250, deadline=None)
@given(plan=plans, seed=st.integers(0, 2**63))
def test_every_walk_keeps_the_laws_and_can_be_brought_to_an_end(plan: Plan, seed: int) -> None:
    """Several walks through each workflow; ``laws`` and ``life`` judge every turn."""
    for walk in range(4):
        walker = Walker(plan, Random(seed + walk))
        for _ in range(TURNS):
            if walker.life.is_over:
                break
            walker.turn()
        walker.life.complete()


@settings(max_examples=100, deadline=None)
@given(definition=definitions())
def test_the_workflows_walked_are_ones_that_can_be_saved(definition: Definition) -> None:
    """What is proven of them is proven of workflows that have no problems."""
    assert list(graph_problems(definition)) == []
