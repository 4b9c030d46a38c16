"""The metrics that dashboard, alerts and docs name are there, and they name all that are."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import orjson
import promql_parser as promql
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from services.cli.process.roles import ROLES
from services.executor.publish import BACKLOG_MAX
from tests.integration.cli.command import eventually

pytestmark = pytest.mark.xdist_group("cli")

ROOT: Final = Path(__file__).parents[3]
DASHBOARD: Final = ROOT / "infra/grafana/turnout.json"
ALERTS: Final = ROOT / "infra/prometheus/alerts.yaml"
PROMETHEUS: Final = ROOT / "infra/prometheus/prometheus.yaml"
DOCS: Final = (ROOT / "docs/OPERATING.md").read_text("utf-8")
SUFFIXES: Final = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
}
OF_PROMETHEUS: Final = {"up"}
OF_A_ROLE: Final = {
    # It waits for the executors, and takes nothing meanwhile: nobody's event is under way.
    "turnout_ingest_waited_seconds_total",
    # A partition changes hands with what it has of every environment.
    "turnout_partitions_fenced_total",
}
"""Counters of what happens to a role, and to nothing of any one environment."""


@pytest.fixture(scope="session")
def exposed(dev_url: str) -> dict[str, str]:
    """The metrics of a process that plays every role, and of what kind each is."""
    with urlopen(f"{dev_url}/metrics", timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    # The client's own gauges of when a counter was made say nothing to anybody.
    return {f.name: f.type for f in families if not f.name.endswith("_created")}


def samples(exposed: dict[str, str]) -> set[str]:
    """The names that a query may ask for."""
    found = {f"{name}{suffix}" for name, kind in exposed.items() for suffix in SUFFIXES[kind]}
    return found | OF_PROMETHEUS


def rules() -> list[dict[str, Any]]:
    """Every alert."""
    groups = yaml.safe_load(ALERTS.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    """Every query of the dashboard and the alerts, with its place."""
    for panel in orjson.loads(DASHBOARD.read_bytes())["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")
    for rule in rules():
        yield rule["alert"], rule["expr"]


def asked(expression: object) -> Iterator[str]:
    """The metrics that a parsed query asks for."""
    match expression:
        case promql.VectorSelector():
            assert expression.name is not None
            yield expression.name
        case promql.MatrixSelector():
            yield from asked(expression.vector_selector)
        case promql.Call():
            for argument in expression.args:
                yield from asked(argument)
        case promql.BinaryExpr():
            yield from asked(expression.lhs)
            yield from asked(expression.rhs)
        case promql.AggregateExpr() | promql.ParenExpr() | promql.UnaryExpr():
            yield from asked(expression.expr)
        case promql.SubqueryExpr():
            yield from asked(expression.expr)
        case promql.NumberLiteral() | promql.StringLiteral():
            return
        case _:
            raise AssertionError(expression)


def names_in(query: str) -> set[str]:
    """The metrics that a query asks for."""
    return set(asked(promql.parse(query)))


@pytest.mark.parametrize(("place", "query"), list(queries()))
def test_each_query_asks_for_what_is_there(exposed: dict[str, str], place: str, query: str) -> None:
    """A query of the dashboard or of an alert is PromQL, and each metric in it is exposed."""
    names = names_in(query)
    assert names, place
    assert names <= samples(exposed), place


def test_the_docs_name_each_metric(exposed: dict[str, str]) -> None:
    """The tables of the docs and the process have the same metrics of ours."""
    documented = set(re.findall(r"^\| `(turnout_\w+)`", DOCS, re.MULTILINE))
    ours = {
        f"{name}_total" if kind == "counter" else name
        for name, kind in exposed.items()
        if name.startswith("turnout_")
    }
    assert documented == ours


def test_the_docs_name_the_labels_of_each_metric(dev_url: str) -> None:
    """Whatever has a value has the labels that the docs give it."""
    rows = re.findall(r"^\| `(turnout_\w+)` \|([^|]*)\|", DOCS, re.MULTILINE)
    documented = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    with urlopen(f"{dev_url}/metrics", timeout=10) as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        for sample in family.samples if name in documented else ():
            assert sample.labels.keys() - {"le"} == documented[name], name


def test_what_happens_to_an_environment_is_counted_by_it() -> None:
    """Every counter has the environment, but those of a role's own work."""
    rows = re.findall(r"^\| `(turnout_\w+_total)` \|([^|]*)\|", DOCS, re.MULTILINE)
    assert {name for name, labels in rows if "`environment`" not in labels} == OF_A_ROLE


