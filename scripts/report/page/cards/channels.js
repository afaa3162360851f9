"use strict";
// What channels bring.

const blank = write => value => (isNumber(value) ? write(value) : "");
// What is decided by comes first; a narrow screen scrolls to the rest.
const CHANNEL_METRICS = {
  spend: ["Spend", count],
  revenue: ["Won revenue", count],
  roas: ["Return on ad spend", times],
  cost_per_lead: ["Cost per lead", money],
  cost_per_account: ["Cost per new account", money],
  opportunities: ["Deals", count],
  won: ["Won", count],
  won_rate: ["Won rate", percent],
  impressions: ["Impressions", count],
  clicks: ["Clicks", count],
  ctr: ["Click rate", percent],
  cpc: ["Cost per click", money],
  sessions: ["Sessions", count],
  cost_per_session: ["Cost per session", money],
  form_submissions: ["Form submissions", count],
  site_conversion: ["Site conversion", percent],
};
const COSTS_PER_HEAD = { cost_per_lead: "leads", cost_per_account: "new_accounts" };

function channelCard(view) {
  if (DATA.channels == null) return { empty: "Marketing sources (ad spend, web sessions) are not part of this build." };
  if (!DATA.channels.length) return { empty: "Marketing sources (ad spend, web sessions) are not in this export." };
  const rows = view.select("channels", "months");
  if (!rows.length) return { empty: `There is no ad spend and no session in ${view.range}.` };
  const found = groupBy(rows, "metric"),
    efficiency = groupBy(view.select("channel_efficiency", "months"), "channel");
  const metrics = [
    ...Object.keys(CHANNEL_METRICS).filter(metric => found.has(metric) || COSTS_PER_HEAD[metric]),
    ...[...found.keys()].filter(metric => !CHANNEL_METRICS[metric]),
  ];
  const [label, write] = [
    metric => CHANNEL_METRICS[metric]?.[0] || capital(metric.replaceAll("_", " ")),
    metric => blank(CHANNEL_METRICS[metric]?.[1] || times),
  ];
  const value = (groups, metric) => {
    const parts = rowsOf(groups, metric);
    return parts.some(row => row.aggregation === "ratio")
      ? divide(sumOrNull(parts, "value"), sum(parts, "divisor"))
      : sumOrNull(parts, "value");
  };
  const perHead = (channel, heads) => {
    const paid = rowsOf(efficiency, channel).filter(row => row.is_paid && row.spend != null);
    return divide(sumOrNull(paid, "spend"), sum(paid, heads));
  };
  const isChosen = month => month >= view.from && month <= view.to;
  const pickOf = (channel, title, column) =>
    pickDeals(
      view,
      `${title} ${channel}`,
      "deal_channels",
      "any-crm",
      row => row.channel === channel && isChosen(row[column]),
    );
  const picks = {
    opportunities: channel => pickOf(channel, "Created by", "created"),
    won: channel => pickOf(channel, "Won by", "won"),
  };
  const channels = [...groupBy(rows, "channel")].map(([channel, own]) => ({ channel, groups: groupBy(own, "metric") }));
  channels.sort(
    (a, b) => (value(b.groups, "spend") || 0) - (value(a.groups, "spend") || 0) || (a.channel < b.channel ? -1 : 1),
  );
  const bars = ["spend", "revenue"].filter(metric => found.has(metric));
  const [spend, revenue] = ["spend", "revenue"].map(metric => sumOrNull(rowsOf(found, metric), "value"));
  const best = channels
    .filter(channel => value(channel.groups, "spend") > 0 && value(channel.groups, "roas") > 0)
    .sort((a, b) => value(b.groups, "roas") - value(a.groups, "roas"))[0];
  return {
    answer: best
      ? `${shortMoney(spend, AS_OF.currency)} spent; ${best.channel} brings the most for it: ` +
        `${times(value(best.groups, "roas"))} of won revenue per 1 spent.`
      : spend
        ? `${shortMoney(spend, AS_OF.currency)} spent; ` +
          (revenue
            ? "none of the paid channels has brought won revenue."
            : "won revenue of channels is not in this export.")
        : "Ad spend is not in this export, so no channel has costs.",
    chart: bars.length
      ? {
          kind: "columns",
          labels: channels.map(channel => channel.channel),
          unit: AS_OF.currency,
          series: bars.map((metric, index) => ({
            name: label(metric),
            tone: index ? "won" : "accent",
            values: channels.map(channel => value(channel.groups, metric)),
          })),
        }
      : null,
    summary: `Channels: ${channels.map(channel => `${channel.channel}`).join(", ")}.`,
    body: {
      head: ["Channel", ...metrics.map(label)],
      rows: channels.map(({ channel, groups }) => [
        channel,
        ...metrics.map(metric => {
          const figure = COSTS_PER_HEAD[metric] ? perHead(channel, COSTS_PER_HEAD[metric]) : value(groups, metric);
          return cell(figure, write(metric)(figure), picks[metric]?.(channel));
        }),
      ]),
    },
    note:
      `A blank cell: no spend, or not known. Rates are sums over the chosen months, divided. Revenue is ` +
      `won revenue of the same months; unpaid channels have no costs. Amounts in ${AS_OF.currency}.`,
  };
}
