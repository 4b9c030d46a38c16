"""One page of tables and plots, from the JSON that the benchmarks have said."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import orjson

from shared.domain.errors import Rejected
from tests.benchmarks.cells import Found, Table, or_dash
from tests.benchmarks.charts import Bars, Lines, bar_chart, line_chart
from tests.benchmarks.tables import table_of

PAGE: Final = "report.md"
PEERS_PAGE: Final = "peers.md"


def write_report(folders: Iterable[Path], into: Path) -> Path:
    """Write the pages and their plots from the results (``*.json``) in ``folders``.

    Gives ``into``. What stands beside peers has a page of its own. Raises Rejected when there is
    no result, or a file is no benchmark's.
    """
    files = sorted(
        file
        for folder in folders
        for file in ([folder] if folder.is_file() else folder.glob("*.json"))
    )
    if not files:
        raise Rejected("There is no .json there: save what `turnout bench … --json` says.")
    into.mkdir(parents=True, exist_ok=True)
    pages: dict[str, list[str]] = {}
    for file in files:
        page, part = _part(file, into)
        pages.setdefault(page, [_HEADS[page]]).append(part)
    for page, parts in pages.items():
        (into / page).write_text("\n\n".join(parts) + "\n", "utf-8")
    return into


def as_markdown(table: Table) -> str:
    """A table of a page."""
    columns, rows = table
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def surroundings(found: Found) -> str:
    """What the machine was, and whether it was free, in a sentence."""
    machine = found["machine"]
    load = machine["load_average"]
    sentence = (
        f"{machine['cpus']} CPUs, Python {machine['python']}; load average {load['before']:.2f}"
        f" before, {load['after']:.2f} after."
    )
    if machine["was_idle"]:
        return sentence
    return f"{sentence} **The machine was not idle: only the ratios mean something.**"


def _part(file: Path, into: Path) -> tuple[str, str]:
    """The page that a result belongs to, and what is written there."""
    try:
        found = orjson.loads(file.read_bytes())
        name, table = found["benchmark"], table_of(found)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise Rejected(f"{file} is not what a benchmark says: {error!r}") from error
    plots = []
    for number, plot in enumerate(_PLOTS[name](found), start=1):
        picture = into / f"{file.stem}-{number}.svg"
        picture.write_text(plot, "utf-8")
        plots.append(f"![{name}]({picture.name})")
    extent = ", ".join(f"{what} {value}" for what, value in found["extent"].items())
    module = f"python -m tests.benchmarks.{name}"
    command = module if name in ("peers", "match_peers") else f"turnout bench {name}"
    parts = [
        f"## {file.stem}",
        f"`{command}`: {extent}. {surroundings(found)}",
        *plots,
        as_markdown(table),
        *([_BELOW[name](found)] if name in _BELOW else []),
    ]
    return PEERS_PAGE if name == "peers" else PAGE, "\n\n".join(parts)


def _settings(found: Found) -> str:
    """How each peer was set up, and what it was tried with."""
    lines = []
    for name, peer in found["peers"].items():
        tried = ", ".join(f"{rate:,.0f}/s at {n}" for n, rate in peer.get("tried", {}).items())
        said = [
            " ".join(f"`{pin}`" for pin in peer["pins"]),
            peer["settings"],
            *(f"its own advice: <{url}>" for url in peer["advice"]),
            f"tried: {tried}" if tried else "",
        ]
        lines.append(f"- **{name}**: {'; '.join(part for part in said if part)}.")
    return "\n".join(lines)


def _statements(found: Found) -> str:
    """What idle roles ask of Postgres."""
    rows = [
        (side, f"{per_s:.2f}", text.replace("|", "\\|"))
        for side, figures in found["sides"].items()
        for text, per_s in figures["statements"].items()
    ]
    return as_markdown((("side", "per s", "statement"), rows))


def _hops(found: Found) -> str:
    """What an unloaded event's time was taken by, beside what the same takes bare."""
    unloaded = {name: side["levels"]["unloaded"] for name, side in found["sides"].items()}
    turnout = unloaded["turnout"]
    ratios = turnout.get("of_floor", {}).get("hops_ms", {})
    rows = [
        (
            hop,
            *(or_dash(level["hops_ms"].get(hop), ".2f") for level in unloaded.values()),
            or_dash(ratios.get(hop), ".2f"),
        )
        for hop in turnout["hops_ms"]
    ]
    return as_markdown((("unloaded, ms of", *unloaded, "of the floor's"), rows))


def _absent(found: Found) -> str:
    """Which peers could not be had, and why."""
    return "\n".join(f"- **{name}** is not there: {why}" for name, why in found["absent"].items())


_BELOW: Final[Mapping[str, Callable[[Found], str]]] = {
    "idle": _statements,
    "latency": _hops,
    "match_peers": _absent,
    "peers": _settings,
}
_HEADS: Final[Mapping[str, str]] = {
    PAGE: """# Report

Written by `turnout bench report` from saved results. [README.md](README.md) explains each figure;
each is the median of its rounds.""",
    PEERS_PAGE: """# Beside others

One job of three durable steps that compute next to nothing, by Turnout and by others, one after
another on the same machine, each with what it needs and nothing else beside. Written by
`turnout bench report` from saved results; [README.md](README.md) says what was run and how to
repeat it. Each figure is the median of its rounds. They do different things for their work: read
how each was set up.""",
}


