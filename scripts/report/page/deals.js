"use strict";
// From a figure to its deals: what is clicked lists them, with a link into the CRM where the setting deal_urls has one.

const SHOWN_DEALS = 200;
const LEFT_OUT = DATA.page?.[0]?.deals_left_out
  ? `Of the deals that are closed, ${plural(DATA.page[0].deals_left_out, "older one")} ` +
    `${DATA.page[0].deals_left_out === 1 ? "is" : "are"} left out to keep this page small.`
  : "";

/**
 * What a click on a figure opens: the deals of the rows of a data set that make the figure up, a line for each
 * that is counted.
 * `follows` and `test` choose the rows as the figure does; `unit` names what is counted where a deal may count
 * more than once.
 * Null where the page holds no such rows, and for the owners that are added up as others.
 */
function pickDeals(view, title, name, follows, test, unit = ["deal"]) {
  if (!DATA.page?.length || !TABLES[name] || view.owner === "others") return null;
  const find = () =>
    view
      .select(name, follows)
      .filter(test)
      .map(row => row.deal || row);
  return { open: () => showDeals(title, find(), unit) };
}

/** The deals that were open at the end of a month, of all or of the chosen owner; by `test` of what they were then. */
const pickOpen = (view, month, title, test = () => true) =>
  pickDeals(view, title, "deal_open", "owner", row => row.first <= month && month <= row.last && test(row));

/** The deals that were closed in these months. */
const pickClosed = (view, months, title, test) =>
  pickDeals(view, title, "deals", "owner", deal => test(deal.status) && months.includes(deal.closed?.slice(0, 7)));

const STATUSES = { unknown: "not in the export" };
const DEAL_HEAD = ["Deal", "Stage", "Status", "Owner", "Amount", "Created", "Closed", "Days"];

function dealRow(deal) {
  return [
    deal.id,
    stageNames.get(`${deal.crm}:${deal.stage_id}`) || deal.stage_id || "none",
    STATUSES[deal.status] || deal.status,
    ownerName(deal.crm, deal.owner),
    deal.amount == null ? "not known" : cell(deal.amount, money(deal.amount)),
    deal.created || "not known",
    deal.closed || (deal.status === "open" ? "open" : "not known"),
    deal.days == null ? "not known" : counted(deal.days),
  ];
}

/** What is counted, and of how many deals where one may count more than once. */
function dealsHeading(title, deals, unit) {
  const distinct = new Set(deals).size;
  if (distinct === deals.length) return `${title}: ${plural(distinct, "deal")}`;
  return `${title}: ${plural(deals.length, ...unit)} of ${plural(distinct, "deal")}`;
}

function showDeals(title, deals, unit) {
  const crms = [...new Set(deals.map(deal => crmName(deal.crm)))];
  const dialog = byId("deals"),
    rows = deals.map(dealRow),
    table = drawTable({ head: DEAL_HEAD, rows: rows.slice(0, SHOWN_DEALS) });
  [...table.tBodies[0].rows].forEach((row, index) => {
    const url = dealUrl(deals[index]);
    if (url)
      row.cells[0].replaceChildren(
        element("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, deals[index].id),
      );
  });
  dialog.replaceChildren(
    element(
      "div",
      { class: "head" },
      element("h2", { id: "deals-title" }, dealsHeading(title, deals, unit)),
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
        `The deals as they are today, ${crms.join(", ")}; amounts in ${AS_OF.currency}.`,
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
  const url = COVERAGE.get(deal.crm)?.deal_url?.replaceAll("{id}", encodeURIComponent(deal.id));
  return url && /^https?:\/\//i.test(url) ? url : null;
}
