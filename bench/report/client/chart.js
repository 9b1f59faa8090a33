// One chart: the data of its chosen view, drawn by uPlot, with the run's timed steps as vertical lines.

import { legendOf } from './legend.js';
import { megabyteSplits, TIME_STEPS, unitOf } from './scales.js';
import { DASHES, FONT, themeColour } from './theme.js';

const FLAG = 16;

/** Takes over one figure of the page; gives back `draw`, which draws it anew in the colours of now. */
export function takeChart(figure, chart, page) {
  const unit = unitOf(chart.unit, page.eventBytes);
  const place = figure.querySelector('.plot');
  let plot = null;
  let viewIndex = 0;
  const legend = legendOf(figure, chart.idle, (index, shown) => plot?.setSeries(index + 1, { show: shown }));

  const draw = () => {
    plot?.destroy();
    const view = chart.views[viewIndex];
    const data = columns(view, unit, page.span);
    const options = optionsOf({ chart, page, unit, view, data, legend, width: place.clientWidth });
    plot = new uPlot(options, data, place);
    legend.hold();
  };
  for (const button of figure.querySelectorAll('.choice button')) {
    button.addEventListener('click', () => {
      viewIndex = Number(button.dataset.view);
      for (const other of figure.querySelectorAll('.choice button'))
        other.setAttribute('aria-pressed', String(other === button));
      draw();
    });
  }
  new ResizeObserver(() => {
    const width = place.clientWidth;
    if (!plot || width === 0 || width === plot.width) return;
    plot.setSize({ width, height: plot.height });
    legend.hold();
  }).observe(place);
  return { draw };
}

/** uPlot's column layout; empty points at both ends give every chart the same span of time. */
function columns(view, unit, span) {
  const before = view.x[0] > span[0] ? 1 : 0;
  const after = view.x[view.x.length - 1] < span[1] ? 1 : 0;
  const pad = (values, first, last) => [...(before ? [first] : []), ...values, ...(after ? [last] : [])];
  const load = (value) => (value === null ? null : unit.load(value));
  return [
    pad(view.x, span[0], span[1]),
    ...view.series.map(({ values }) => pad(values.map(load), null, null)),
  ];
}

function optionsOf(context) {
  const { chart, page, width, data } = context;
  const most = data
    .slice(1)
    .flat()
    .reduce((a, b) => (b !== null && b > a ? b : a), 0);
  return {
    width,
    height: chart.id === 'rate' ? 290 : 240,
    padding: [page.markers.length > 0 ? FLAG + 8 : 10, chart.unit === 'eventRate' ? 0 : 14, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false },
      sync: { key: 'run', scales: ['x', null] },
    },
    scales: {
      x: { time: false },
      y: chart.logarithmic
        ? { distr: 3, log: 10 }
        : { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] },
    },
    axes: axesOf(context, most),
    series: [{}, ...seriesOf(context)],
    hooks: {
      drawClear: [(plot) => shadeDrain(plot, page.sentAt)],
      draw: [(plot) => drawMarkers(plot, page.markers)],
      setLegend: [(plot) => writeLegend(plot, context)],
      ready: [(plot) => writeLegend(plot, context)],
    },
  };
}

function seriesOf({ view, legend }) {
  return view.series.map(({ name, stroke }, index) => ({
    label: name,
    show: legend.isShown(index),
    stroke: themeColour(stroke.colour),
    width: 1.75,
    dash: DASHES[stroke.dash],
    points: { show: view.x.length < 40, size: 4 },
  }));
}

function axesOf({ chart, unit, page, data }, most) {
  const ink = themeColour('muted');
  const common = {
    stroke: ink,
    font: FONT,
    labelFont: FONT,
    ticks: { show: false },
    grid: { stroke: themeColour('grid'), width: 1 },
  };
  const hours = data[0][data[0].length - 1] >= 3600;
  const x = {
    ...common,
    label: `time since the first event was due (${hours ? 'h:min:s' : 'min:s'})`,
    labelSize: 18,
    size: 26,
    space: hours ? 70 : 50,
    incrs: TIME_STEPS,
    grid: { show: false },
    ticks: { show: true, stroke: themeColour('grid'), size: 4, width: 1 },
    values: (_plot, splits) => splits.map(formatElapsed),
  };
  const incrs = unit.incrs(most);
  const y = {
    ...common,
    label: unit.label(most),
    labelSize: 18,
    size: 52,
    space: 34,
    values: (_plot, splits) => unit.ticks(splits, most),
    ...(incrs ? { incrs } : {}),
  };
  if (chart.unit !== 'eventRate') return [x, y];
  const right = {
    ...y,
    side: 1,
    label: 'MB/s',
    size: 42,
    grid: { show: false },
    splits: (plot, _axis, _low, high) => megabyteSplits(high, page.eventBytes, plot.height / 48),
    values: (_plot, splits) =>
      splits.map((value) => String(Number(((value * page.eventBytes) / 1e6).toPrecision(3)))),
  };
  return [x, y, right];
}

function writeLegend(plot, { view, unit, legend, page }) {
  for (const index of view.series.keys()) {
    const at = plot.legend.idxs?.[index + 1];
    const values = plot.data[index + 1];
    const value = at === null || at === undefined ? undefined : values[at];
    const text =
      value === undefined
        ? legend.summary(withinRun(plot.data[0], values, page.endAt), unit.write)
        : value === null
          ? '–'
          : unit.write(value);
    legend.write(index, text);
  }
}

/** Without what was sampled before the first event was due and after the last one had arrived. */
function withinRun(times, values, endAt) {
  const within = values.filter((_, index) => times[index] >= 0 && times[index] <= endAt);
  return within.some((value) => value !== null) ? within : values;
}

/** After the last event was sent. */
function shadeDrain(plot, sentAt) {
  const { left, top, width, height } = plot.bbox;
  const from = Math.max(left, plot.valToPos(sentAt, 'x', true));
  if (from >= left + width) return;
  plot.ctx.fillStyle = themeColour('shade');
  plot.ctx.fillRect(from, top, left + width - from, height);
}

/** A line for each timed step; flags that would touch are joined: `3-5`. */
function drawMarkers(plot, markers) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const inside = markers
    .map(({ x, label }) => ({ at: Math.round(plot.valToPos(x, 'x', true)), label }))
    .filter(({ at }) => at >= bbox.left && at <= bbox.left + bbox.width);
  ctx.save();
  ctx.strokeStyle = themeColour('marker');
  ctx.lineWidth = ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  for (const { at } of inside) {
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
  }
  for (const flag of joinFlags(inside, 24 * ratio)) drawFlag(ctx, flag, bbox.top, ratio);
  ctx.restore();
}

function joinFlags(markers, room) {
  const flags = [];
  for (const { at, label } of markers) {
    const last = flags[flags.length - 1];
    if (last && at - last.end < room) {
      last.text = `${last.first}-${label}`;
      last.end = at;
    } else flags.push({ at, end: at, first: label, text: label });
  }
  return flags;
}

function drawFlag(ctx, flag, top, ratio) {
  ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
  const height = FLAG * ratio;
  const width = Math.max(height, ctx.measureText(flag.text).width + 8 * ratio);
  const middle = (flag.at + flag.end) / 2;
  ctx.setLineDash([]);
  ctx.fillStyle = themeColour('marker');
  ctx.beginPath();
  ctx.roundRect(middle - width / 2, top - height - 3 * ratio, width, height, 3 * ratio);
  ctx.fill();
  ctx.fillStyle = themeColour('page');
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(flag.text, middle, top - height / 2 - 2.5 * ratio);
}
