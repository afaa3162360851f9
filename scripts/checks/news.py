"""What a night's run means for the business: what was loaded, which figures changed most, and alerts, each told once.

What was told lies in <target>_monitoring.deliveries: of an alert that lasts, the severity it was told with; of a
figure, the value it then had. It is written only after the message was delivered, so that nothing is lost with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

SEVERITIES = ("low", "medium", "warning", "high", "critical")
MOST_CHANGES = 3
# A change is measured against the figure before, but at least against this, so that 1 to 2 deals is no news.
LEAST_BASE = 10
UNNAMED = "Open the report: the card Needs attention names it"

ALERTS = """
    select distinct on (alerts.metric, alerts.crm_source, alerts.pipeline_id, alerts.stage_id, alerts.funnel_step)
        concat_ws(' ', alerts.metric, alerts.crm_source, alerts.pipeline_id, alerts.stage_id, alerts.funnel_step),
        alerts.severity,
        concat_ws(', ', alerts.crm_source, pipelines.pipeline_name, coalesce(stages.stage_name, steps.kpi_name)),
        replace(alerts.metric, '_', ' '), to_char(alerts.month, 'YYYY-MM'), round(alerts.value, 4),
        alerts.direction, round(alerts.threshold, 4), alerts.insight, alerts.recommendation
    from rep_sales_funnel_alerts as alerts
    cross join dim_as_of as as_of
    left join dim_pipelines as pipelines using (crm_source, pipeline_id)
    left join dim_stages as stages on alerts.crm_source = stages.crm_source and alerts.stage_id = stages.stage_id
    left join dim_funnel_steps as steps
        on alerts.crm_source = steps.crm_source and alerts.pipeline_id = steps.pipeline_id
        and alerts.funnel_step = steps.funnel_step
    -- Those of now, and of the newest month that is over.
    where alerts.month >= as_of.current_month - interval '1 month'
    order by
        alerts.metric, alerts.crm_source, alerts.pipeline_id, alerts.stage_id, alerts.funnel_step, alerts.month desc
"""
# By the report that they stand in. What counts within a period bears its name, so that a new one is no fall.
FIGURES = {
    "rep_executive_dashboard": """
        select crm_source || ': ' || name, value
        from rep_executive_dashboard
        cross join lateral (values
            ('open pipeline', open_amount), ('open deals', open_count), ('overdue deals', overdue_count),
            ('won revenue of the quarter of ' || to_char(as_of_date, 'YYYY "Q"Q'), revenue_qtd),
            ('forecast of three months from ' || to_char(as_of_date, 'YYYY-MM'), forecast_next_3_months)
        ) as figures (name, value)
        where value is not null
    """,
    "rep_sales_funnel_trends": """
        select
            format('%s, %s: deals in %s, %s', crm_source, pipeline_name, kpi_name, to_char(month, 'YYYY-MM')),
            deals_count
        from rep_sales_funnel_trends
        where month >= (select current_month - interval '1 month' from dim_as_of)
    """,
}
LOADS = """
    select count(*), sum(rows_new), sum(rows_changed), sum(rows_deleted), sum(rows_rejected)
    from raw.load_batches
    where _loaded_at > coalesce(
        (
            select run_started_at from {}.dbt_run_results where command = 'build'
            group by run_started_at order by run_started_at desc offset 1 limit 1
        ),
        '-infinity'
    )
