"use strict";
// Bars that lie (a row each, parts of a whole or one figure with marks), and columns that stand (stacked, side
// by side or floating).

KINDS.bars = (spec, width) => {
  const lines = spec.rows.map(row => wrap(row.label, isNarrow() ? 16 : 26)),
    step = spec.rows.some((row, index) => lines[index].length > 2) ? 44 : 34;
  const entries = [...(spec.series.length > 1 || spec.share || spec.marks ? spec.series : []), ...(spec.marks || [])],
    key = legend(entries, width);
  const left = Math.max(...lines.flat().map(line => textWidth(line))) + 12,
    after = Math.max(0, ...spec.rows.map(row => (row.text ? textWidth(row.text) + 10 : 0))),
    room = Math.max(60, width - left - after - (spec.axis ? 18 : 4));
  const highest = spec.share
    ? 1
    : Math.max(
        1e-9,
        ...spec.rows.flatMap(row => [
          row.values.reduce((all, value) => all + (value || 0), 0),
          ...(row.marks || []).filter(isNumber),
        ]),
      );
  const marks = spec.axis ? ticks(0, highest).filter(value => value <= highest * 1.02) : [],
    x = value => left + (value / highest) * room,
    top = key.height,
    bottom = top + step * spec.rows.length;
  const nodes = [
    key.node,
    ...marks.flatMap(value => [
      svg("line", { x1: x(value), x2: x(value), y1: top, y2: bottom, stroke: colour("grid") }),
      label(spec.share ? `${Math.round(value * 100)} %` : count(value), x(value), bottom + 10, {
        anchor: "middle",
        tone: "muted",
        size: 11,
      }),
    ]),
  ];
  spec.rows.forEach((row, index) => {
    const middle = top + step * (index + 0.5),
      thick = step * 0.64;
    let at = 0;
    nodes.push(label(lines[index], left - 8, middle, { anchor: "end" }));
    row.values.forEach((value, place) => {
      if (!value) return;
      const { tone, tones } = spec.series[place];
      nodes.push(
        telling(
          svg("rect", {
            x: x(at),
            y: middle - thick / 2,
            width: Math.max(1, x(at + value) - x(at)),
            height: thick,
            fill: colour(tones?.[index] || tone),
            stroke: row.values.length > 1 ? colour("card") : null,
            rx: row.values.length > 1 ? 0 : 3,
          }),
          row.tips?.[place] || row.tip,
          row.picks?.[place] || row.pick,
        ),
      );
      at += value;
    });
    (row.marks || []).forEach(
      (value, place) =>
        isNumber(value) &&
        nodes.push(telling(mark(spec.marks[place].shape, x(value), middle, spec.marks[place].tone), row.tip)),
    );
    if (row.text) nodes.push(label(row.text, x(at) + 8, middle));
  });
  if (spec.axis)
    nodes.push(label(spec.axis, left + room / 2, bottom + 26, { anchor: "middle", tone: "muted", size: 11 }));
  return { nodes, height: bottom + (spec.axis ? 36 : 4) };
};

KINDS.columns = (spec, width) => {
  const heights = spec.labels.map((_, index) =>
    spec.series.map(({ values, from }) => (from?.[index] || 0) + (values[index] || 0)),
  );
  const tops = heights.map((all, index) =>
    spec.stacked
      ? all.reduce((a, b) => a + b, 0)
      : Math.max(...all, ...spec.series.map(({ from }) => from?.[index] || 0), spec.line?.values[index] || 0),
  );
  const field = plain(spec, width, Math.min(...heights.flat()), Math.max(...tops), [
    ...spec.series.filter(() => spec.series.length > 1 || spec.line),
    ...(spec.line ? [{ ...spec.line, dash: true }] : []),
  ]);
  const room = (width - field.left) / spec.labels.length,
    thick = Math.min(64, room * 0.7),
    centre = index => field.left + room * (index + 0.5),
    nodes = field.nodes;
  const write = (text, series, index) => tellFigure(spec, spec.isMonths ? monthName(text) : text, series, index);
  spec.labels.forEach((text, index) => {
    let level = 0;
    spec.series.forEach((series, place) => {
      const value = series.values[index] || 0,
        from = series.from ? series.from[index] : spec.stacked ? level : 0,
        wide = spec.stacked || series.from ? thick : thick / spec.series.length;
      level += value;
      if (!value) return;
      const [upper, lower] = [field.y(Math.max(from, from + value)), field.y(Math.min(from, from + value))];
      const tip = series.tips?.[index] || write(text, series, index);
      nodes.push(
        telling(
          svg("rect", {
            x: centre(index) - thick / 2 + (spec.stacked || series.from ? 0 : wide * place),
            y: upper,
            width: wide,
            height: Math.max(1, lower - upper),
            fill: colour(series.tones?.[index] || series.tone),
            stroke: spec.stacked ? colour("card") : null,
          }),
          tip,
          series.picks?.[index],
        ),
      );
    });
  });
  if (spec.line) {
    const points = spec.line.values.map((value, index) => (isNumber(value) ? [centre(index), field.y(value)] : null));
    nodes.push(path(points, { stroke: colour(spec.line.tone), "stroke-dasharray": "4 3" }));
    // A point by itself is no line, so each is marked.
    points.forEach((at, index) => {
      const style = { fill: colour(spec.line.tone), stroke: colour("card"), "stroke-width": 1.5 };
      if (at)
        nodes.push(
          telling(svg("circle", { cx: at[0], cy: at[1], r: 4, ...style }), write(spec.labels[index], spec.line, index)),
        );
    });
  }
  if (spec.above) nodes.push(...figuresAbove(spec, tops, centre, field.y));
  nodes.push(...below(spec.labels, centre, field.bottom, room, spec.isMonths));
  return { nodes, height: field.height };
};

/** A figure above each column, higher where the one before it or a point of the line would touch it. */
function figuresAbove(spec, tops, centre, y) {
  const size = isNarrow() ? 9 : 11;
  let before = { right: -Infinity };
  return spec.above.map((text, index) => {
    const half = textWidth(text, size) / 2 + 3,
      point = spec.line?.values[index];
    let at = y(Math.max(0, tops[index])) - 9;
    if (isNumber(point) && Math.abs(y(point) - at) < size) at = y(point) - size;
    if (centre(index) - half < before.right && Math.abs(at - before.at) < size) at = before.at - size;
    before = { right: centre(index) + half, at };
    return label(text, centre(index), at, { anchor: "middle", size, bold: true });
  });
}
