"""Scores and their calibration equal those computed by hand, at every origin."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest


@pytest.mark.parametrize("origin", [date(2023, 7, 1), date(2024, 6, 1), None], ids=str)
def test_icp_scores_equal_those_by_hand(sample_database, query, salesforce_sample, origin):
    origin = origin or salesforce_sample.as_of + timedelta(days=1)  # the current one
    stored = query(
        sample_database,
        "select account_id, icp_score::float from dev_marts.fct_account_icp"
        " where crm_source = 'salesforce' and origin = %(origin)s and icp_score is not null",
        origin=origin,
    )
    expected = salesforce_sample.score_accounts(origin)
    assert len(expected) > 250
    assert dict(stored) == pytest.approx(expected, abs=1e-8)


def test_scores_and_their_deciles_equal_those_by_hand(sample_database, query, salesforce_sample):
    scored = query(
        sample_database,
        "select origin, is_current, deal_id, score from dev_marts.fct_deal_scores"
        " join dev_marts.dim_scoring_origins using (origin) where crm_source = 'salesforce'",
    )
    counted: Counter = Counter()
    origins = {origin: is_current for origin, is_current, _, _ in scored}
    for origin, is_current in origins.items():
        expected = salesforce_sample.score(origin)
        assert {row[2]: row[3] for row in scored if row[0] == origin} == expected, origin
        if not is_current:
            ranked = sorted(expected.values())
            for opportunity, score in expected.items():
                decile = 1 + min(10 * ranked.index(score) // (len(ranked) - 1), 9)
                status = salesforce_sample.find_status(
                    salesforce_sample.opportunities[opportunity],
                    salesforce_sample.start(origin + timedelta(days=180)),
                )
                counted[decile, status] += 1
    reported = query(
        sample_database,
        "select bucket, won_count, lost_count, open_count from dev_marts.rep_deal_score_calibration"
        " where crm_source = 'salesforce' and origin_set = 'all' and factor = 'score' order by bucket",
    )
    assert len(origins) == 25
    assert reported == [
        (decile, *(counted[decile, status] for status in ("won", "lost", "open"))) for decile in range(1, 11)
    ]
