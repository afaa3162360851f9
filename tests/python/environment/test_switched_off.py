"""A domain that the var switched_off names goes, with all that reads it; the rest stands without it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

import pytest

from checks import erd
from checks.check_layers import DOMAINS
from conftest import NO_DATABASE, ROOT, Databases, Dbt
from report.write_report import read_marts

# One by default, each of which takes a parse; the others, and all but one, at night.
PARSED = [["funnel"]]
PARSED_AT_NIGHT = [
    ["pipeline"],
    ["marketing"],
    ["scoring"],
    *([domain for domain in DOMAINS if domain != kept] for kept in DOMAINS),
    list(DOMAINS),
]


def find_refs(node: dict) -> set[str]:
    """The models that a node names, also where dbt left the node out."""
    given = " ".join(given["input"] for given in node.get("given", ()))
    return (
        {ref["name"] for ref in node.get("refs", ())}
        | set(re.findall(r"ref\('(\w+)'\)", given))
        | {node.get("model")}
    )


@pytest.mark.parametrize(
    "off",
    [
        *(pytest.param(off, id="-".join(off)) for off in PARSED),
        *(pytest.param(off, id="-".join(off), marks=pytest.mark.nightly) for off in PARSED_AT_NIGHT),
    ],
)
def test_what_reads_a_domain_goes_with_it_and_nothing_else(dbt: Dbt, off: list[str]) -> None:
    variables = {"switched_off": off}
    parsed = dbt("parse", database=NO_DATABASE, variables=variables).result
    check(parsed.writable_manifest().to_dict(omit_none=False), set(off))


def check(manifest: dict, off: set[str]) -> None:
    kinds = ("model", "test", "unit_test", "exposure", "analysis")
    found = [node for part in ("nodes", "exposures", "unit_tests") for node in manifest[part].values()]
    # A data test that names what is off stays among the nodes, disabled.
    gone = [versions[0] for versions in manifest["disabled"].values()]
    gone += [node for node in found if not node["config"]["enabled"]]
    left = [node for node in found if node["config"]["enabled"] and node["resource_type"] in kinds]
    models = {node["name"]: node for node in gone if node["resource_type"] == "model"}
    assert {tag for node in models.values() for tag in node["tags"]} == off
    assert all(node["tags"] for node in models.values())
    assert not [node["name"] for node in left if node["resource_type"] == "model" and off & set(node["tags"])]
    assert not [node["name"] for node in left if find_refs(node) & set(models)]
    assert not [
        node["name"] for node in gone if node["name"] not in models and not find_refs(node) & set(models)
    ]
    assert {"rep_sales_funnel_alerts", "dim_as_of", "dim_pipelines"} <= {node["name"] for node in left}
    assert erd.draw(manifest).startswith("\n## Deals")


@pytest.mark.nightly
def test_the_sample_is_built_and_shown_without_marketing_and_scoring(
    dbt: Dbt, databases: Databases, load: Callable[..., int], connect: Callable
) -> None:
    name, off = databases.create(), {"switched_off": ["marketing", "scoring"]}
    load(ROOT / "raw_data", database=name)
    dbt("build", database=name, variables=off)
    with contextlib.closing(connect(name, "reporter")) as connection:
        datasets = read_marts(connection)
        with connection.cursor() as cursor:
            cursor.execute(
                "select relname from pg_class"
                " where relnamespace = 'dev_marts'::regnamespace and relkind in ('r', 'v')"
            )
            made = {name for (name,) in cursor.fetchall()}
    without_marketing = {"channels", "channel_efficiency", "deal_channels"}
    assert {name for name, data in datasets.items() if data is None} == without_marketing
    assert {"fct_deals", "rep_sales_funnel_monthly", "rep_sales_funnel_alerts", "rep_pipeline_health"} <= made
    assert not [name for name in made if "channel" in name or "score" in name or "icp" in name]
    databases.drop(name)
