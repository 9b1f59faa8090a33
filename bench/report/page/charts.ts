// The charts' frames: title, choice of view, legend, and the place where the page's script draws.

import type { Result } from '../../result.ts';
import { formatDuration } from '../format.ts';
import { shortNames } from '../printable.ts';
import type { Chart, ChartPage, ChartSeries } from './chart.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';
import { swatch } from './swatch.ts';

/** Longer names are shortened in legends; tables have them in full. */
const LABEL_LENGTH = 30;

export function charts(result: Result, page: ChartPage): Markup {
  if (page.charts.length === 0)
    return html`<section><h2>Over time</h2><p class="state">No samples were taken.</p></section>`;
  return html`<section><h2>Over time</h2>
${timeline(result, page)}
<noscript><p class="state">The charts are drawn by the page’s own script, which this viewer does not run.</p></noscript>
<div class="charts">${page.charts.map(frame)}</div>
<p class="caption">Point at a chart to read all of them at that moment; click a name to hide or show it; drag to zoom, double-click to zoom out. The shaded part is after the last event was sent.</p>
</section>`;
}

/** The numbered steps that the vertical lines in the charts stand for. */
function timeline(result: Result, page: ChartPage): Markup | null {
  if (result.events.length === 0) return null;
  return html`<ol class="timeline" aria-label="Timed steps">${result.events.map(({ text }, index) => {
    const marker = page.markers[index];
    return html`<li><span class="flag">${marker?.label ?? ''}</span><span class="when">${formatDuration((marker?.x ?? 0) * 1000)}</span> ${text}</li>`;
  })}</ol>`;
}

function frame(chart: Chart): Markup {
  return html`<figure class="chart" id="chart-${chart.id}" data-chart="${chart.id}"><figcaption><h3>${chart.title}</h3><p>${chart.explanation}</p></figcaption>
${choice(chart)}
<div class="legend" role="group" aria-label="Series of ${chart.title}">${legend(chart.views[0]?.series ?? [])}</div>
<div class="plot"></div></figure>`;
}

function choice(chart: Chart): Markup | null {
  if (chart.views.length < 2) return null;
  return html`<div class="choice" role="group" aria-label="Destination">${chart.views.map(
    ({ label }, index) =>
      html`<button type="button" data-view="${index}" aria-pressed="${index === 0 ? 'true' : 'false'}">${label}</button>`,
  )}</div>`;
}

function legend(list: readonly ChartSeries[]): readonly Markup[] {
  const short = shortNames(
    list.map(({ name }) => name),
    LABEL_LENGTH,
  );
  return list.map(
    ({ name, stroke }, index) =>
      html`<button type="button" data-series="${index}" aria-pressed="true" title="${name}">${swatch(stroke)} <span class="label">${short.get(name) ?? name}</span> <output></output></button>`,
  );
}
