"""Ways to break the models, each of which the project's own tests must notice.

`python -m benchmarks.mutate_warehouse` applies them one at a time to a copy of the project, builds what is downstream of the
broken model over a small lake, and counts how many turn a test red. Exit status 1 if fewer than 95 % do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from event_contract import EVENT_TYPES
from tests.warehouse.lakes import Lake
from tests.warehouse.shops import Delivery, deliveries
from warehouse_runner import dbt_run
from warehouse_runner.dbt_run import PROJECT_DIR

REQUIRED_SHARE = 0.95


@dataclass(frozen=True)
class Mutation:
    """In `file` (relative to the project), the first `old` becomes `new`; `model` and what follows from it are rebuilt."""

    file: str
    old: str
    new: str
    model: str

    def __str__(self) -> str:
        return f"{self.model}: {' '.join(self.old.split())!r} -> {' '.join(self.new.split())!r}"


def _model(path: str, old: str, new: str) -> Mutation:
    return Mutation(f"models/{path}.sql", old, new, path.rpartition("/")[2])


MUTATIONS = (
    *(_model(f"staging/events/stg_{each}", "qualify {{ is_first_copy() }}", "") for each in EVENT_TYPES),
    _model("staging/events/stg_page_viewed", "lower(event_id) as claimed_id", "event_id as claimed_id"),
    Mutation(
        "macros/staging.sql",
        "order by payload, {{ utc_timestamp('_ingest.publish_time') }},",
        "order by payload,",
        "stg_page_viewed",
    ),
    Mutation("macros/staging.sql", "range between current row", "rows between current row", "stg_page_viewed"),
    Mutation("macros/staging.sql", "then '' else '#'", "then '#' else '#'", "stg_page_viewed"),
    Mutation("macros/staging.sql", "'#' || cast(payload as string)", "''", "stg_page_viewed"),
    _model("staging/events/stg_order_completed", "money_from_text('discount')", "money_from_text('shipping')"),
    _model("staging/stg_quarantine", "message_id, fingerprint order", "fingerprint order"),
    _model("staging/stg_manifest", "order by written_at", "order by written_at desc"),
    _model("intermediate/int_events", "    copies,", "    1 as copies,"),
    Mutation("macros/event_types.sql", "'checkout_started': {'cart_id': 'string', ", "'checkout_started': {", "int_events"),
    _model("intermediate/int_registrations", "    user_id,", "    anonymous_id as user_id,"),
    _model("intermediate/int_customer_daily", "and user_id is not null", "and 1 = 1"),
    _model("intermediate/int_customer_daily", "count(*) as events", "count(distinct session_id) as events"),
    _model("intermediate/int_traffic_hourly", "left join", "inner join"),
    _model("intermediate/int_traffic_hourly", "coalesce(countries.time_zone, 'Etc/UTC')", "'Etc/UTC'"),
    _model("intermediate/int_quarantine_daily", "count(*) as messages", "cast(sum(copies) + 1 as int64) as messages"),
    _model("intermediate/int_lake_objects", "sum(row_count - replaced_rows)", "max(row_count)"),
    _model("intermediate/int_order_attribution", "-168", "-167"),
    _model("intermediate/int_order_attribution", "preceding and current row", "preceding and unbounded following"),
    _model("intermediate/int_order_attribution", "clicked_at desc", "clicked_at"),
    _model("marts/fct_orders", "left join items", "cross join items"),
    _model("marts/fct_orders", "money('completed.total')", "money('completed.total - completed.tax')"),
    _model("marts/fct_orders", "sum(item.quantity *", "sum("),
    _model("marts/fct_order_items", "sum(lines.quantity *", "sum("),
    _model("marts/fct_order_items", " and lines.event_id = orders.event_id", ""),
    _model("marts/fct_refunds", "money('refunded.amount')", "money('-refunded.amount')"),
    _model("marts/fct_refunds", "sum(item.quantity)", "-sum(item.quantity)"),
    _model("marts/fct_sessions", "else events.event_date", "else evenings.event_date"),
    _model("marts/fct_sessions", "add_days('evenings.event_date', 1)", "add_days('evenings.event_date', 2)"),
    _model("marts/fct_sessions", "and event_type != 'order_refunded'", "and event_type != 'ad_clicked'"),
    _model("marts/fct_sessions", "when cart_adds > 0 then 3", "when cart_adds > 1 then 3"),
    _model("marts/fct_sessions", "events = 1 as is_bounce", "events <= 2 as is_bounce"),
    _model("marts/fct_ad_clicks", "and event_type = 'ad_clicked'", "and campaign_id != 'search-brand'"),
    _model("marts/fct_cart_events", "else -quantity end", "else quantity end"),
    _model("marts/fct_cart_events", ", 'product_removed')", ")"),
    _model("marts/fct_product_daily", "left join sold", "inner join sold"),
    _model("marts/fct_product_daily", "and described.product_id = sold.product_id", ""),
    _model("marts/fct_product_daily", "event_type = 'product_viewed'", "event_type != 'product_viewed'"),
    _model("marts/dim_products", "order by last_seen_at desc", "order by last_seen_at"),
    _model("marts/dim_products", "inner join seen on latest.product_id = seen.product_id", "cross join seen"),
    _model("marts/dim_customers", "order by registered_at desc", "order by registered_at"),
    _model("marts/dim_customers", "left join first_registration", "inner join first_registration"),
    _model("marts/dim_campaigns", "left join clicked", "inner join clicked"),
    _model("marts/dim_dates", ">= 6 as is_weekend", "> 6 as is_weekend"),
    _model("reporting/rpt_daily_revenue", "left join refunds", "inner join refunds"),
    _model("reporting/rpt_daily_revenue", "orders.discounts, 0) - coalesce(refunds", "orders.discounts, 0) + coalesce(refunds"),
    _model("reporting/rpt_daily_revenue", "group by order_date, currency", "group by order_date, currency, device"),
    _model("reporting/rpt_top_selling_products", "where monthly.month_units > 0", "where monthly.month_units > 1"),
    _model("reporting/rpt_top_selling_products", "monthly.month_revenue desc, monthly.month_units desc, monthly.product_id", "1"),
    _model("reporting/rpt_conversion_funnel", "funnel_depth >= 3", "funnel_depth > 3"),
    _model("reporting/rpt_conversion_funnel", "ratio('ordered', 'sessions')", "ratio('ordered', 'viewed_product')"),
    _model("reporting/rpt_data_quality", "sum(copies - 1)", "sum(copies)"),
    _model("reporting/rpt_data_quality", "count(*) as events", "count(distinct session_id) as events"),
    _model("reporting/rpt_quarantine", "left join accepted", "inner join accepted"),
    _model("reporting/rpt_ad_performance", "left join clicks", "inner join clicks"),
    _model("reporting/rpt_ad_performance", "gross_revenue - discount as revenue", "gross_revenue as revenue"),
    _model("reporting/rpt_ad_performance", "select order_date as report_date from orders", "select report_date from clicks"),
    _model("reporting/rpt_cart_abandonment", "_added_at', 168)", "_added_at', 169)"),
    _model("reporting/rpt_cart_abandonment", "sum(1 - bought)", "sum(bought)"),
    _model("reporting/rpt_cart_abandonment", "    having sum(case when action = 'added' then 1 else 0 end) > 0\n", ""),
    _model("reporting/rpt_customer_lifetime_value", "left join refunds", "inner join refunds"),
    _model("reporting/rpt_customer_lifetime_value", "money('sold - refunded')", "money('sold + refunded')"),
    _model("reporting/rpt_customer_lifetime_value", "gross_revenue - signed_in.discount", "gross_revenue"),
    _model("reporting/rpt_cohort_retention", "count(*) as customers", "count(distinct months.order_month) as customers"),
    _model("reporting/rpt_cohort_retention", "min(order_month)", "max(order_month)"),
    _model("reporting/rpt_peak_traffic_hours", "sum(events) desc", "sum(events)"),
    _model("reporting/rpt_peak_traffic_hours", "event_date >= date '1970-01-01'", "local_hour > 0"),
    _model("reporting/rpt_regional_performance", "left join refunds", "inner join refunds"),
    _model("reporting/rpt_regional_performance", "    and keys.country_code = orders.country_code\n", ""),
    _model("reporting/rpt_user_engagement", "when is_bounce then 1 else 0", "when is_bounce then 0 else 1"),
)  # fmt: skip


class Workshop:
    """A copy of the project, and a warehouse of an unbroken build to start each mutation from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._project = folder / "dbt"
        shutil.copytree(PROJECT_DIR, self._project, ignore=shutil.ignore_patterns("target", "logs"))
        self._lake = Lake(folder)
        sent = deliveries(6_000)
        self._lake.write_payloads(sent)
        self._lake.write_payloads(_some_of_each_type(sent))  # delivered again
        for code in ("invalid_json", "wrong_type"):
            self._lake.quarantine(code, b"{", b"[", b"1")
        status, self.output = self._dbt("build", "--full-refresh")
        self.sound = status == 0
        self._warehouse = self._lake.warehouse.read_bytes()

    def notices(self, mutation: Mutation) -> bool:
        """Whether a test, or the build itself, fails over the mutated model and what follows from it."""
        file = self._project / mutation.file
        sound = file.read_text(encoding="utf-8")
        if mutation.old not in sound:
            raise ValueError(f"nothing to mutate: {mutation}")
        self._lake.warehouse.write_bytes(self._warehouse)
        file.write_text(sound.replace(mutation.old, mutation.new, 1), encoding="utf-8")
        try:
            status, _ = self._dbt("build", "--full-refresh", "--select", f"{mutation.model}+")
        finally:
            file.write_text(sound, encoding="utf-8")
        return status != 0

    def _dbt(self, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [
                *(*dbt_run._DBT, "--quiet", "--fail-fast", *arguments),
                *("--project-dir", str(self._project), "--profiles-dir", str(self._project)),
            ],
            env={
                "PATH": "/usr/bin:/bin",
                "LAKE_PATH": str(self._lake.path),
                "QUARANTINE_PATH": str(self._lake.quarantine_path),
                "DUCKDB_PATH": str(self._lake.warehouse),
                "DBT_TARGET_PATH": str(self._folder / "target"),
                "DBT_LOG_PATH": str(self._folder / "logs"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


def _some_of_each_type(sent: list[Delivery]) -> list[Delivery]:
    taken: Counter[str] = Counter()
    again = []
    for delivery in sent:
        event_type = json.loads(delivery[0])["event_type"]
        taken[event_type] += 1
        if taken[event_type] <= 5:
            again.append(delivery)
    return again


def main() -> int:
    """Runs every mutation and prints what was noticed."""
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        if not workshop.sound:
            print(f"the unbroken project fails:\n{workshop.output[-3000:]}")
            return 2
        survived = []
        for number, mutation in enumerate(MUTATIONS, 1):
            noticed = workshop.notices(mutation)
            survived += [] if noticed else [mutation]
            print(f"{number:3}/{len(MUTATIONS)} {'red     ' if noticed else 'SURVIVED'} {mutation}", flush=True)
    share = 1 - len(survived) / len(MUTATIONS)
    red = len(MUTATIONS) - len(survived)
    print(f"{red} of {len(MUTATIONS)} mutations turned a test red ({share:.1%}); required {REQUIRED_SHARE:.0%}")
    return 0 if share >= REQUIRED_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
