// Horizontal bars with the interval of each median, as SVG without a script.

import { html, type Markup } from '../page/markup.ts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly text: string;
  /** CSS variable without the dashes. */
  readonly colour: string;
  /** Struck through: measured, but not to be compared. */
  readonly spoiled: boolean;
}

const LABEL_WIDTH = 190;
const PLOT_WIDTH = 420;
const TEXT_WIDTH = 190;
const ROW = 26;

export function barChart(title: string, about: string, bars: readonly Bar[]): Markup | null {
  if (bars.length === 0) return null;
  const most = Math.max(...bars.map(({ high }) => high), Number.MIN_VALUE);
  const scale = (value: number): number => (value / most) * PLOT_WIDTH;
  const height = bars.length * ROW + 4;
  const width = LABEL_WIDTH + PLOT_WIDTH + TEXT_WIDTH;
  return html`<figure class="card-chart"><figcaption><strong>${title}</strong> <small>${about}</small></figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
${bars.map((bar, index) => drawBar(bar, index * ROW + 2, scale))}
</svg></figure>`;
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
<rect class="${bar.spoiled ? 'spoiled' : ''}" x="${LABEL_WIDTH}" y="${top + 4}" width="${Math.max(1, scale(bar.value)).toFixed(1)}" height="${ROW - 8}" fill="var(--${bar.colour})"/>
${whisker}<text x="${(end + 8).toFixed(1)}" y="${middle + 5}">${bar.text}</text>`;
}
