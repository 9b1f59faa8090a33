// Lines over a linear axis below and a linear or logarithmic one at the side, as SVG without a script.

import type { Stroke } from '../page/colours.ts';
import { html, type Markup } from '../page/markup.ts';

export interface PlotLine {
  readonly name: string;
  readonly stroke: Stroke;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly dots?: boolean;
}
export interface Axis {
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
  readonly from: number;
  readonly to: number;
  readonly logarithmic?: boolean;
}
export interface Shade {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}
export interface Plot {
  readonly lines: readonly PlotLine[];
  readonly x: Axis;
  readonly y: Axis;
  /** Spans of x, as outages; one without a length is a line. */
  readonly shades?: readonly Shade[];
  readonly width?: number;
  readonly height?: number;
}

const WIDTH = 800;
const LEFT = 76;
const RIGHT = 18;
const TOP = 8;
const BOTTOM = 24;
const HEIGHT = 240;
const DASHES = ['', '7 4', '2 4'] as const;

export function drawPlot(title: string, plot: Plot): Markup {
  const { width = WIDTH, height = HEIGHT, shades = [] } = plot;
  const place = (value: number): number => LEFT + share(plot.x, value) * (width - LEFT - RIGHT);
  const x = (value: number): string => place(value).toFixed(1);
  const y = (value: number): string =>
    (TOP + (1 - share(plot.y, value)) * (height - TOP - BOTTOM)).toFixed(1);
  const floor = height - BOTTOM;
  const span = ({ from, to }: Shade): string => Math.max(1.5, place(to) - place(from)).toFixed(1);
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
${shades.map((shade) => html`<rect class="${shade.to > shade.from ? 'shade' : 'moment'}" x="${x(shade.from)}" y="${TOP}" width="${span(shade)}" height="${floor - TOP}"><title>${shade.text}</title></rect>`)}
${plot.y.ticks.map(({ at, text }) => html`<path class="grid" d="M${LEFT} ${y(at)}H${width - RIGHT}"/><text class="label" x="${LEFT - 8}" y="${Number(y(at)) + 4}">${text}</text>`)}
${plot.x.ticks.map(({ at, text }) => html`<text class="tick" x="${x(at)}" y="${height - 6}">${text}</text>`)}
${plot.lines.map((line) => drawLine(line, x, y))}
</svg>`;
}

export function legend(lines: readonly Pick<PlotLine, 'name' | 'stroke'>[]): Markup {
  return html`<ul class="card-legend">${lines.map(({ name, stroke }) => html`<li><svg class="swatch" viewBox="0 0 26 8" aria-hidden="true"><path class="line" d="M0 4H26"${strokeOf(stroke)}/></svg>${name}</li>`)}</ul>`;
}

function drawLine(line: PlotLine, x: (value: number) => string, y: (value: number) => string): Markup {
  const path = line.points.map(([px, py], index) => `${index === 0 ? 'M' : 'L'}${x(px)} ${y(py)}`).join('');
  const dots = line.dots === true ? line.points : [];
  return html`<path class="line" d="${path}"${strokeOf(line.stroke)}><title>${line.name}</title></path>
${dots.map(([px, py]) => html`<circle cx="${x(px)}" cy="${y(py)}" r="4" fill="var(--${line.stroke.colour})"/>`)}`;
}

function strokeOf({ colour, dash }: Stroke): Markup {
  const dashes = DASHES[dash] ?? '';
  return dashes === ''
    ? html` stroke="var(--${colour})"`
    : html` stroke="var(--${colour})" stroke-dasharray="${dashes}"`;
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
  const from = Math.floor(Math.log10(Math.min(...positive)));
  const to = Math.max(from + 1, Math.ceil(Math.log10(Math.max(...positive))));
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => {
    const at = 10 ** (from + index);
    return { at, text: text(at) };
  });
  return { ticks, from: 10 ** from, to: 10 ** to, logarithmic: true };
}
