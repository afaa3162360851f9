"use strict";
// From a figure to its deals: what is clicked lists them, with a link into the CRM where the setting deal_urls has one.

const SHOWN_DEALS = 200;
const LEFT_OUT = DATA.page?.[0]?.deals_left_out
  ? `Of the deals that are closed, ${plural(DATA.page[0].deals_left_out, "older one")} ` +
    `${DATA.page[0].deals_left_out === 1 ? "is" : "are"} left out to keep this page small.`
  : "";
const beginnings = new Map();
for (const row of DATA.deal_steps || []) beginnings.set(`${row.crm} ${row.pipeline_id} ${row.deal}`, row);

/** The deals of the view's CRM that a test chooses: test(deal), or test(deal, {month, step, owner} of its beginning). */
function pickDeals(view, title, test, allOwners = false) {
  if (!DATA.deals?.length) return null;
  const list = () =>
    DATA.deals.filter(
      deal =>
        deal.crm === view.crm &&
        (test.length > 1 || allOwners || !view.owner || deal.owner === view.owner) &&
        test(deal, beginnings.get(`${view.crm} ${view.pipelineId} ${deal.deal}`)),
    );
  return { title, list, open: () => showDeals(view, title, list()) };
}

const DEAL_HEAD = ["Deal", "Stage", "Status", "Owner", "Amount", "Created", "Closed", "Days"];

function dealRow(deal) {
  return [
    deal.deal,
    stageNames.get(`${deal.crm}:${deal.stage_id}`) || deal.stage_id || "none",
    deal.status,
    ownerName(deal.crm, deal.owner),
    deal.amount == null ? "not known" : cell(deal.amount, money(deal.amount)),
    deal.created || "not known",
    deal.closed || "open",
    deal.days == null ? "not known" : cell(deal.days, count(deal.days)),
  ];
}

function showDeals(view, title, deals) {
  const dialog = byId("deals"),
    rows = deals.map(dealRow),
    table = drawTable({ head: DEAL_HEAD, rows: rows.slice(0, SHOWN_DEALS) });
  [...table.tBodies[0].rows].forEach((row, index) => {
    const url = dealUrl(deals[index]);
    if (url)
      row.cells[0].replaceChildren(
        element("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, deals[index].deal),
      );
  });
  dialog.replaceChildren(
    element(
      "div",
      { class: "head" },
      element("h2", { id: "deals-title" }, `${title}: ${plural(deals.length, "deal")}`),
      element(
        "div",
        {},
        element("button", { type: "button", onclick: () => saveCsv(title, { head: DEAL_HEAD, rows }) }, "CSV"),
        " ",
        element("button", { type: "button", onclick: () => dialog.close() }, "Close"),
      ),
    ),
    element(
      "p",
      { class: "note" },
      sentences(
        `${crmName(view.crm)}; amounts in ${AS_OF.currency}.`,
        deals.length > SHOWN_DEALS && `The first ${SHOWN_DEALS} are shown, the CSV holds all.`,
        LEFT_OUT,
      ),
    ),
    deals.length
      ? element("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "deals-title" }, table)
      : element("p", { class: "empty" }, "No deal is kept for this figure."),
  );
  dialog.showModal();
}

/** Only an address of the web, whatever the setting says; the id is a part of it and can be nothing else. */
function dealUrl(deal) {
  const url = COVERAGE.get(deal.crm)?.deal_url?.replaceAll("{id}", encodeURIComponent(deal.deal));
  return url && /^https?:\/\//i.test(url) ? url : null;
}
