// scorecard.html: one page that compares tools, rendered from scorecard.json and nothing else. It needs no network and
// may be mailed. Its only script opens the evidence that a link leads to.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scorecard } from '../../compare/scorecard.ts';
import { html, Markup } from '../page/markup.ts';
import { scorecardCharts } from './charts.ts';
import { evidenceSections } from './evidence.ts';
import { glance } from './glance.ts';
import { footnotes } from './markdown.ts';
import { scorecardTable } from './table.ts';

const STYLES = ['../style/page.css', '../style/scorecard.css'] as const;
const OPEN_TARGET = `
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener('hashchange', openTarget);
openTarget();
`;

function title({ description }: Scorecard): string {
  return `${description.slice(0, 1).toUpperCase()}${description.slice(1)}`;
}

function machineFact({ machine }: Scorecard): Markup | null {
  return machine === null ? null : html`<li>${machine.cpu}, ${machine.cores} cores</li>`;
}

export function renderScorecard(card: Scorecard): string {
  const css = STYLES.map((file) => readFileSync(join(import.meta.dirname, file), 'utf8')).join('\n');
  const hash = createHash('sha256').update(OPEN_TARGET).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  const mode = card.mode === 'quick' ? 'quick: once each, indicative' : 'full: repeated, with intervals';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${card.name}: ${card.columns.map(({ tool }) => tool).join(', ')}</title>
<style>${new Markup(css)}</style>
</head>
<body>
<main class="scorecard">
<header><h1>${title(card)}</h1>
<ul class="facts"><li><b>${mode}</b></li><li>${card.name}</li><li>seed ${String(card.seed)}</li><li>commit ${card.commit.slice(0, 10)}${card.dirty ? ' + changes' : ''}</li><li>${card.startedAt.slice(0, 10)}</li>${machineFact(card)}</ul></header>
${glance(card)}
${scorecardTable(card)}
<ul class="card-notes">${footnotes(card).map((text) => html`<li>${text}</li>`)}</ul>
${scorecardCharts(card)}
${evidenceSections(card)}
<footer>Spillway bench. Rendered from scorecard.json (${card.schema}). 1 MB is 1,000,000 bytes.</footer>
</main>
<script>${new Markup(OPEN_TARGET)}</script>
</body>
</html>
`.toString();
}
