"""Files to lake on one core, by one engine, in a process of its own: started by `rivals`, prints one JSON line.

    python -m benchmarks.one_core {ours,duckdb,duckdb-raw} FILE FOLDER {gzip,none}

Start-up is not counted on either side: neither that of Python and Beam, nor that of DuckDB.
"""

# ruff: noqa: S608 - the paths in these queries are our own

import argparse
import json
import logging
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from beam_pipeline.microbatch.progress import peak_rss_bytes
from event_contract import EVENT_TYPES
from event_contract.columns import Column, event_columns

_DUCKDB_TYPES: Final = {"string": "VARCHAR", "int64": "BIGINT", "bool": "BOOLEAN"}


def ours(file: str, folder: str, compression: str) -> Callable[[], int]:
    """The job's file input at its defaults: validated, routed, packed, recorded in the manifest."""
    from apache_beam.options.pipeline_options import PipelineOptions

    from beam_pipeline.microbatch.driver import StopRequest, ingest_files
    from beam_pipeline.microbatch.graph import MicroBatchGraph
    from beam_pipeline.microbatch.progress import RunProgress
    from beam_pipeline.options import MESSAGES_PER_FILE_BATCH, DirectRunnerOptions
    from benchmarks.contenders import config

    limits = PipelineOptions([]).view_as(DirectRunnerOptions)
    summary, graph = RunProgress(), MicroBatchGraph(config(Path(folder), compression))

    def run() -> int:
        most = MESSAGES_PER_FILE_BATCH, limits.batch_max_bytes
        ingest_files(file, graph, summary, StopRequest(), *most, lambda: None)
        return summary.messages

    return run


def duckdb(file: str, folder: str, compression: str) -> Callable[[], int]:
    """`COPY (SELECT *, …) TO … (FORMAT json, PARTITION_BY …)`, as its documentation shows, with the types given.

    What cannot be read is dropped (ignore_errors): without that the first bad line ends it.
    """
    columns = {column.name: _type(column) for kind in EVENT_TYPES for column in event_columns(kind)}
    columns["timestamp"] = "TIMESTAMPTZ"
    del columns["_ingest"]  # ours, not the message's
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    source = f"read_json('{file}', format='newline_delimited', ignore_errors=true, columns={{{types}}})"
    return partial(_copy, f"SELECT * FROM {source}", "*", folder, compression)


def duckdb_raw(file: str, folder: str, compression: str) -> Callable[[], int]:
    """The same with the message passed through as one JSON column: DuckDB at its fastest, its lines nested in a key."""
    source = f"read_json_objects('{file}', format='newline_delimited', ignore_errors=true)"
    query = (
        "SELECT json, json ->> '$.event_type' AS event_type, try_cast(json ->> '$.timestamp' AS TIMESTAMPTZ) AS"
        f' "timestamp" FROM {source}'
    )
    return partial(_copy, query, "json, event_type", folder, compression)


def _copy(query: str, keep: str, folder: str, compression: str) -> int:
    import duckdb as engine

    connection = engine.connect(config={"threads": 1})
    connection.execute("SET TimeZone = 'UTC'")
    day = 'year("timestamp") AS year, month("timestamp") AS month, day("timestamp") AS day'
    rows = connection.execute(
        f'COPY (SELECT {keep}, {day} FROM ({query}) WHERE event_type IS NOT NULL AND "timestamp" IS NOT NULL)'
        f" TO '{folder}' (FORMAT json, PARTITION_BY (event_type, year, month, day), COMPRESSION {compression})"
    ).fetchone()
    return int(rows[0])


def _type(column: Column) -> str:
    if column.kind == "record":
        kind = "STRUCT(" + ", ".join(f'"{inner.name}" {_type(inner)}' for inner in column.fields) + ")"
    else:
        kind = _DUCKDB_TYPES.get(column.kind, "TIMESTAMPTZ")
    return kind + "[]" * column.repeated


Engine = Callable[[str, str, str], Callable[[], int]]
"""Given file, folder and compression, the work to be timed; it returns the rows it has accounted for."""

_ENGINES: Final[dict[str, Engine]] = {"ours": ours, "duckdb": duckdb, "duckdb-raw": duckdb_raw}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=_ENGINES)
    parser.add_argument("file")
    parser.add_argument("folder")
    parser.add_argument("compression", choices=("gzip", "none"))
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    logging.getLogger("apache_beam").setLevel(logging.ERROR)
    run = _ENGINES[given.engine](given.file, given.folder, given.compression)
    clock, cpu = time.perf_counter(), time.process_time()
    rows = run()
    seconds, cpu_seconds = time.perf_counter() - clock, time.process_time() - cpu
    files = [path for path in Path(given.folder).rglob("*") if path.is_file() and "_control" not in path.parts]
    figures: dict[str, Any] = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "rows": rows,
        "objects": len(files),
        "bytes": sum(path.stat().st_size for path in files),
        "peak_rss_bytes": peak_rss_bytes(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
