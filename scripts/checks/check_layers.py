#!/usr/bin/env python3
"""A folder of models reads itself and folders before it; no mart reads a report; 2 to 8 SQL files in a folder.

    python3 scripts/with_venv.py scripts/checks/check_layers.py

Reads target/manifest.json, as dbt parse leaves it. Seeds and sources are not looked at: seeds may be read everywhere,
and that only staging reads sources is a rule of dbt-bouncer.yml. A report reads another report only where its YAML says
so under `config.meta.reads_reports: [name]`. A folder of reports may hold working steps of its own, whose names do not
begin with rep_; the other models of that folder read them freely. What reads a domain belongs to it, by its tag and by
config.enabled, or asks the var switched_off. Nothing of the project, macros and tests included, refers to the schema
named, whose views hold clear text. Exit status 1 where something is out of order.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from command import command
from with_venv import ROOT, UserError

MANIFEST = ROOT / "target" / "manifest.json"
PROJECT = "sales_funnel"
# Each folder reads itself and those above it. Folders of reports come after all of them.
ORDER = (
    "staging/loads",
    "staging/settings",
    "staging/pipedrive",
    "staging/salesforce",
    "staging/hubspot",
    "staging/marketing",
    "staging/products",
    "intermediate/crms",
    "intermediate/events",
    "intermediate/timelines",
    "intermediate/funnel",
    "intermediate/marketing",
    "marts/shared",
    "marts/deals",
    "marts/details",
    "marts/calendar",
    "marts/funnel",
    "marts/pipeline",
    "marts/marketing",
    "marts/scoring",
)
REPORTS = "reports/"
# Tags of the folders that the var switched_off leaves out.
DOMAINS = ("funnel", "pipeline", "marketing", "scoring")
SMALLEST, LARGEST = 2, 8
# A relation of the schema named: from named.owners, join "named"."owners". A CTE may bear the word for a name.
NAMED = re.compile(r'\b(?:from|join)\s+"?named"?\."?\w', re.IGNORECASE)
# The load horizon, which belongs to no CRM; a view for each setting.
ANY_SIZE = ("staging/loads", "staging/settings")


@dataclass(frozen=True)
class Model:
    name: str
    folder: str  # below models/
    reads: tuple[str, ...]  # names of the models that it reads
    reads_reports: tuple[str, ...]  # those among them that its YAML admits
    domain: str | None = None
    asks: bool = False  # whether its SQL asks which domains are switched off

    @property
    def is_in_reports(self) -> bool:
        return self.folder.startswith(REPORTS)


def read_manifest() -> dict[str, Any]:
    """As dbt parse leaves it. Raises UserError where it did not."""
    if not MANIFEST.is_file():
        raise UserError("no target/manifest.json; dbt parse makes it")
    return dict(json.loads(MANIFEST.read_text(encoding="utf-8")))


def read_models(manifest: dict[str, Any]) -> dict[str, Model]:
    """The project's models by name."""
    nodes = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["package_name"] == PROJECT
    }
    models = {}
    for node in nodes.values():
        folder = PurePosixPath(node["original_file_path"].replace("\\", "/")).parent.relative_to("models")
        reads = sorted(nodes[key]["name"] for key in node["depends_on"]["nodes"] if key in nodes)
        admitted = node["config"].get("meta", {}).get("reads_reports", [])
        domain = next((tag for tag in node.get("tags", ()) if tag in DOMAINS), None)
        asks = "var('switched_off')" in node.get("raw_code", "")
        models[node["name"]] = Model(node["name"], str(folder), tuple(reads), tuple(admitted), domain, asks)
    return models


def find_faults(models: dict[str, Model]) -> list[str]:
    """One line for each: what is out of order, a colon, and why."""
    return [
        *(fault for model in models.values() for name in model.reads for fault in judge(model, models[name])),
        *(
            f"{model.name} admits {name}: it does not read that report, so take it out of reads_reports"
            for model in models.values()
            for name in model.reads_reports
            if name not in model.reads
        ),
        *judge_folders(Counter(model.folder for model in models.values())),
    ]


def find_readers_of_names(manifest: dict[str, Any]) -> Iterator[str]:
    """What refers to the schema named, which lies outside of the layers."""
    for kind, text in (("nodes", "raw_code"), ("macros", "macro_sql"), ("sources", "")):
        for part in manifest.get(kind, {}).values():
            read = f"from {part['schema']}.{part['identifier']}" if kind == "sources" else part.get(text, "")
            if part.get("package_name") == PROJECT and NAMED.search(read):
                yield f"{part['name']} refers to the schema named: only the role reporter_named reads it"


def judge(reader: Model, read: Model) -> Iterator[str]:
    """What is wrong with this reference, if anything is."""
    reference = f"{reader.name} reads {read.name}"
    if read.is_in_reports and not reader.is_in_reports:
        yield f"{reference}: {reader.folder} must not read {read.folder}, for reports come last"
    elif read.is_in_reports:
        own_step = read.folder == reader.folder and not read.name.startswith("rep_")
        if not own_step and read.name not in reader.reads_reports:
            yield f"{reference}: it must say so under config.meta.reads_reports, or read what that stands on"
    elif not reader.is_in_reports and _rank(read.folder) > _rank(reader.folder):
        yield f"{reference}: {reader.folder} comes before {read.folder}"
    if read.domain not in (None, reader.domain) and not reader.asks:
        yield f"{reference}: it must do without where {read.domain} is switched off, so ask var('switched_off')"


def judge_folders(sizes: Mapping[str, int]) -> Iterator[str]:
    """Folders that the order does not know, or that hold too few or too many models."""
    for folder, size in sorted(sizes.items()):
        if folder not in ORDER and not folder.startswith(REPORTS):
            yield f"models/{folder}: the order in scripts/checks/check_layers.py does not name this folder"
        if not SMALLEST <= size <= LARGEST and folder not in ANY_SIZE:
            yield f"models/{folder}: {size} SQL files, where {SMALLEST} to {LARGEST} are meant to be in a folder"


def _rank(folder: str) -> int:
    return ORDER.index(folder) if folder in ORDER else len(ORDER)


@command
def main() -> int:
    """Print what is out of order; return 1 where anything is."""
    manifest = read_manifest()
    models = read_models(manifest)
    left = [*find_faults(models), *find_readers_of_names(manifest)]
    for fault in left:
        print(f"check_layers.py: {fault}", file=sys.stderr)
    print(f"check_layers: {len(models)} models, {len(left)} out of order")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
