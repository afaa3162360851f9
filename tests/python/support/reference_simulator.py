"""Reference tables of every CRM and of marketing that change at random, for proofs about sequences of loads.

No incremental mart needs most of them today. They change all the same: a join that somebody adds tomorrow is noticed.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable
from pathlib import Path

Row = tuple[object, ...]


def _options(rng: random.Random) -> str:
    labels = rng.sample(["Price", "Rival", "Silence"], 2)
    return str([{"id": str(number), "label": label} for number, label in enumerate(labels, 1)]).replace(
        "'", '"'
    )


def _day(rng: random.Random) -> str:
    return f"2024-0{rng.randint(1, 4)}-{rng.randint(1, 28):02d}"


# File → its header, and how to make the row of a number; the number decides the key.
TABLES: dict[str, tuple[str, Callable[[random.Random, int], Row]]] = {
    "users.csv": (
        "id,name,email,modified",
        lambda rng, n: (n, rng.choice(["Ann Lee", "Bo Ek"]), "a@example.net", f"{_day(rng)} 09:00:00"),
    ),
    "fields.csv": (
        "ID,FIELD_KEY,NAME,FIELD_VALUE_OPTIONS",
        lambda rng, n: (n, ("lost_reason", "status", "value")[n - 1], "Field", _options(rng)),
    ),
    "activity_types.csv": (
        "id,name,active,type",
        lambda rng, n: (n, rng.choice(["Call", "Visit"]), "Yes", ("meeting", "sc_2", "follow_up")[n - 1]),
    ),
    "Account.csv": (
        "Id,Name,Industry,NumberOfEmployees",
        lambda rng, n: (f"001{n}", "Firm", rng.choice(["Education", "Energy"]), rng.randint(1, 999)),
    ),
    "User.csv": (
        "Id,Name,Department",
        lambda rng, n: (f"00500000000000{n}AAA", rng.choice(["Ann Lee", "Bo Ek"]), "Sales"),
    ),
    "UserRole.csv": ("Id,Name", lambda rng, n: (f"00E{n}", rng.choice(["Director", "Representative"]))),
    "organizations.csv": (
        "id,name,industry,employee_count",
        lambda rng, n: (n, "Firm", rng.choice(["Education", "Energy"]), rng.randint(1, 999)),
    ),
    "deal_products.csv": (
        "id,deal_id,name,quantity,sum",
        lambda rng, n: (n, 1, rng.choice(["Licence", "Support"]), 1, rng.randint(1, 99)),
    ),
    "pipedrive_leads.csv": (
        "id,source_name,add_time,is_archived",
        lambda rng, n: (
            f"a{n}",
            rng.choice(["API", "Web forms"]),
            f"{_day(rng)} 08:00:00",
            rng.choice([True, False]),
        ),
    ),
    "OpportunityLineItem.csv": (
        "Id,OpportunityId,ProductCode,Quantity,TotalPrice",
        lambda rng, n: (f"00k{n}", "0061", rng.choice(["LIC", "SUP"]), 1, rng.randint(1, 99)),
    ),
    "Campaign.csv": (
        "Id,Name,Type,ActualCost",
        lambda rng, n: (f"701{n}", f"Campaign {n}", rng.choice(["Partners", "Event"]), rng.randint(1, 99)),
    ),
    "CampaignMember.csv": (
        "CampaignId,LeadId,ContactId,CreatedDate",
        lambda rng, n: (f"701{n}", f"00Q{n}", f"003{n}", f"{_day(rng)}T08:00:00Z"),
    ),
    "Lead.csv": (
        "Id,LeadSource,CreatedDate,IsConverted",
        lambda rng, n: (f"00Q{n}", rng.choice(["Web", "Event"]), f"{_day(rng)}T08:00:00Z", False),
    ),
    "OpportunityContactRole.csv": (
        "OpportunityId,ContactId,IsPrimary",
        lambda rng, n: (f"006{n}", f"003{n}", rng.choice([True, False])),
    ),
    "ad_spend.csv": (
        "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,clicks,impressions",
        lambda rng, n: (f"2024-01-0{n}", "A", "Meta", "facebook", "x", rng.randint(1, 9), 5, 50),
    ),
    "web_analytics.csv": (
        "session_id,user_id,session_date,landing_page,utm_source,utm_campaign,pageviews,conversions",
        lambda rng, n: (f"S{n}", "U1", _day(rng), "/", "google", "x", rng.randint(1, 9), 0),
    ),
    "hubspot_owners.csv": (
        "owner_id,name,team,archived",
        lambda rng, n: (n, rng.choice(["Ann Lee", "Bo Ek"]), "North", rng.choice([True, False])),
    ),
    "hubspot_companies.csv": (
        "company_id,name,industry,numberofemployees",
        lambda rng, n: (n, "Firm", rng.choice(["RETAIL", "BANKING"]), rng.randint(1, 999)),
    ),
    "hubspot_deal_contacts.csv": (
        "deal_id,contact_id,lifecyclestage",
        lambda rng, n: (n, 10 + n, rng.choice(["lead", "customer"])),
    ),
    "hubspot_line_items.csv": (
        "line_item_id,deal_id,amount",
        lambda rng, n: (n, n, rng.randint(1, 99)),
    ),
}

# Settings, in place of seeds. A file that has lost its last row restores the seed.
SETTINGS: dict[str, tuple[str, Callable[[random.Random, int], Row]]] = {
    "account_segments.csv": (
        "segment,min_employees,max_employees",
        lambda rng, n: (rng.choice(["Small", "Tiny"]) + str(n), (0, 100, 500)[n - 1], (100, 500, None)[n - 1]),
    ),
    "alert_thresholds.csv": (
        "metric,severity,direction,threshold,min_base,insight,recommendation",
        lambda rng, n: (
            ("win_rate_qtd", "calls", "days")[n - 1], rng.choice(["warning", "high"]), "above", rng.random(), n - 1,
            "So it is", rng.choice(["Look", None]),
        ),
    ),
    "amount_bands.csv": (
        "amount_band,min_amount,max_amount",
        lambda rng, n: (f"{rng.choice('ab')}{n}", (None, 100, 200)[n - 1], (100, 200, None)[n - 1]),
    ),
    "deal_urls.csv": (
        "crm_source,url",
        lambda rng, n: (f"crm {n}", f"https://{rng.choice('ab')}.example/deal/{{id}}"),
    ),
    "channels.csv": (
        "spelling,channel,utm_source,is_paid",
        lambda rng, n: (("google", "web", "event")[n - 1], rng.choice(["Search", "Other"]), None, n == 1),
    ),
    "country_regions.csv": ("country,region", lambda rng, n: (f"Country {n}", rng.choice(["North", "South"]))),
    "exchange_rates.csv": (
        "from_currency,to_currency,valid_from,rate",
        lambda rng, n: (("EUR", "GBP", "EUR")[n - 1], "USD", f"20{20 + n}-01-01", rng.randint(1, 9)),
    ),
    "conversion_horizons.csv": ("horizon_days", lambda rng, n: (30 * n + rng.randint(0, 1),)),
    # Steps 1 to 3 are always there: the entries to them are counted apart.
    "funnel_steps.csv": (
        "crm_source,pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value,parent_step\n"
        "pipedrive,1,1,1,Lead Generation,stage,1,\n"
        "pipedrive,1,3,2,Qualified Lead,stage,2,\n"
        "pipedrive,1,5,3,Needs Assessment,stage,3,",
        lambda rng, n: (
            "pipedrive", 1, 2 * n, ("2.1", "3.1", "Lost")[n - 1], f"Step {rng.randint(1, 9)}",
            ("activity", "activity", "outcome")[n - 1], ("meeting", "sc_2", "lost")[n - 1], None,
        ),
    ),
    "funnel_dimensions.csv": (
        "file_name,column_name,dimension",
        lambda rng, n: ("opportunity.csv", ("Region__c", "Product__c", "Team__c")[n - 1], f"Dimension {n}"),
    ),
    "icp_features.csv": (
        "feature,weight",
        lambda rng, n: (("industry", "size_band", "country")[n - 1], rng.randint(1, 9)),
    ),
    "icp_grades.csv": (
        "grade,min_share,max_share",
        lambda rng, n: (f"{rng.choice('XY')}{n}", (None, 0.3, 0.6)[n - 1], (0.3, 0.6, None)[n - 1]),
    ),
    "lost_reasons.csv": ("lost_reason", lambda rng, n: (("Price", "Timing", "Nobody knows")[n - 1],)),
    "opportunity_score_bands.csv": (
        "factor,band,min_value,max_value,points",
        lambda rng, n: (("stage", "age", "slips")[n - 1], "any", None, 99, rng.randint(0, 50)),
    ),
    "pipeline_health_bands.csv": (
        "part,min_value,max_value,points,band",
        lambda rng, n: (("win_rate", "open_count", "score")[n - 1], None, None, rng.randint(0, 25), "any"),
    ),
    "revenue_bands.csv": (
        "revenue_band,min_revenue,max_revenue",
        lambda rng, n: (f"{rng.choice('ab')}{n}", (None, 100, 200)[n - 1], (100, 200, None)[n - 1]),
    ),
    "sales_quotas.csv": (
        "crm_source,owner_id,quarter,quota,currency",
        lambda rng, n: ("salesforce", f"00500000000000{n}AAA", "2024-01-01", rng.randint(1, 999), "USD"),
    ),
}  # fmt: skip
TABLES |= SETTINGS


class References:
    """Holds a few rows of each table, changes at random and exports the files that changed."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.rows: dict[str, dict[int, Row]] = {
            name: {n: make(rng, n) for n in (1, 2)} for name, (_, make) in TABLES.items()
        }
        self.changed: set[str] = set()

    def change(self, name: str | None = None) -> str:
        """Add, correct, restore or delete a row of one table, any if none is named; returns the name of its file."""
        # The steps as often as a quarter of all: what most incremental marts read.
        name = name or ("funnel_steps.csv" if self.rng.random() < 0.25 else self.rng.choice(list(TABLES)))
        number, rows = self.rng.randint(1, 3), self.rows[name]
        if number in rows and (len(rows) > 1 or name in SETTINGS) and self.rng.random() < 0.3:
            del rows[number]
        else:
            rows[number] = TABLES[name][1](self.rng, number)
        self.changed.add(name)
        return name

    def export(self, folder: Path) -> list[Path]:
        """Write the files that changed since the last export; returns them."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name in sorted(self.changed):
            written.append(folder / name)
            with written[-1].open("w", newline="", encoding="utf-8") as file:
                header = TABLES[name][0].splitlines()
                file.write("\n".join(header if self.rows[name] else header[:1]) + "\n")
                csv.writer(file).writerows(row for _, row in sorted(self.rows[name].items()))
        self.changed.clear()
        return written
