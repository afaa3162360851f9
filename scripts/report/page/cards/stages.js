"use strict";
// What becomes of deals in a stage, and how long they stay.

/** Per stage: median and 90th percentile of all owners and months; mean, open and lost as the filters leave them. */
function stageTimes(view) {
  const medians = new Map(view.select("stage_medians", "").map(row => [row.stage_id, row]));
  const visits = groupBy(view.select("visits"), "stage_id");
  const open = groupBy(
    view.select("visits", "owner").filter(row => row.became === "open"),
    "stage_id",
  );
  return view.stages
    .filter(stage => medians.has(stage.stage_id))
    .map(stage => {
      const rows = rowsOf(visits, stage.stage_id),
        ended = rows.filter(row => row.became !== "open"),
        all = medians.get(stage.stage_id);
      return {
        id: stage.stage_id,
        name: stage.name,
        median: all.median_days,
        p90: all.p90_days,
        all: all.visits,
        visits: sum(ended, "visits"),
        open: sum(rowsOf(open, stage.stage_id), "visits"),
        mean: divide(sum(ended, "days"), sum(ended, "visits")),
        lost: divide(
          sum(
            rows.filter(row => row.became === "lost"),
            "visits",
          ),
          sum(rows, "visits"),
        ),
      };
    });
}

/** Where more than half of the deals are still in a stage, there is no median yet. */
const medianCell = stage =>
  isNumber(stage.median) ? cell(stage.median, days(stage.median)) : stage.all ? "not reached" : "no visit";

function timeCard(view) {
  const stages = stageTimes(view);
  if (!stages.some(stage => stage.visits)) return { empty: `No visit to a stage ended in ${view.range}.` };
  const ranked = stages
      .filter(stage => isNumber(stage.median) && stage.all >= MIN_SAMPLE)
      .sort((a, b) => b.median - a.median),
    slowest = ranked[0];
  const alike = ranked.filter(stage => stage.median.toFixed(1) === slowest.median.toFixed(1));
  const pick = (stage, title, follows, test) =>
    pickDeals(view, title, "deal_visits", follows, row => row.stage_id === stage.id && test(row), ["visit"]);
  const ended = stage => pick(stage, `Left ${stage.name}`, "months owner", row => row.became !== "open");
  const there = stage => pick(stage, `In ${stage.name} now`, "owner", row => row.became === "open");
  return {
    answer: !slowest
      ? `Too few visits to a stage have ended to say where deals get stuck: a stage needs ${MIN_SAMPLE}.`
      : alike.length > 1
        ? `No single stage is the slowest: in ${inWords(alike.map(stage => stage.name))} half of the ` +
          `deals stay ${days(slowest.median)} days or longer.`
        : `Deals get stuck in ${slowest.name}: half of them stay ${days(slowest.median)} days or longer` +
          (ranked[1] ? `; next comes ${ranked[1].name} with ${days(ranked[1].median)}.` : "."),
    chart: {
      kind: "bars",
      axis: "Days in stage",
      rows: stages.map(stage => ({
        label: stage.name,
        values: [stage.mean],
        tip:
          `${stage.name}: mean ${days(stage.mean)} days of ${plural(stage.visits, "visit")}, median ` +
          `${writtenOf(medianCell(stage))}, nine in ten end within ${days(stage.p90)}`,
        marks: [stage.median, stage.p90],
        pick: ended(stage),
      })),
      series: [
        {
          name: "Mean of the chosen months",
          tone: "accent-soft",
          tones: stages.map(stage => (alike.length === 1 && stage.id === slowest?.id ? "accent" : null)),
        },
      ],
      marks: [
        { name: "Median, whole pipeline", tone: "ink", shape: "diamond" },
        { name: "90th percentile", tone: "muted", shape: "tick" },
      ],
    },
    summary:
      "Days in stage: " + stages.map(stage => `${stage.name} median ${writtenOf(medianCell(stage))}`).join(", ") + ".",
    table: {
      head: ["Stage", "Ended visits", "Mean days", "Median days", "90th percentile", "There now"],
      rows: stages.map(stage => [
        stage.name,
        counted(stage.visits, ended(stage)),
        isNumber(stage.mean) ? cell(stage.mean, days(stage.mean)) : "none ended",
        medianCell(stage),
        isNumber(stage.p90) ? cell(stage.p90, days(stage.p90)) : "none ended",
        counted(stage.open, there(stage)),
      ]),
    },
    note:
      "The mean follows all filters (months of entry). Median and 90th percentile are of the whole " +
      "pipeline: they cannot be added up over owners or months. The median also counts deals that are still in " +
      "the stage.",
  };
}

