"""What `summary` and `list` print."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

import msgspec
import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lake_cli.console import open_console
from lake_cli.quarantine.masking import masked_reason, printable
from lake_cli.quarantine.reading import Refused
from lake_cli.quarantine.records import Sent
from lake_cli.quarantine.summing_up import Summary

ID_CHARACTERS: Final = 12
_HOURS: Final = 24


def print_summary(root: str, summary: Summary, *, as_json: bool) -> None:
    """Prints counts."""
    if as_json:
        typer.echo(msgspec.json.encode(_as_document(summary)).decode())
        return
    console = open_console()
    if not summary.messages:
        console.print(f"No message in {root} is selected.", highlight=False, markup=False, soft_wrap=True)
        return
    by_code = _table("code", "messages", "sent again")
    for code, count in summary.by_code.most_common():
        by_code.add_row(_text(code), f"{count:,}", f"{summary.sent_again[code]:,}")
    by_field = _table("code", "field", "messages")
    for (code, field), count in summary.by_field.most_common(20):
        by_field.add_row(_text(code), _text(field or "-"), f"{count:,}")
    by_hour = _table("published (UTC)", "messages")
    for hour in sorted(summary.by_hour)[-_HOURS:]:
        by_hour.add_row(f"{hour.replace('T', ' ')}:00", f"{summary.by_hour[hour]:,}")
    for table in (by_code, by_field, by_hour):
        console.print(table)
    retried = ", ".join(f"{n:,} after {a} attempts" for a, n in sorted(summary.by_attempt.items()) if a)
    console.print(
        f"{summary.messages:,} messages in {root}" + (f"; refused again: {retried}" if retried else ""),
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _as_document(summary: Summary) -> dict[str, object]:
    return {
        "messages": summary.messages,
        "by_code": dict(summary.by_code.most_common()),
        "sent_again": dict(summary.sent_again),
        "by_field": [
            {"code": code, "field": field, "messages": n} for (code, field), n in summary.by_field.most_common()
        ],
        "by_hour": dict(sorted(summary.by_hour.items())),
        "by_attempt": {str(attempt): n for attempt, n in sorted(summary.by_attempt.items())},
    }


def print_list(root: str, messages: Iterable[Refused], sent: Sent, limit: int, *, as_json: bool) -> None:
    """Prints one line a message, at most `limit`."""
    remaining = iter(messages)
    shown = list(islice(remaining, limit))
    more = next(remaining, None) is not None
    if as_json:
        for refused in shown:
            typer.echo(msgspec.json.encode(_as_row(refused, sent)).decode())
        return
    console = open_console()
    if not shown:
        console.print(f"No message in {root} is selected.", highlight=False, markup=False, soft_wrap=True)
    else:
        print_rows([_as_row(refused, sent) for refused in shown], console)
    if more:
        console.print(f"The first {limit:,} are listed; `--limit` shows more.", highlight=False, markup=False)


def print_rows(rows: list[dict[str, str]], console: Console) -> None:
    """On a terminal the reason below each message, wrapped at words; elsewhere one line a message, however long."""
    heads = [("id", "published (UTC)", "code", "state"), *map(_head, rows)]
    tails = ["event type, field: reason", *map(_tail, rows)]
    widths = [max(map(len, column)) for column in zip(*heads, strict=True)]
    for head, tail in zip(heads, tails, strict=True):
        line = "  ".join(cell.ljust(width) for cell, width in zip(head, widths, strict=True))
        if console.is_terminal:
            console.print(_text(line.rstrip()), soft_wrap=True)
            console.print(Padding(_text(tail), (0, 0, 0, 4)))
        else:
            typer.echo(printable(f"{line}  {tail}"))


def _head(row: dict[str, str]) -> tuple[str, ...]:
    state = row["state"] if row["attempt"] == "0" else f"{row['state']} (attempt {row['attempt']})"
    return row["id"][:ID_CHARACTERS], row["published"][:16].replace("T", " "), row["code"], state


def _tail(row: dict[str, str]) -> str:
    of = ", ".join(filter(None, (row["event_type"], row["field"])))
    return f"{of}: {row['reason']}" if of else row["reason"]


def _as_row(refused: Refused, sent: Sent) -> dict[str, str]:
    envelope = refused.envelope
    return {
        "id": envelope.fingerprint,
        "message_id": envelope.message_id,
        "published": envelope.publish_time,
        "code": envelope.code,
        "field": printable(envelope.field or ""),
        "event_type": refused.event_type or "",
        "attempt": str(refused.attempt),
        "state": "sent again" if (refused.case, refused.attempt + 1) in sent else "waiting",
        "reason": masked_reason(envelope.message),
    }


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in columns:
        numeric = name in ("messages", "sent again")
        table.add_column(
            name,
            justify="right" if numeric else "left",
            no_wrap=name not in ("field", "reason"),
            overflow="fold",
        )
    return table


def _text(cell: str) -> Text:
    return Text(printable(cell))  # no markup: part of it may quote the sender
