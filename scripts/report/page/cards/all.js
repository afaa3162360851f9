"use strict";
// The cards in the order in which they are read. `follows`: the filters that a card obeys.

const ALL_CARDS = [
  { section: "Where do deals go?" },
  { id: "funnel", domain: "funnel", title: "Funnel", follows: "months owner", half: true, draw: funnelCard },
  {
    id: "fate",
    domain: "funnel",
    title: "What became of every entry to a stage",
    follows: "months owner",
    half: true,
    draw: fateCard,
  },
  { id: "trend", domain: "funnel", title: "New entries by month", follows: "months owner", draw: trendCard },
  {
    id: "cohorts",
    domain: "funnel",
    title: "Conversion by month of beginning",
    follows: "months owner",
    draw: cohortCard,
    choice: { label: "Horizon", options: HORIZONS },
  },
  { section: "What is it worth, and what comes in?" },
  { id: "won", domain: "pipeline", title: "Won by month", follows: "months owner", half: true, draw: wonCard },
  {
    id: "forecast",
    domain: "pipeline",
    title: "Revenue forecast",
    follows: "",
    half: true,
    draw: forecastCard,
    choice: { label: "Method", options: METHODS },
  },
  { id: "open", domain: "pipeline", title: "Open pipeline", follows: "months owner", half: true, draw: openCard },
  {
    id: "waterfall",
    domain: "pipeline",
    title: "What moved the pipeline",
    follows: "months",
    half: true,
    draw: waterfallCard,
  },
  { id: "slippage", domain: "pipeline", title: "Slippage", follows: "months owner", half: true, draw: slippageCard },
  { id: "health", domain: "pipeline", title: "Pipeline health", follows: "months", half: true, draw: healthCard },
  {
    id: "created",
    domain: "pipeline",
    title: "What became of the deals created in a month",
    follows: "months",
    half: true,
    draw: createdCard,
  },
  {
    id: "accuracy",
    domain: "pipeline",
    title: "How far off were the forecasts?",
    follows: "",
    half: true,
    draw: accuracyCard,
  },
  { section: "What holds deals up, what loses them?" },
  { id: "time", domain: "funnel", title: "Time in stage", follows: "months owner", draw: timeCard },
  { id: "losses", domain: "funnel", title: "Losses by reason", follows: "months owner", half: true, draw: lossCard },
  {
    id: "loss-stages",
    domain: "funnel",
    title: "Losses by stage",
    follows: "months owner",
    half: true,
    draw: lossStageCard,
  },
  { section: "Who?" },
  { id: "reps", domain: "funnel", title: "Owners", follows: "months owner", draw: repCard },
  { section: "What do channels bring?" },
  { id: "channels", domain: "marketing", title: "Channel efficiency", follows: "months", draw: channelCard },
];
/** What a card is of, where that is more than the chosen pipeline: those of the pipeline and the owners are by CRM. */
const widerScope = (card, view) =>
  card.domain === "marketing"
    ? "all CRMs"
    : (card.domain === "pipeline" || card.id === "reps") && `${crmName(view.crm)}, all pipelines`;
// Cards of what is switched off are left out, and so is a section without a card.
const isOn = card => !SWITCHED_OFF.includes(card.domain);
const CARDS = ALL_CARDS.filter(isOn).filter(
  (card, index, left) => !card.section || (left[index + 1] && !left[index + 1].section),
);