"""


@dataclass(frozen=True)
class Alert:
    key: str
    severity: str
    text: str


def tell(connection: Connection, marts: str, deliver: Callable[[list[str]], bool]) -> None:
    """Deliver the lines of the night, and remember what they told if they have been. Raises psycopg2.Error."""
    monitoring = sql.Identifier(marts.removesuffix("marts") + "monitoring")
    with connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(marts)))
        cursor.execute(
            sql.SQL(
                "create table if not exists {}.deliveries (kind text, name text, severity text, value numeric,"
                " delivered_at timestamptz not null default now(), primary key (kind, name))"
            ).format(monitoring)
        )
        deliveries = sql.SQL("{}.deliveries").format(monitoring)
        alerts, figures = read_alerts(cursor), read_figures(cursor)
        fresh = find_fresh(cursor, deliveries, alerts)
        lines = [read_loads(cursor, monitoring), *read_changes(cursor, deliveries, figures)]
        lines += [f"• {alert.severity}: {alert.text}" for alert in fresh]
        lasting = len(alerts) - len(fresh)
        if lasting:
            lines.append(f"{lasting} alert{'s last' if lasting > 1 else ' lasts'}, told before")
        if deliver(lines):
            remember(cursor, deliveries, alerts, fresh, figures)


def read_alerts(cursor: Cursor) -> list[Alert]:
    """Those that hold now, the worst first."""
    cursor.execute(ALERTS)
    alerts = []
    for (
        key,
        severity,
        where,
        metric,
        month,
        value,
        direction,
        threshold,
        insight,
        remedy,
    ) in cursor.fetchall():
        what = f"{metric} {value.normalize():f}, {direction} {threshold.normalize():f}, {month} ({where})"
        means = [insight] if insight else []
        alerts.append(Alert(key, severity, ". ".join([what, *means, remedy or UNNAMED])))
    return sorted(alerts, key=lambda alert: (-SEVERITIES.index(alert.severity), alert.key))


def read_figures(cursor: Cursor) -> dict[str, Decimal]:
    """By name; those of a domain that is switched off are left out."""
    figures: dict[str, Decimal] = {}
    for report, query in FIGURES.items():
        cursor.execute("select to_regclass(%s) is not null", [report])
        if cursor.fetchall() == [(True,)]:
            cursor.execute(query)
            figures |= {name: Decimal(value) for name, value in cursor.fetchall()}
    return figures


def find_fresh(cursor: Cursor, deliveries: sql.Composed, alerts: list[Alert]) -> list[Alert]:
    """The alerts that were not told yet, or told as less severe."""
    cursor.execute(sql.SQL("select name, severity from {} where kind = 'alert'").format(deliveries))
    told = {name: SEVERITIES.index(severity) for name, severity in cursor.fetchall()}
    return [alert for alert in alerts if SEVERITIES.index(alert.severity) > told.get(alert.key, -1)]


def read_loads(cursor: Cursor, monitoring: sql.Identifier) -> str:
    """What came since the build before the last one began."""
    cursor.execute(sql.SQL(LOADS).format(monitoring))
    [(files, *rows)] = cursor.fetchall()
    if not files:
        return "Nothing was loaded"
    new, changed, deleted, rejected = (f"{int(number):,}" for number in rows)
    return (
        f"Loaded: {files} files; rows: {new} new, {changed} changed, {deleted} deleted, {rejected} rejected"
    )


def read_changes(cursor: Cursor, deliveries: sql.Composed, figures: dict[str, Decimal]) -> list[str]:
    """The figures that differ most from what was told last."""
    cursor.execute(
        sql.SQL(
            "select name, value, to_char(delivered_at, 'YYYY-MM-DD') from {} where kind = 'figure'"
        ).format(deliveries)
    )
    told = [(name, value, day) for name, value, day in cursor.fetchall() if figures.get(name, value) != value]
    told.sort(key=lambda row: (-abs(figures[row[0]] - row[1]) / max(abs(row[1]), LEAST_BASE), row[0]))
    return [
        f"Changed since {day}: {name}: {value:,.0f} → {figures[name]:,.0f}"
        + (f" ({(figures[name] - value) / abs(value):+.0%})" if value else "")
        for name, value, day in told[:MOST_CHANGES]
    ]


def remember(
    cursor: Cursor,
    deliveries: sql.Composed,
    alerts: list[Alert],
    fresh: list[Alert],
    figures: dict[str, Decimal],
) -> None:
    """An alert that is over is forgotten, so that it is told again when it comes back."""
    kept = [alert.key for alert in alerts if alert not in fresh]
    cursor.execute(
        sql.SQL("delete from {} where kind = 'figure' or name <> all(%s)").format(deliveries), [kept]
    )
    rows: list[tuple[str, str, str | None, Decimal | None]] = [
        ("alert", alert.key, alert.severity, None) for alert in fresh
    ]
    rows += [("figure", name, None, value) for name, value in figures.items()]
    insert = sql.SQL("insert into {} (kind, name, severity, value) values (%s, %s, %s, %s)").format(
        deliveries
    )
    cursor.executemany(insert, rows)
