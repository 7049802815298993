"""Telling people: by e-mail or Slack where the Variable ecommerce_alert_conn_id names a connection, in the log everywhere."""

from __future__ import annotations

import html
import json
import logging
import urllib.request
from collections.abc import Mapping
from typing import Any

from airflow.sdk import Connection

from ecommerce_lake import settings
from ecommerce_lake.business_day import business_date

log = logging.getLogger(__name__)

_SEND_SECONDS = 20


def task_failed(context: Mapping[str, Any]) -> None:
    """Failure callback of every task: which task, which day, what it said (failing tests with their rows), where to read on."""
    instance = context["ti"]
    text = (
        f"{instance.dag_id}: {instance.task_id} failed for {business_date(context)}\n"
        f"{context.get('exception')}\n"
        f"Run {instance.run_id}, try {instance.try_number}. Log: {instance.log_url}\n"
        f"What to do: {settings.RUNBOOK}"
    )
    send(f"{instance.dag_id}: {instance.task_id} failed", text)


async def deadline_missed(context: Mapping[str, Any] | None = None, **_: Any) -> None:
    """Deadline callback, in the triggerer: a run has not finished in the time promised."""
    from asgiref.sync import sync_to_async  # a part of Airflow; only the triggerer needs it

    run = (context or {}).get("dag_run") or {}
    dag_id, run_id = (
        (run.get("dag_id"), run.get("dag_run_id")) if isinstance(run, Mapping) else (run.dag_id, run.run_id)
    )
    text = f"{dag_id}: run {run_id} has not published in time\nWhat to do: {settings.RUNBOOK}"
    await sync_to_async(send)(f"{dag_id}: late", text)


def send(subject: str, text: str) -> None:
    """Logs the text, and passes it on by the alert connection. A failure to send is logged: raised, it would hide the first."""
    log.error("%s", text)
    conn_id = settings.read("alert_conn_id")
    if not conn_id:
        return
    try:
        _deliver(Connection.get(conn_id), subject, text)
    except Exception:  # whatever the far side does
        log.exception("The alert could not be sent by connection %s", conn_id)


def _deliver(connection: Any, subject: str, text: str) -> None:
    if connection.conn_type == "smtp":
        _mail(connection.conn_id, connection.extra_dejson, subject, text)
    else:
        _post(connection, text)


def _mail(conn_id: str, extra: Mapping[str, Any], subject: str, text: str) -> None:
    from airflow.providers.smtp.hooks.smtp import SmtpHook  # slow to import, and rarely needed

    with SmtpHook(smtp_conn_id=conn_id) as mail:
        mail.send_email_smtp(
            to=extra["to"],
            from_email=extra["from_email"],
            subject=subject,
            html_content=f"<pre>{html.escape(text)}</pre>",
        )


def _post(connection: Any, text: str) -> None:
    """To a Slack incoming webhook, or whatever takes the same JSON: host is the address, password the secret rest of it."""
    address = connection.host.rstrip("/") + (f"/{connection.password}" if connection.password else "")
    if not address.startswith(("http://", "https://")):
        raise ValueError(f"host of the connection is {connection.host!r}: give it with https://")
    request = urllib.request.Request(  # noqa: S310 # the scheme has been checked
        address, data=json.dumps({"text": text}).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_SEND_SECONDS):  # noqa: S310
        pass
