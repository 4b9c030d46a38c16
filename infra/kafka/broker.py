# ruff: noqa: INP001 - a script, not a package
"""Run one Apache Kafka node for a person: ``make kafka``.

Prints ``KAFKA_BOOTSTRAP_SERVERS=…`` when it answers; Ctrl-C ends it and deletes its data, unless
``--data`` names a folder to keep.
"""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from shared.embedded.kafka import EmbeddedKafka


async def run(data: Path | None, port: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    asked_to_stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_stop.set)
    async with EmbeddedKafka(data, port=port) as broker:
        print(f"KAFKA_BOOTSTRAP_SERVERS={broker.bootstrap_servers}", flush=True)  # noqa: T201
        await asked_to_stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Run one Apache Kafka node.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--data", type=Path, help="a folder to keep the data in")
    options = parser.parse_args()
    asyncio.run(run(options.data, options.port))
