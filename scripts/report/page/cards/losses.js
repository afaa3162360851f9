"use strict";
// Where and why deals are lost, and who did what.

const pickLost = (view, title, test) =>
  pickDeals(view, title, "deal_outcomes", "months owner", row => row.outcome === "lost" && test(row), [
    "loss",
    "losses",
  ]);

function lossCard(view) {
  if (lacking(view, "losses", "loss_dates")) return { empty: lacking(view, "losses", "loss_dates") };
  const rows = view.select("losses"),
    total = sum(rows, "losses");
  if (!total) return { empty: `No deal was lost in ${view.range}.` };
  if (lacking(view, "reasons"))
    return { empty: `${lacking(view, "reasons")} ${plural(total, "deal")} were lost in ${view.range}.` };
  const reasons = [...groupBy(rows, "reason")]
    .map(([reason, found]) => ({ reason, losses: sum(found, "losses"), rows: found }))
    .sort((a, b) => b.losses - a.losses || (a.reason < b.reason ? -1 : 1));
  const worst = reason => {
    const [id] = [...groupBy(reason.rows, "stage_id")]
      .map(([stage, found]) => [stage, sum(found, "losses")])
      .sort((a, b) => b[1] - a[1])[0];
    return stageNames.get(view.crm + ":" + id) || "no stage";
  };
  const pick = ({ reason }) => pickLost(view, `Lost for “${reason}”`, row => row.reason === reason);
  const given = reasons.find(reason => reason.reason !== "Unknown");
  return {
    answer: given
      ? `Of ${plural(total, "loss", "losses")}, ${percent(given.losses / total)} are for “${given.reason}”, ` +
        `most often in ${worst(given)}.`
      : `None of the ${plural(total, "loss", "losses")} has a reason.`,
    chart: {
      kind: "bars",
      rows: reasons.map(reason => ({
        label: reason.reason,
        values: [reason.losses],
        text: `${count(reason.losses)}  ·  ${percent(reason.losses / total)}`,
        tip: `${reason.reason}: ${count(reason.losses)}, most often in ${worst(reason)}`,
        pick: pick(reason),
      })),
      series: [{ name: "Losses", tone: "lost" }],
    },
    summary: `${count(total)} losses: ${reasons.map(reason => `${reason.reason} ${count(reason.losses)}`).join(", ")}.`,
    table: {
      head: ["Reason", "Losses", "Share", "Most of them in"],
      rows: reasons.map(reason => [
        reason.reason,
        counted(reason.losses, pick(reason)),
        percent(reason.losses / total),
        worst(reason),
      ]),
    },
    note: "Every loss; a deal that was reopened and lost again counts twice.",
  };
}

function lossStageCard(view) {
  if (lacking(view, "losses", "loss_dates")) return { empty: lacking(view, "losses", "loss_dates") };
  const groups = groupBy(view.select("losses"), "stage_id"),
    known = new Set(view.stages.map(stage => stage.stage_id));
  const stages = view.stages.map(stage => ({
    id: stage.stage_id,
    name: stage.name,
    losses: sum(rowsOf(groups, stage.stage_id), "losses"),
  }));
  const elsewhere = sum(
    view.select("losses").filter(row => !known.has(row.stage_id)),
    "losses",
  );
  if (elsewhere) stages.push({ id: null, name: "No stage in this pipeline", losses: elsewhere });
  const total = sum(stages, "losses");
  if (!total) return { empty: `No deal was lost in ${view.range}.` };
  const worst = [...stages].sort((a, b) => b.losses - a.losses)[0];
  const pick = stage =>
    pickLost(view, `Lost in ${stage.name}`, row =>
      stage.id == null ? !known.has(row.stage_id) : row.stage_id === stage.id,
    );
  return {
    answer:
      `${capital(worst.name)} loses the most: ${count(worst.losses)} of ` +
      `${plural(total, "loss", "losses")} (${percent(worst.losses / total)}).`,
    chart: {
      kind: "bars",
      rows: stages.map(stage => ({
        label: stage.name,
        values: [stage.losses],
        text: `${count(stage.losses)}  ·  ${percent(stage.losses / total)}`,
        tip: `${stage.name}: ${count(stage.losses)}`,
        pick: pick(stage),
      })),
      series: [{ name: "Losses", tone: "lost" }],
    },
    summary: `Losses by stage: ${stages.map(stage => `${stage.name} ${count(stage.losses)}`).join(", ")}.`,
    table: {
      head: ["Stage", "Losses", "Share"],
      rows: stages.map(stage => [
        stage.name,
        counted(stage.losses, pick(stage)),
        percent(stage.losses / total),
      ]),
    },
    note: "The stage that a deal left as lost; a deal that was reopened and lost again counts twice.",
  };
}

