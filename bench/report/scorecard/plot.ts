// Lines over a linear axis below and a linear or logarithmic one at the side, as SVG without a script.

import { html, type Markup } from '../page/markup.ts';

export interface PlotLine {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dots?: boolean;
}
export interface Axis {
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  readonly from: number;
  readonly to: number;
  readonly logarithmic?: boolean;
}
export interface Plot {
  readonly lines: readonly PlotLine[];
  readonly x: Axis;
  readonly y: Axis;
  /** Shaded spans of x, as outages. */
  readonly shades?: readonly (readonly [from: number, to: number])[];
  readonly height?: number;
}

const WIDTH = 800;
const LEFT = 76;
const RIGHT = 14;
const TOP = 8;
const BOTTOM = 24;
const HEIGHT = 220;

export function drawPlot(title: string, plot: Plot): Markup {
  const height = plot.height ?? HEIGHT;
  const x = (value: number): string => (LEFT + share(plot.x, value) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const y = (value: number): string =>
    (TOP + (1 - share(plot.y, value)) * (height - TOP - BOTTOM)).toFixed(1);
  const floor = height - BOTTOM;
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
${(plot.shades ?? []).map(([from, to]) => html`<rect class="shade" x="${x(from)}" y="${TOP}" width="${(Number(x(to)) - Number(x(from))).toFixed(1)}" height="${floor - TOP}"/>`)}
${plot.y.ticks.map(({ at, text }) => html`<path class="grid" d="M${LEFT} ${y(at)}H${WIDTH - RIGHT}"/><text class="label" x="${LEFT - 8}" y="${Number(y(at)) + 4}">${text}</text>`)}
${plot.x.ticks.map(({ at, text }) => html`<text class="tick" x="${x(at)}" y="${height - 6}">${text}</text>`)}
${plot.lines.map((line) => drawLine(line, x, y))}
</svg>`;
}

export function legend(lines: readonly Pick<PlotLine, 'name' | 'colour'>[]): Markup {
  return html`<ul class="card-legend">${lines.map(({ name, colour }) => html`<li><i style="background:var(--${colour})"></i>${name}</li>`)}</ul>`;
}

function drawLine(line: PlotLine, x: (value: number) => string, y: (value: number) => string): Markup {
  const path = line.points.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
  const dots = line.dots === true ? line.points : [];
  return html`<path class="line" d="${path}" stroke="var(--${line.colour})"/>
${dots.map(([px, py]) => html`<circle cx="${x(px)}" cy="${y(py)}" r="4" fill="var(--${line.colour})"/>`)}`;
}

function share({ from, to, logarithmic }: Axis, value: number): number {
  const of = logarithmic === true ? Math.log : (linear: number) => linear;
  const [low, high, at] = [of(from), of(to), of(logarithmic === true ? Math.max(from, value) : value)];
  return high === low ? 0 : Math.min(1, Math.max(0, (at - low) / (high - low)));
}

/** About four round steps from 0. */
export function linearTicks(most: number, text: (value: number) => string): Axis {
  const rough = Math.max(most, Number.MIN_VALUE) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10) * unit;
  const count = Math.ceil(most / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => ({
    at: index * step,
    text: text(index * step),
  }));
  return { ticks, from: 0, to: count * step };
}

/** Powers of ten around the values. */
export function logTicks(values: readonly number[], text: (value: number) => string): Axis {
  const positive = values.filter((value) => value > 0);
  const from = Math.floor(Math.log10(Math.min(...positive, 1)));
  const to = Math.ceil(Math.log10(Math.max(...positive, 10)));
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => {
    const at = 10 ** (from + index);
    return { at, text: text(at) };
  });
  return { ticks, from: 10 ** from, to: 10 ** to, logarithmic: true };
}
