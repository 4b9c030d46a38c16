"""Results as tables, for a terminal and for the report."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.benchmarks.cells import (
    NONE,
    Figures,
    Found,
    Table,
    mebibytes,
    or_dash,
    pair,
    seconds,
    yes,
)
from tests.benchmarks.load_tables import latency, pressure


def table_of(found: Found) -> Table:
    """The table of any benchmark's result."""
    return _TABLES[found["benchmark"]](found)


def _by_side(figures: Figures) -> Callable[[Found], Table]:
    return lambda found: _table(figures, found["sides"])


def _table(figures: Figures, columns: Mapping[str, Found]) -> Table:
    rows = [(title, *(figure(f) for f in columns.values())) for title, figure in figures.items()]
    return ("", *columns), rows


def _run(found: Found) -> Table:
    sides = {
        f"{side} · {width}": {**at[side], "of_floors": _of_floors(at, side)}
        for width, at in found["concurrency"].items()
        for side in ("turnout", "floor", "floor_at_once")
    }
    # A row a side: there are more sides than figures.
    rows = [(name, *(figure(f) for figure in _RUN.values())) for name, f in sides.items()]
    return ("side · at once", *_RUN), rows


def _of_floors(at: Found, side: str) -> str:
    if side != "turnout":
        return NONE
    return f"{at['of_floor']:.0%}, {at['of_floor_at_once']:.0%}"


def _idle(found: Found) -> Table:
    sides = found["sides"]
    names = dict.fromkeys(n for side in sides.values() for n in side["cpu_percent"])
    rows: list[Sequence[str]] = [
        (f"CPU, %: {n}", *(or_dash(side["cpu_percent"].get(n), ".2f") for side in sides.values()))
        for n in names
    ]
    rows += [
        (title, *(or_dash(side[figure], form) for side in sides.values()))
        for title, (figure, form) in _IDLE.items()
    ]
    woken = [sum(side["wakeups_per_s"].values()) for side in sides.values()]
    rows.append(("wakeups/s: Turnout", *(f"{per_s:.0f}" for per_s in woken)))
    return ("", *sides), rows


def _scale(found: Found) -> Table:
    columns, rows = _table(_SCALE, found["sides"])
    ratios = (found["throughput_of_one"], found["cpu_of_one"], found["all_cpu_of_one"])
    said = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    return columns, [*rows, ("two of one: throughput, CPU of Turnout, of all", "", said)]


def _peers(found: Found) -> Table:
    rows = []
    for name, peer in found["peers"].items():
        if "not_measured" in peer:
            rows.append((name, f"not measured: {peer['not_measured']}", *[""] * (len(_PEERS) - 1)))
        else:
            rows.append((name, *(figure(peer) for figure in _PEERS.values())))
    return ("", *_PEERS), rows


def _parked(found: Found) -> Table:
    return ("", ""), [(title, figure(found)) for title, figure in _PARKED.items()]


def _api(found: Found) -> Table:
    columns, rows = _table(_API, found["sides"])
    blank = [""] * (len(columns) - 2)
    return columns, [
        *rows,
        *((f"{name}, ms (p50, p99)", pair(ms), *blank) for name, ms in found["reads"].items()),
        *((mark, yes(holds), *blank) for mark, holds in found["marks"].items()),
    ]


def _match(found: Found) -> Table:
    rows = [
        (case, count, *(figure(at) for figure in _MATCH.values()))
        for case, of in found["cases"].items()
        for count, at in of["workflows"].items()
    ]
    return ("conditions", "workflows", *_MATCH), rows


def _match_peers(found: Found) -> Table:
    rows = [
        (case, count, side, *_of_side(at))
        for case, by_count in found["cases"].items()
        for count, sides in by_count.items()
        for side, at in sides.items()
    ]
    return ("conditions", "workflows", "", *_MATCH_PEERS), rows


def _of_side(found: Found) -> Sequence[str]:
    if "not_measured" in found:
        return f"not measured: {found['not_measured']}", *[""] * (len(_MATCH_PEERS) - 1)
    return [figure(found) for figure in _MATCH_PEERS.values()]


