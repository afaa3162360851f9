"""A CRM that nobody has heard of: three small tables, its staging, one mapping of its log and its stages; then every
report holds it. Nothing above the log changes. CONTRIBUTING says how many files it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Dbt, copy_project

TABLES = """
    create table raw.acme_changes (
        deal text, at timestamptz, field text, value text, place bigint, _loaded_at timestamptz
    );
    create table raw.acme_stages (stage text, pipeline text, name text, place integer, _loaded_at timestamptz);
    create table raw.acme_people (person text, name text, _loaded_at timestamptz);
    grant select on raw.acme_changes, raw.acme_stages, raw.acme_people to transformer;
    insert into raw.acme_stages select 'S' || n, 'main', 'Stage ' || n, n, load.at
    from generate_series(1, 3) as n cross join (select max(_loaded_at) as at from raw.load_batches) as load;
    insert into raw.acme_people select 'P' || n, 'Person', load.at
    from generate_series(1, 2) as n cross join (select max(_loaded_at) as at from raw.load_batches) as load;
    insert into raw.acme_changes
    select 'A-' || n, first_day + step * interval '9 days', field, value, step, load.at
    from generate_series(1, 400) as n
    cross join lateral (select timestamptz '2023-07-01' + n * interval '41 hours' as first_day) as deals
    cross join lateral (
        values
        (0, 'created', 'true'), (0, 'owner', 'P' || n % 2 + 1), (0, 'amount', (n * 10)::text), (0, 'stage', 'S1'),
        (0, 'pipeline', 'main'), (0, 'close_date', (first_day::date + 30)::text), (0, 'probability', '40'),
        (1, 'stage', 'S2'), (1, 'owner', 'P1'), (1, 'close_date', (first_day::date + 130)::text), (2, 'stage', 'S3'),
        (3, 'stage', case when n % 7 = 0 then 'S1' end), (3, 'amount', (n * 11)::text),
        (4, 'status', case when n % 5 < 2 then 'won' when n % 5 = 2 then 'lost' end),
        (5, 'status', case when n % 50 = 0 then 'open' end)
    ) as told (step, field, value)
    cross join (select max(_loaded_at) as at from raw.load_batches) as load
    where value is not null and first_day + step * interval '9 days' < '2025-06-30'
"""
FILES = {
    "models/staging/acme/_acme__sources.yml": """
sources:
  - name: acme
    schema: raw
    tables: [{name: acme_changes}, {name: acme_stages}, {name: acme_people}]
""",
    "models/staging/acme/stg_acme__changes.sql": """
select
    {{ deal_key('acme', 'deal') }} as deal_key, deal as deal_id, at as changed_at, field, value,
    place as log_position, _loaded_at
from {{ source('acme', 'acme_changes') }}
where _loaded_at <= {{ loaded_until() }}
""",
    "models/staging/acme/stg_acme__changes.yml": """
models:
  - name: stg_acme__changes
    columns:
      - {name: deal_key, data_type: bigint}
      - {name: deal_id, data_type: text}
      - {name: changed_at, data_type: timestamptz}
      - {name: field, data_type: text}
      - {name: value, data_type: text}
      - {name: log_position, data_type: bigint}
      - {name: _loaded_at, data_type: timestamptz}
""",
    "models/staging/acme/stg_acme__stages.sql": """
select stage as stage_id, pipeline as pipeline_id, name as stage_name, place as stage_order, _loaded_at
from {{ source('acme', 'acme_stages') }}
where _loaded_at <= {{ loaded_until() }}
""",
    "models/staging/acme/stg_acme__stages.yml": """
models:
  - name: stg_acme__stages
    columns:
      - {name: stage_id, data_type: text}
      - {name: pipeline_id, data_type: text}
      - {name: stage_name, data_type: text}
      - {name: stage_order, data_type: integer}
      - {name: _loaded_at, data_type: timestamptz}
""",
    "models/intermediate/crms/int_acme__deal_events.sql": """
select
    deal_key, 'acme' as crm_source, deal_id, changed_at as occurred_at,
    (case field when 'created' then 0 else 1 end)::smallint as priority,
    _loaded_at as first_loaded_at, log_position, field, value, null::text as old_value, _loaded_at
from {{ ref('stg_acme__changes') }}
""",
    "models/intermediate/crms/int_acme__stages.sql": """
select
    'acme' as crm_source, stage_id, pipeline_id, stage_name, stage_order, null::numeric as default_probability,
    null::integer as rotten_days, false as is_closed, false as is_won, true as is_living
from {{ ref('stg_acme__stages') }}
""",
}
# What the made-up CRM does not tell, by the model that would hold it: the report stands on nothing else.
LACKS = {
    "int_activities": "activities",
    "int_deal_attributes": "a list of deals with accounts and campaigns",
    "int_deal_people": "contacts of deals",
    "int_marketing_campaigns": "campaigns",
    "fct_leads": "leads",
    "stg_settings__sales_quotas": "quotas",
    "stg_settings__funnel_dimensions": "columns that only this company has",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("acme") / "project")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    crms = folder / "macros/keys/crms.sql"
    text = crms.read_text(encoding="utf-8")
    assert "'hubspot']" in text
    crms.write_text(text.replace("'hubspot']", "'hubspot', 'acme']"), encoding="utf-8")
    return folder


@pytest.mark.nightly
def test_every_report_holds_a_further_crm(project, databases, sample_database, dbt, connect, query, tmp_path):
    database = databases.create(template=sample_database)
    with connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
    connection.close()
    folder = tmp_path / "dbt"
    folder.mkdir()
    acme = Dbt(dbt.server, folder, project)
    done = acme("run", database=database)
    nodes = [result.node for result in done.result.results if result.node.resource_type == "model"]
    by_name = {node.name: node for node in nodes}
    assert len(by_name) > 100

    def stands_on(node, name: str) -> bool:
        parents = [
            by_name[key.rpartition(".")[2]]
            for key in node.depends_on.nodes
            if key.rpartition(".")[2] in by_name
        ]
        return any(parent.name == name or stands_on(parent, name) for parent in parents)

    without = []
    for node in nodes:
        if "crm_source" not in node.columns or node.name.startswith("stg_"):
            continue
        rows = query(database, f"select count(*) from {node.relation_name} where crm_source = 'acme'")
        if rows == [(0,)]:
            without.append(node)
    # int_<crm>__ are the mappings of the other CRMs.
    unexplained = [
        node.name
        for node in without
        if "__" not in node.name and not any(node.name == name or stands_on(node, name) for name in LACKS)
    ]
    assert not unexplained, ", ".join(unexplained)
    print("without rows of acme:", sorted(node.name for node in without))
    # Many models stand on activities or attributes beside the log; those that the log alone fills must be filled.
    filled = {node.name for node in nodes} - {node.name for node in without}
    assert {
        "rep_sales_funnel_trends", "rep_funnel_conversion_cohort", "rep_stage_velocity", "rep_stage_survival",
        "rep_win_rate_trend", "rep_pipeline_monthly", "rep_pipeline_waterfall", "rep_slippage_quarterly",
        "rep_revenue_forecast", "rep_deal_scores", "rep_executive_dashboard", "rep_lost_deals_monthly",
    } <= filled  # fmt: skip
    databases.drop(database)
