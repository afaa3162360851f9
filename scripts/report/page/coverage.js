"use strict";
// What the exports of a CRM do not tell is said in a sentence; it is neither zero nor a dash.

const COVERAGE = new Map((DATA.coverage || []).map(row => [row.crm, row]));
// Wins or losses that all lack a closing date are known, and belong to no month.
for (const [crm, told] of COVERAGE) {
  const rows = (DATA.closings || []).filter(row => row.crm === crm),
    isUndated = column => rows.some(row => row[column]) && !rows.some(row => row[column] && row.month);
  told.win_dates = !isUndated("won");
  told.loss_dates = !isUndated("lost");
}
const NOT_TOLD = {
  wins: "Wins are not in this export.",
  losses: "Losses are not in this export.",
  win_dates: "Wins have no closing date in this export.",
  loss_dates: "Losses have no closing date in this export.",
  reasons: "Lost reasons are not in this export.",
  amounts: "Amounts are not in this export.",
  close_dates: "Expected close dates are not in this export.",
  owners: "Owners are not in this export.",
};

/** The sentence for the first of the facts that the exports of the view's CRM do not tell, if any. */
function lacking(view, ...facts) {
  const told = COVERAGE.get(view.crm);
  const fact = told && facts.find(name => told[name] === false);
  return fact && NOT_TOLD[fact];
}

// What the figures of alerts stand on: where an export does not tell it, they are no reason for one. Without
// wins, what is won looks open.
const ALERTS_NEED = {
  win_rate_qtd: ["wins", "win_dates"],
  win_rate_change_pp: ["wins", "win_dates"],
  health_score: ["wins", "win_dates"],
  revenue_qtd_change: ["wins", "win_dates", "amounts"],
  coverage_ratio: ["wins", "win_dates", "amounts"],
  missing_amount_share: ["wins", "amounts"],
  rotten_visits_share: ["wins"],
  overdue_share: ["wins", "close_dates"],
  slippage_rate: ["wins", "close_dates"],
  losses_month_over_month_rate: ["losses", "loss_dates"],
  unknown_lost_reason_share: ["losses", "reasons"],
};

/** A change is good or bad news from so many deals on, on either side of it. */
const isTelling = (...numbers) => numbers.every(number => number >= MIN_SAMPLE);