_RUN: Final[Figures] = {
    "executions/s": lambda f: f"{f['executions_per_s']:,.0f}",
    "of the floors": lambda f: f["of_floors"],
    "CPU-s per 1,000": lambda f: f"{f['all_cpu_s_per_1000']:.3f}",
    "of it Postgres": lambda f: f"{f['cpu_s_per_1000']['postgres']:.3f}",
    "WAL bytes each": lambda f: f"{f['wal_bytes_per_execution']:,.0f}",
    "commits per 1,000 steps": lambda f: f"{f['commits_per_1000_steps']:.1f}",
}
_IDLE: Final[Mapping[str, tuple[str, str]]] = {
    "CPU, %: Turnout": ("turnout_cpu_percent", ".2f"),
    "CPU, %: Turnout and its servers": ("all_cpu_percent", ".2f"),
    "CPU, %: these servers alone": ("servers_alone_cpu_percent", ".2f"),
    "by the servers alone": ("of_servers_alone", ".2f"),
    "statements/s": ("statements_per_s", ".2f"),
    "commits/s": ("commits_per_s", ".2f"),
    "WAL bytes/s": ("wal_bytes_per_s", ",.0f"),
}
_PIPELINE: Final[Figures] = {
    "executions/s": lambda f: f"{f['executions_per_s']:,.0f}",
    "of the floor": lambda f: f"{f['of_floor']:.0%}",
    "of the floor, by CPU": lambda f: f"{f['of_floor_by_cpu']:.0%}",
    "CPU-s per 1,000: Python": lambda f: f"{f['python_cpu_s_per_1000']:.3f}",
    "CPU-s per 1,000: Postgres": lambda f: f"{f['cpu_s_per_1000']['postgres']:.3f}",
    "CPU-s per 1,000: Kafka": lambda f: f"{f['cpu_s_per_1000']['kafka']:.3f}",
    "WAL bytes an execution": lambda f: f"{f['wal_bytes_per_execution']:,.0f}",
    "commits per 1,000 steps": lambda f: f"{f['commits_per_1000_steps']:.1f}",
    "step began, ms (p50, p99)": lambda f: pair(f["step_began_ms"]),
    "result seen, ms (p50, p99)": lambda f: pair(f["result_seen_ms"]),
}
_SCALE: Final[Figures] = {
    "executions/s": lambda f: f"{f['executions_per_s']:,.0f}",
    "CPU-s per 1,000: Turnout": lambda f: f"{f['turnout_cpu_s_per_1000']:.3f}",
    "CPU-s per 1,000: all": lambda f: f"{f['all_cpu_s_per_1000']:.3f}",
    "WAL bytes an execution": lambda f: f"{f['wal_bytes_per_execution']:,.0f}",
    "commits per 1,000 steps": lambda f: f"{f['commits_per_1000_steps']:.1f}",
}
_PEERS: Final[Figures] = {
    "executions/s": lambda f: f"{f['executions_per_s']:,.0f}",
    "Turnout's, by its": lambda f: f"{f['turnout_of_it']:,.1f}",
    "CPU-s per 1,000": lambda f: f"{f['all_cpu_s_per_1000']:.3f}",
    "at once": lambda f: str(f["concurrency"]),
    "WAL bytes each": lambda f: or_dash(f.get("wal_bytes_per_execution"), ",.0f"),
    "commits per 1,000 steps": lambda f: or_dash(f.get("commits_per_1000_steps"), ",.1f"),
}
_NEIGHBOURS: Final[Figures] = {
    "noise, events/s": lambda f: f"{f['noise_per_s']:,.0f}",
    "first step began, ms (p50, p99)": lambda f: pair(f["began_ms"]),
    "of alone (p50, p99)": lambda f: f"{f['p50_of_alone']:.1f}, {f['p99_of_alone']:.1f}",
    "of unread (p50, p99)": lambda f: f"{f['p50_of_unread']:.1f}, {f['p99_of_unread']:.1f}",
    "result seen, ms (p50, p99)": lambda f: pair(f["seen_ms"]),
}
_PARKED: Final[Figures] = {
    "parked, executions/s": lambda f: f"{f['parked_per_s']:,.0f}",
    "of those that do not sleep": lambda f: f"{f['of_awake']:.0%}",
    "of them, by CPU": lambda f: or_dash(f["of_awake_by_cpu"], ".0%"),
    "CPU-s per 1,000": lambda f: f"{f['parking']['all_cpu_s_per_1000']:.3f}",
    "WAL bytes each": lambda f: f"{f['parking']['wal_bytes_per_execution']:,.0f}",
    "commits per 1,000 steps": lambda f: f"{f['parking']['commits_per_1000_steps']:.1f}",
    "table bytes each": lambda f: f"{sum(f['parking']['table_bytes_each'].values()):,.0f}",
    "executor's memory, MiB (before, peak, after)": lambda f: mebibytes(
        f["parking"]["resident_bytes"], "before", "peak", "after"
    ),
    "grew by at most 50 MiB": lambda f: yes(f["marks"]["memory_is_flat"]),
    "resumed, s after due (p50, p99, max)": lambda f: seconds(f["due"]["resumed_s"]),
    "completed, s after due (p50, p99, max)": lambda f: seconds(f["due"]["completed_s"]),
    "all completed, s after due": lambda f: f"{f['due']['all_completed_s']:.2f}",
    "all resumed, completed within 5 s": lambda f: ", ".join(
        yes(f["marks"][mark]) for mark in ("resumed_in_time", "completed_in_time")
    ),
    "resumed, of those that do not sleep": lambda f: f"{f['due']['of_awake']:.0%}",
    "restart, s (over none, over parked)": lambda f: (
        f"{f['restart']['over_none_s']:.2f}, {f['restart']['over_parked_s']:.2f}"
    ),
}
_API: Final[Figures] = {
    "events/s, one a request": lambda f: f"{f['single']['per_s']:,.0f}",
    "events/s a core, one a request": lambda f: f"{f['single']['per_cpu_s']:,.0f}",
    "events/s in batches": lambda f: f"{f['batch']['per_s']:,.0f}",
    "events/s a core in batches": lambda f: f"{f['batch']['per_cpu_s']:,.0f}",
}
_MATCH: Final[Figures] = {
    "events/s a core": lambda f: f"{f['events_per_cpu_s']:,.0f}",
    "by asking each": lambda f: f"{f['brute_events_per_cpu_s']:,.1f}",
    "an event, µs (p50, p99)": lambda f: (
        f"{1000 * f['match_ms']['p50']:.0f}, {1000 * f['match_ms']['p99']:.0f}"
    ),
    "tried, matched": lambda f: f"{f['tried_an_event']:.1f}, {f['matches_an_event']:.1f}",
    "registered/s": lambda f: f"{f['put_per_cpu_s']:,.0f}",
    "replaced/s": lambda f: f"{f['changed_per_cpu_s']:,.0f}",
    "live from Postgres, s (CPU)": lambda f: f"{f['live_s']:.1f} ({f['live_cpu_s']:.1f})",
    "bytes each": lambda f: f"{f['bytes_a_workflow']:,.0f}",
}
_MATCH_PEERS: Final[Figures] = {
    "events/s a core": lambda f: f"{f['events_per_cpu_s']:,.0f}",
    "matched": lambda f: f"{f['matches_an_event']:.2f}",
    "registered/s": lambda f: f"{f['put_per_cpu_s']:,.0f}",
    "bytes each": lambda f: f"{f['bytes_a_workflow']:,.0f}",
}
_WEBHOOKS: Final[Figures] = {
    "answered after, ms (p50, p99)": lambda f: pair(f["ms"]),
    "at most, ms": lambda f: f"{f['ms']['max']:.1f}",
}
_DELIVERIES: Final[Figures] = {
    "deliveries/s": lambda f: f"{f['deliveries_per_s']:,.0f}",
    "of the floor": lambda f: f"{f['of_floor']:.0%}",
    "deliveries/s a core": lambda f: f"{f['per_cpu_s']:,.0f}",
    "of the floor, by CPU": lambda f: f"{f['of_floor_by_cpu']:.0%}",
    "CPU-s per 1,000, with the servers": lambda f: f"{f['all_cpu_s_per_1000']:.3f}",
    "commits per 1,000": lambda f: or_dash(f.get("commits_per_1000"), ",.0f"),
    "WAL bytes each": lambda f: or_dash(f.get("wal_bytes_each"), ",.0f"),
    "published → received, ms (p50, p99)": lambda f: pair(f["told_ms"]) if "told_ms" in f else NONE,
}
_TABLES: Final[Mapping[str, Callable[[Found], Table]]] = {
    "run": _run,
    "pipeline": _by_side(_PIPELINE),
    "latency": latency,
    "idle": _idle,
    "scale": _scale,
    "parked": _parked,
    "pressure": pressure,
    "neighbours": _by_side(_NEIGHBOURS),
    "api": _api,
    "webhooks": _by_side(_WEBHOOKS),
    "deliveries": _by_side(_DELIVERIES),
    "match": _match,
    "match_peers": _match_peers,
    "peers": _peers,
}
