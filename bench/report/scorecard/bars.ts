// Horizontal bars with the interval of each median, as SVG without a script. Bars that may be compared stand together.

import type { Stroke } from '../page/colours.ts';
import { html, type Markup } from '../page/markup.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  readonly stroke: Stroke;
  /** Measured, but not to be compared. */
  readonly spoiled: boolean;
}
export interface BarGroup {
  readonly title: string;
  readonly bars: readonly Bar[];
}

const LABEL_WIDTH = 190;
const PLOT_WIDTH = 420;
const TEXT_WIDTH = 190;
const ROW = 26;
const HEAD = 24;

export function barChart(title: string, about: string, groups: readonly BarGroup[]): Markup | null {
  const bars = groups.flatMap((group) => group.bars);
  if (bars.length === 0) return null;
  const most = Math.max(...bars.map(({ high }) => high), Number.MIN_VALUE);
  const scale = (value: number): number => (value / most) * PLOT_WIDTH;
  const drawn: Markup[] = [];
  let top = 2;
  for (const group of groups.filter((each) => each.bars.length > 0)) {
    drawn.push(html`<text class="bar-head" x="${LABEL_WIDTH}" y="${top + 16}">${group.title}</text>`);
    top += HEAD;
    for (const bar of group.bars) {
      drawn.push(drawBar(bar, top, scale));
      top += ROW;
    }
  }
  const width = LABEL_WIDTH + PLOT_WIDTH + TEXT_WIDTH;
  return html`<figure class="card-chart"><figcaption><strong>${title}</strong> <small>${about}</small></figcaption>
<svg viewBox="0 0 ${width} ${top + 2}" role="img" aria-label="${title}">${drawn}</svg></figure>`;
}

function drawBar(bar: Bar, top: number, scale: (value: number) => number): Markup {
  const middle = top + ROW / 2;
  const [from, to] = [LABEL_WIDTH + scale(bar.low), LABEL_WIDTH + scale(bar.high)];
  const end = LABEL_WIDTH + Math.max(1, scale(Math.max(bar.value, bar.high)));
  const whisker =
    bar.high > bar.low
      ? html`<path class="whisker" d="M${from.toFixed(1)} ${middle - 5}v10m0-5H${to.toFixed(1)}m0-5v10"/>`
      : null;
  return html`<text class="label" x="${LABEL_WIDTH - 10}" y="${middle + 5}">${bar.label}</text>
<rect class="${bar.spoiled ? 'spoiled' : ''}" x="${LABEL_WIDTH}" y="${top + 4}" width="${Math.max(1, scale(bar.value)).toFixed(1)}" height="${ROW - 8}" fill="var(--${bar.stroke.colour})"/>
${whisker}<text x="${(end + 8).toFixed(1)}" y="${middle + 5}">${bar.text}</text>`;
}