function repCard(view) {
  if (lacking(view, "owners")) return { empty: lacking(view, "owners") };
  const people = [...groupBy(view.select("reps"), "owner")].map(([owner, rows]) => ({ owner, rows }));
  if (!people.length) return { empty: `No owner did anything in ${view.range}.` };
  const all = {
    started: "Deals started",
    entries: "Stage entries",
    call_1: "Sales call 1",
    call_2: "Sales call 2",
    other: "Other activities",
    wins: "Won",
    losses: "Lost",
  };
  // What the CRM's exports do not tell has no column.
  const known = view.select("reps", ""),
    isTold = name =>
      known.some(row => row[name] != null) &&
      !(name === "wins" && lacking(view, "wins")) &&
      !(name === "losses" && lacking(view, "losses"));
  const names = Object.keys(all).filter(isTold),
    hasRate = names.includes("wins") && names.includes("losses"),
    sortedBy = names.includes("wins") ? "wins" : "started";
  const listed = people
    .map(({ owner, rows }) => ({ owner, ...Object.fromEntries(names.map(name => [name, sum(rows, name)])) }))
    .sort((a, b) => b[sortedBy] - a[sortedBy]);
  const top = listed[0];
  const pick = (title, name, owner, test, unit) =>
    pickDeals(
      view,
      `${title} by ${ownerName(view.crm, owner)}`,
      name,
      "months any-pipeline",
      row => row.owner === owner && test(row),
      unit,
    );
  const picks = owner => ({
    started: pick("Started", "deal_visits", owner, row => row.entry === "started"),
    entries: pick("Moved", "deal_visits", owner, row => row.entry !== "reopened", ["entry", "entries"]),
    wins: pick("Won", "deal_outcomes", owner, row => row.outcome === "won", ["win"]),
    losses: pick("Lost", "deal_outcomes", owner, row => row.outcome === "lost", ["loss", "losses"]),
  });
  const rows = listed.map(found => {
    const rate = hasRate ? divide(found.wins, found.wins + found.losses) : null,
      pick = found.owner === "others" ? {} : picks(found.owner);
    return [
      ownerName(view.crm, found.owner),
      ...names.map(name => counted(found[name], pick[name])),
      ...(hasRate ? [{ ...cell(rate, rate == null ? "none closed" : percent(rate)), bar: rate }] : []),
    ];
  });
  return {
    sortable: true,
    answer: top[sortedBy]
      ? `${ownerName(view.crm, top.owner)} ` +
        (sortedBy === "wins"
          ? `won the most: ${plural(top.wins, "deal")} of ${plural(sum(listed, "wins"), "win")}.`
          : `started the most: ${plural(top.started, "deal")} of ${count(sum(listed, "started"))}.`)
      : sortedBy === "wins"
        ? `Nobody won a deal in ${view.range}.`
        : `Nobody started a deal in ${view.range}.`,
    body: {
      head: ["Owner", ...names.map(name => all[name]), ...(hasRate ? ["Won share"] : [])],
      rows,
      sortBy: 1 + names.indexOf(sortedBy),
    },
    note: sentences(
      `All pipelines; ${AS_OF.names}; the id tells two alike apart. Calls count when completed, by their ` +
        `due month; entries, wins and losses by the owner at that moment.`,
      lacking(view, "wins"),
      lacking(view, "losses"),
    ),
  };
}
