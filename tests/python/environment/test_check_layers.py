"""The check of references between folders of models, on made-up manifests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checks import check_layers
from checks.check_layers import find_faults, find_readers_of_names, judge_folders, read_models


def made_up(*models: tuple[str, str, list[str]], admits: dict[str, list[str]] | None = None) -> dict:
    """A manifest of models (folder, name, names of the models that it reads); each also reads a seed."""
    nodes: dict[str, dict] = {"seed.sales_funnel.channels": {"resource_type": "seed"}}
    for folder, name, reads in models:
        nodes[f"model.sales_funnel.{name}"] = {
            "resource_type": "model",
            "package_name": "sales_funnel",
            "name": name,
            "original_file_path": f"models/{folder}/{name}.sql",
            "depends_on": {
                "nodes": ["seed.sales_funnel.channels", *(f"model.sales_funnel.{n}" for n in reads)]
            },
            "config": {"meta": {"reads_reports": (admits or {}).get(name, [])}},
        }
    return {"nodes": nodes}


def test_what_reads_a_domain_belongs_to_it_or_asks_whether_it_is_switched_off():
    manifest = made_up(("marts/funnel", "fct_events", []), ("reports/pipeline", "rep_worth", ["fct_events"]))
    nodes = manifest["nodes"]
    nodes["model.sales_funnel.fct_events"]["tags"] = ["funnel"]

    def faults(**changes: object) -> list[str]:
        nodes["model.sales_funnel.rep_worth"].update(changes)
        return [fault for fault in find_faults(read_models(manifest)) if not fault.startswith("models/")]

    for tags in ([], ["pipeline"]):
        [complaint] = faults(tags=tags)
        assert complaint.startswith(
            "rep_worth reads fct_events: it must do without where funnel is switched off"
        )
    assert faults(tags=["funnel"]) == []
    assert faults(tags=[], raw_code="{% if 'funnel' not in var('switched_off') %}") == []


def faults_of(*models: tuple[str, str, list[str]], admits: dict[str, list[str]] | None = None) -> list[str]:
    """The faults in references; the made-up folders are too small to be judged by size."""
    found = find_faults(read_models(made_up(*models, admits=admits)))
    return [fault for fault in found if not fault.startswith("models/")]


LOG = ("intermediate/events", "int_deal_events", [])
VISITS = ("intermediate/timelines", "int_visits", ["int_deal_events"])
FACT = ("marts/deals", "fct_visits", ["int_visits"])
FUNNEL = ("reports/funnel", "rep_funnel", ["fct_visits"])


def test_a_folder_reads_itself_and_those_before_it():
    assert (
        faults_of(LOG, VISITS, FACT, FUNNEL, ("marts/deals", "dim_deals", ["fct_visits", "int_deal_events"]))
        == []
    )


@pytest.mark.parametrize(
    ("folder", "name", "reads", "complaint"),
    [
        (
            "intermediate/events",
            "int_log",
            "int_visits",
            "intermediate/events comes before intermediate/timelines",
        ),
        ("staging/pipedrive", "stg_log", "fct_visits", "staging/pipedrive comes before marts/deals"),
        ("marts/shared", "dim_stages", "fct_visits", "marts/shared comes before marts/deals"),
        (
            "marts/scoring",
            "fct_scores",
            "rep_funnel",
            "marts/scoring must not read reports/funnel, for reports come last",
        ),
        ("intermediate/events", "int_log", "rep_funnel", "intermediate/events must not read reports/funnel"),
        ("reports/alerts", "rep_alerts", "rep_funnel", "it must say so under config.meta.reads_reports"),
        ("reports/funnel", "rep_trends", "rep_funnel", "it must say so under config.meta.reads_reports"),
    ],
)
def test_what_reads_ahead_is_named_with_its_reason(folder, name, reads, complaint):
    [fault] = faults_of(LOG, VISITS, FACT, FUNNEL, (folder, name, [reads]))
    assert fault.startswith(f"{name} reads {reads}: ")
    assert complaint in fault


def test_a_report_reads_another_that_its_yaml_admits():
    alerts = ("reports/alerts", "rep_alerts", ["rep_funnel"])
    assert faults_of(LOG, VISITS, FACT, FUNNEL, alerts, admits={"rep_alerts": ["rep_funnel"]}) == []


def test_what_is_admitted_must_be_read():
    alerts = ("reports/alerts", "rep_alerts", ["fct_visits"])
    [fault] = faults_of(LOG, VISITS, FACT, FUNNEL, alerts, admits={"rep_alerts": ["rep_funnel"]})
    assert fault.startswith("rep_alerts admits rep_funnel: it does not read that report")


def test_a_working_step_beside_reports_is_read_by_them_alone():
    step = ("reports/forecast", "int_candidates", ["fct_visits"])
    inside = ("reports/forecast", "rep_forecast", ["int_candidates"])
    outside = ("reports/alerts", "rep_alerts", ["int_candidates"])
    mart = ("marts/scoring", "fct_scores", ["int_candidates"])
    found = faults_of(LOG, VISITS, FACT, step, inside, outside, mart)
    assert [fault.partition(":")[0] for fault in found] == [
        "rep_alerts reads int_candidates",
        "fct_scores reads int_candidates",
    ]


def test_a_folder_holds_two_to_eight_files_and_is_known():
    sizes = {"marts/deals": 8, "staging/loads": 1, "reports/funnel": 9, "marts/shared": 1, "marts/odd": 3}
    assert [fault.partition(":")[0] for fault in judge_folders(sizes)] == [
        "models/marts/odd",
        "models/marts/shared",
        "models/reports/funnel",
    ]


def test_the_command_fails_where_something_is_out_of_order(tmp_path: Path, monkeypatch, capsys):
    manifest = tmp_path / "manifest.json"
    monkeypatch.setattr(check_layers, "MANIFEST", manifest)
    assert check_layers.main() == 1
    assert "dbt parse makes it" in capsys.readouterr().err
    filled = [("marts/shared", "dim_days", []), ("marts/shared", "dim_stages", [])]
    manifest.write_text(json.dumps(made_up(*filled)), encoding="utf-8")
    assert check_layers.main() == 0
    reports = [("reports/funnel", "rep_funnel", []), ("reports/funnel", "rep_trends", [])]
    filled[1] = ("marts/shared", "dim_stages", ["rep_funnel"])
    manifest.write_text(json.dumps(made_up(*filled, *reports)), encoding="utf-8")
    assert check_layers.main() == 1
    assert "dim_stages reads rep_funnel: " in capsys.readouterr().err


@pytest.mark.parametrize("written", ["from named.owners", 'join "named"."owners"', "from NAMED.OWNERS"])
def test_nothing_of_the_project_reads_names(written):
    manifest = made_up(LOG, VISITS)
    assert list(find_readers_of_names(manifest)) == []
    manifest["nodes"]["model.sales_funnel.int_visits"]["raw_code"] = f"select * {written}"
    manifest["macros"] = {
        name: {"package_name": "sales_funnel", "name": name, "macro_sql": f"{{% macro {name}() %}}{text}"}
        for name, text in {
            "peep": f"select 1 {written}",
            "innocent": "{# Deals named. #} from named where named.owner",
        }.items()
    }
    manifest["sources"] = {
        "source.sales_funnel.people.owners": {
            "package_name": "sales_funnel",
            "name": "owners",
            "schema": "named",
            "identifier": "owners",
        }
    }
    found = list(find_readers_of_names(manifest))
    assert [fault.split(" ", 1)[0] for fault in found] == ["int_visits", "peep", "owners"]