def test_each_metric_is_looked_at(exposed: dict[str, str]) -> None:
    """No metric of ours is missing from the dashboard."""
    shown = {name for _, query in queries() for name in names_in(query)}
    for name, kind in exposed.items():
        if name.startswith("turnout_"):
            assert shown & {f"{name}{suffix}" for suffix in SUFFIXES[kind]}, name


def test_each_alert_says_what_to_do() -> None:
    """An alert has a severity, a summary and what to do next; the docs list it with the former."""
    listed = dict(re.findall(r"^\| `(Turnout\w+)` \| (\w+) \|", DOCS, re.MULTILINE))
    assert listed == {rule["alert"]: rule["labels"]["severity"] for rule in rules()}
    for rule in rules():
        assert set(rule["annotations"]) == {"summary", "next"}
        assert all(text.endswith(".") for text in rule["annotations"].values())


def rule_of(alert: str) -> str:
    """The query of an alert."""
    return next(str(rule["expr"]) for rule in rules() if rule["alert"] == alert)


def test_a_role_that_nobody_plays_is_missed() -> None:
    """A process that is gone has no address, so that only what is absent tells of it."""
    expr = rule_of("TurnoutRoleGone")
    assert re.findall(r'absent\(turnout_role_ready\{role="([a-z-]+)"\}\)', expr) == list(ROLES)
    [job] = yaml.safe_load(PROMETHEUS.read_text("utf-8"))["scrape_configs"]
    assert sorted(job["dns_sd_configs"][0]["names"]) == sorted(ROLES)


def test_a_backlog_is_told_of_before_nobody_may_add_to_it() -> None:
    """An executor has one queue for all its partitions; writers wait once it is full."""
    expr = rule_of("TurnoutPublishBehind")
    found = re.fullmatch(
        r"max\(sum by \(instance\) \(turnout_publish_lag_entries\)\) > (\d+)", expr
    )
    assert found is not None
    assert int(found[1]) < BACKLOG_MAX


def test_no_dead_letter_is_left_out(exposed: dict[str, str]) -> None:
    """Whichever role has buried it, there is an alert, and the panel shows it."""
    every = {f"{name}_total" for name in exposed if name.endswith("_dead_letters")}
    for place in ("TurnoutDeadLetters", "Dead letters"):
        found = {name for where, query in queries() if where == place for name in names_in(query)}
        assert found == every, place


def test_a_disabling_is_told_of_whatever_else_is_let_on() -> None:
    """By a counter of each environment: what is disabled now may be the same or fewer."""
    expr = rule_of("TurnoutWebhookDisabled")
    assert names_in(expr) == {"turnout_webhook_disablings_total"}
    assert "sum by (environment)" in expr


def test_a_process_that_works_tells_of_it(dev_url: str) -> None:
    """Roles are ready, lags are soon known, and the event loop was looked at."""
    told = (
        r'turnout_role_ready\{role="executor"\} 1\.0',
        r'turnout_ingest_lag_records\{partition="0",topic="turnout\.events"\} \d',
        r'turnout_matcher_lag_records\{partition="0",topic="turnout\.triggers"\} \d',
        r'turnout_executor_lag_records\{partition="0",topic="turnout\.commands"\} \d',
        r'turnout_publish_lag_entries\{partition="0"\} 0\.0',
        r"turnout_event_loop_lag_seconds_count [1-9]",
        r"turnout_pool_connections_max [1-9]",
    )

    def tells_all() -> bool:
        with urlopen(f"{dev_url}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return all(re.search(line, text) for line in told)

    eventually(tells_all)
