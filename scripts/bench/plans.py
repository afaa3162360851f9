"""docs/plans.md: what PostgreSQL does for the three models that take longest, as EXPLAIN ANALYZE tells it."""

from __future__ import annotations

import json
from contextlib import closing

from bench.lab import CACHE, Lab
from command import keep_page
from with_venv import ROOT

DOCS = ROOT / "docs" / "plans.md"
MODELS = 3
# As the macro collect_changed_deals finds them: all that was loaded after the mart was built.
CHANGED_DEALS = """
    create temporary table changed_deals as
    select deal_key from dev_staging.stg_pipedrive__deal_changes where _loaded_at > (select max(_loaded_at) from {mart})
    union
    select deal_key from dev_staging.stg_pipedrive__activities where _loaded_at > (select max(_loaded_at) from {mart});
    analyze changed_deals;
    set enable_nestloop = off
"""


def find_heaviest(seconds: dict[str, float]) -> list[str]:
    """The names of the models that took longest in a full build, longest first."""
    return sorted(seconds, key=lambda model: -seconds[model])[:MODELS]


def read_seconds() -> dict[str, float]:
    """Seconds of each model of dbt's last run."""
    done = json.loads((CACHE / "target" / "run_results.json").read_text(encoding="utf-8"))
    models = [result for result in done["results"] if result["unique_id"].startswith("model.")]
    return {result["unique_id"].split(".")[-1]: result["execution_time"] for result in models}


def explain(lab: Lab, models: list[str], incremental: bool) -> dict[str, str]:
    """The plan of each model's compiled SQL, with actual rows and times, as the transformer runs it. Nothing is kept.

    incremental: as an incremental run reads it that finds what was loaded since the model was built. A model whose
    incremental SQL does not read the changed deals (its pre-hook does that work) is left out."""
    lab.dbt("compile", "--select", *models, *([] if incremental else ["--full-refresh"]))
    manifest = json.loads((CACHE / "target" / "manifest.json").read_text(encoding="utf-8"))
    plans = {}
    for model in models:
        node = manifest["nodes"][f"model.sales_funnel.{model}"]
        if incremental and "changed_deals" not in node["compiled_code"]:
            continue
        with closing(lab.connect("transformer")) as connection, connection.cursor() as cursor:
            if incremental:
                cursor.execute(CHANGED_DEALS.format(mart=node["relation_name"]))
            cursor.execute(f"explain (analyze, costs off, buffers off) {node['compiled_code']}")
            plans[model] = "\n".join(narrow(line) for (line,) in cursor.fetchall())
    return plans


def narrow(line: str) -> str:
    """A line of a plan with a third of its indentation; forty levels of six columns are more blanks than text."""
    depth = len(line) - len(line.lstrip())
    return " " * ((depth + 1) // 3) + line.lstrip()


def write(
    changes: int, machine: str, full: dict[str, str], incremental: dict[str, str], new_rows: int
) -> None:
    """Write the page."""
    text = f"Measured by `make bench` at {changes:,} changes, on {machine}.\n"
    parts = (("Full build", full), (f"Incremental run after {new_rows:,} new rows", incremental))
    for title, plans in parts:
        text += f"\n## {title}\n"
        for model, plan in plans.items():
            text += (
                f"\n<details><summary><code>{model}</code></summary>\n\n```text\n{plan}\n```\n\n</details>\n"
            )
    keep_page(DOCS, text)