const BECAME = {
  forward: ["Moved on", "moved"],
  won: ["Won", "won"],
  open: ["Still there", "open"],
  backward: ["Moved back", "accent-soft"],
  lost: ["Lost", "lost"],
  transferred: ["Other pipeline", "muted"],
  deleted: ["Deleted", "line"],
};

function fateCard(view) {
  const groups = groupBy(view.select("visits"), "stage_id"),
    stages = view.stages.filter(stage => groups.has(stage.stage_id));
  if (!stages.length) return { empty: `No stage was entered in ${view.range}.` };
  const number = (stage, became) =>
    sum(
      rowsOf(groups, stage.stage_id).filter(row => row.became === became),
      "visits",
    );
  const total = stage => sum(rowsOf(groups, stage.stage_id), "visits");
  const pick = (stage, written, test) =>
    pickDeals(
      view,
      `Entered ${stage.name}${written}`,
      "deal_visits",
      "months owner",
      row => row.stage_id === stage.stage_id && test(row),
      ["entry", "entries"],
    );
  const pickOf = (stage, kind) => pick(stage, `, ${lowerFirst(BECAME[kind][0])}`, row => row.became === kind);
  const kinds = Object.keys(BECAME).filter(became => stages.some(stage => number(stage, became)));
  const worst = stages
    .filter(stage => total(stage) >= MIN_SAMPLE)
    .sort((a, b) => number(b, "lost") / total(b) - number(a, "lost") / total(a))[0];
  return {
    answer:
      lacking(view, "losses") ||
      (worst && number(worst, "lost")
        ? `Of the entries to ${worst.name}, ${percent(number(worst, "lost") / total(worst))} ended in a ` +
          `loss: more than in any other stage.`
        : worst
          ? "No entry of these months ended in a loss."
          : `Too few entries to compare the stages: a stage needs ${MIN_SAMPLE}.`),
    chart: {
      kind: "bars",
      share: true,
      axis: "Share of the entries",
      rows: stages.map(stage => ({
        label: stage.name,
        values: kinds.map(became => divide(number(stage, became), total(stage))),
        tips: kinds.map(
          became =>
            `${stage.name}, ${BECAME[became][0].toLowerCase()}: ${count(number(stage, became))} of ` +
            `${count(total(stage))}, ${percent(number(stage, became) / total(stage))}`,
        ),
        picks: kinds.map(became => pickOf(stage, became)),
      })),
      series: kinds.map(became => ({ name: BECAME[became][0], tone: BECAME[became][1] })),
    },
    summary:
      `Of the entries to each stage: ` +
      stages.map(stage => `${stage.name} ${percent(divide(number(stage, "lost"), total(stage)))} lost`).join(", ") +
      ".",
    table: {
      head: ["Stage", "Entries", ...kinds.map(became => BECAME[became][0])],
      rows: stages.map(stage => [
        stage.name,
        counted(total(stage), pick(stage, "", () => true)),
        ...kinds.map(became => counted(number(stage, became), pickOf(stage, became))),
      ]),
    },
    note: sentences(
      "Every entry to a stage in the chosen months, re-entries too, has exactly one outcome.",
      lacking(view, "wins") && `${lacking(view, "wins")} A won deal counts as still there.`,
    ),
  };
}