def _run(found: Found) -> Sequence[str]:
    sides = ("turnout", "floor", "floor_at_once")
    at = {f"{width} at once": sides_at for width, sides_at in found["concurrency"].items()}

    def bars(figure: str) -> Bars:
        return {width: {s: sides_at[s][figure] for s in sides} for width, sides_at in at.items()}

    return [
        bar_chart("Three-step executions a second", bars("executions_per_s")),
        bar_chart("CPU-seconds per 1,000 executions", bars("all_cpu_s_per_1000"), form=".3f"),
    ]


def _pipeline(found: Found) -> Sequence[str]:
    bars = {"": {name: side["executions_per_s"] for name, side in found["sides"].items()}}
    return [bar_chart("Executions a second, Kafka to Kafka", bars)]


def _latency(found: Found) -> Sequence[str]:
    def bars(figure: str) -> Bars:
        return {
            f"{name} · {label}": level[figure]
            for name, side in found["sides"].items()
            for label, level in side["levels"].items()
            if label != "saturation" and level[figure]
        }

    titles = {"began_ms": "Event due → first step began", "seen_ms": "Event due → result seen"}
    return [
        bar_chart(f"{title}, ms (log)", bars(figure), form=",.1f", is_log=True)
        for figure, title in titles.items()
    ]


def _idle(found: Found) -> Sequence[str]:
    used = {side: figures["cpu_percent"] for side, figures in found["sides"].items()}
    names = dict.fromkeys(name for percent in used.values() for name in percent)
    bars = {n: {side: cpu[n] for side, cpu in used.items() if n in cpu} for n in names}
    return [bar_chart("CPU of each process, idle, %", bars, form=".2f")]


def _scale(found: Found) -> Sequence[str]:
    figures = {"turnout_cpu_s_per_1000": "Turnout", "all_cpu_s_per_1000": "with the servers"}
    bars = {
        name: {said: side[figure] for figure, said in figures.items()}
        for name, side in found["sides"].items()
    }
    return [bar_chart("CPU-seconds per 1,000 executions", bars, form=".3f")]


def _peers(found: Found) -> Sequence[str]:
    rates = {n: f["executions_per_s"] for n, f in found["peers"].items() if "not_measured" not in f}
    bars = {name: {"": per_s} for name, per_s in rates.items()}
    return [bar_chart("Three-step executions a second (log)", bars, is_log=True)]


def _parked(found: Found) -> Sequence[str]:
    rates = enumerate(found["parking"]["per_s"], start=1)
    bars = {f"part {number}": {"": per_s} for number, per_s in rates}
    return [bar_chart("Executions parked a second, along the way", bars)]


def _match(found: Found) -> Sequence[str]:
    bars = {
        case: {
            f"{count} workflows": at["events_per_cpu_s"] for count, at in of["workflows"].items()
        }
        for case, of in found["cases"].items()
    }
    return [bar_chart("Events a second a core", bars)]


def _match_peers(found: Found) -> Sequence[str]:
    bars = {
        f"{case} · {count}": {
            side: at["events_per_cpu_s"] for side, at in sides.items() if "not_measured" not in at
        }
        for case, by_count in found["cases"].items()
        for count, sides in by_count.items()
    }
    return [bar_chart("Events a second a core (log)", bars, is_log=True)]


def _pressure(found: Found) -> Sequence[str]:
    def lines(figure: str, unit: float) -> Lines:
        seen = [(sample["at_s"], sample[figure]) for sample in found["samples"]]
        return {name: [(at_s, of[name] / unit) for at_s, of in seen] for name in seen[0][1]}

    return [
        line_chart("Records not finished, by role, over seconds", lines("lag", 1)),
        line_chart("Memory, MiB, over seconds", lines("resident_bytes", 2**20)),
    ]


def _neighbours(found: Found) -> Sequence[str]:
    sides = found["sides"].items()
    bars = {cut: {side: f["began_ms"][cut] for side, f in sides} for cut in ("p50", "p99")}
    title = "Quiet environment: event due → first step began, ms (log)"
    return [bar_chart(title, bars, form=",.1f", is_log=True)]


def _api(found: Found) -> Sequence[str]:
    def bars(form: str) -> Bars:
        return {side: {"": figures[form]["per_cpu_s"]} for side, figures in found["sides"].items()}

    reads = {name: {cut: ms[cut] for cut in ("p50", "p99")} for name, ms in found["reads"].items()}
    title = f"Asked among {found['extent']['executions']:,} executions, ms (log)"
    return [
        bar_chart("Events a second of CPU time, one a request", bars("single")),
        bar_chart("Events a second of CPU time, in batches", bars("batch")),
        bar_chart(title, reads, form=",.1f", is_log=True),
    ]


def _webhooks(found: Found) -> Sequence[str]:
    sides = found["sides"].items()
    bars = {cut: {side: f["ms"][cut] for side, f in sides} for cut in ("p50", "p99")}
    return [bar_chart("Delivery due → answered, ms (log)", bars, form=",.1f", is_log=True)]


def _deliveries(found: Found) -> Sequence[str]:
    bars = {"": {name: side["per_cpu_s"] for name, side in found["sides"].items()}}
    return [bar_chart("Deliveries a second of CPU time", bars)]


_PLOTS: Final[Mapping[str, Callable[[Found], Sequence[str]]]] = {
    "run": _run,
    "pipeline": _pipeline,
    "latency": _latency,
    "idle": _idle,
    "scale": _scale,
    "parked": _parked,
    "pressure": _pressure,
    "neighbours": _neighbours,
    "api": _api,
    "webhooks": _webhooks,
    "deliveries": _deliveries,
    "match": _match,
    "match_peers": _match_peers,
    "peers": _peers,
}
