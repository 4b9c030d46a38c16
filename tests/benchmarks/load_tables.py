"""Tables of what comes at a rate, whatever becomes of what came before."""

from collections.abc import Mapping
from typing import Final

from tests.benchmarks.cells import Figures, Found, Table, mebibytes, or_dash, pair, percentiles, yes


def latency(found: Found) -> Table:
    """A row a level, with what it is by the floor's."""
    rows = [
        (f"{name} · {label}", *(figure(level) for figure in _LATENCY.values()))
        for name, side in found["sides"].items()
        for label, level in side["levels"].items()
    ]
    return ("side · level", *_LATENCY), rows


def _of_floor(level: Found, figure: str) -> str:
    """A figure by the floor's, if there is one; of a spread both ends."""
    ratio = level.get("of_floor", {}).get(figure)
    if isinstance(ratio, Mapping):
        return pair(ratio)
    return or_dash(ratio, ".2f")


def pressure(found: Found) -> Table:
    """The flood, then each process and role."""
    return ("", ""), [
        *((title, figure(found)) for title, figure in _PRESSURE.items()),
        *(
            (f"MiB of {name}: at 10 s, most", mebibytes(seen, "settled", "max"))
            for name, seen in found["memory"].items()
        ),
        *(
            (f"ms late, {name}: mean, p99 at most", _late(loop))
            for name, loop in found["event_loops"].items()
        ),
        *((f"most records behind: {name}", f"{most:,}") for name, most in found["lag_max"].items()),
    ]


def _late(loop: Found) -> str:
    return ", ".join(
        or_dash(None if loop[name] is None else 1000 * loop[name], ",.0f")
        for name in ("mean_s", "p99_s_at_most")
    )


_LATENCY: Final[Figures] = {
    "per s": lambda f: f"{f['per_s']:,.0f}",
    "rate of the floor's": lambda f: _of_floor(f, "per_s"),
    "first step began, ms": lambda f: percentiles(f["began_ms"]),
    "begun, of the floor's (p50, p99)": lambda f: _of_floor(f, "began_ms"),
    "step overhead, ms": lambda f: percentiles(f["overhead_ms"]),
    "result seen, ms": lambda f: percentiles(f["seen_ms"]),
    "seen, of the floor's (p50, p99)": lambda f: _of_floor(f, "seen_ms"),
    "CPU-s per 1,000": lambda f: f"{f['all_cpu_s_per_1000']:.3f}",
    "CPU of the floor's": lambda f: _of_floor(f, "all_cpu_s_per_1000"),
    "WAL bytes each": lambda f: f"{f['wal_bytes_per_execution']:,.0f}",
    "commits per 1,000 steps": lambda f: f"{f['commits_per_1000_steps']:,.0f}",
}
_PRESSURE: Final[Figures] = {
    "capacity, executions/s": lambda f: f"{f['capacity_per_s']:,.0f}",
    "sent, events/s": lambda f: f"{f['sent_per_s']:,.0f}, {f['times']:.1f} times as many",
    "executions/s until all were done": lambda f: f"{f['executions_per_s']:,.0f}",
    "sent, completed": lambda f: f"{f['sent']:,}, {f['completed']:,}",
    "sent for, all done after, s": lambda f: f"{f['poured_s']:.0f}, {f['took_s']:.0f}",
    "all done, each once": lambda f: yes(f["marks"]["all_once"]),
    "webhooks wanted, received": lambda f: f"{f['told']['wanted']:,}, {f['told']['received']:,}",
    "the api's answers, ms (p50, p99)": lambda f: pair(f["api"]["ms"]),
    "answers, refusals of the api": lambda f: f"{f['api']['answered']:,}, {f['api']['refused']:,}",
    "each event loop late by at most 0.5 s (p99)": lambda f: yes(f["marks"]["loops_keep_time"]),
    "each process grew by at most 50 MiB": lambda f: yes(f["marks"]["memory_is_flat"]),
}
