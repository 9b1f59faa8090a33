// report.html: one page that says what a run came to, rendered from result.json and nothing else.
//
// It needs no network and may be mailed. Scripts run only if their hash is in the page's policy, so that hostile
// evidence could not run one even if escaping failed.

import { createHash } from 'node:crypto';
import type { Result } from '../result.ts';
import { readAssets } from './assets.ts';
import { conservation, processes } from './page/accounts.ts';
import { banner, notes } from './page/banner.ts';
import { chainPicture } from './page/chain-picture.ts';
import { chartPage } from './page/chart-data.ts';
import { charts } from './page/charts.ts';
import { assignColours } from './page/colours.ts';
import { destinations } from './page/destinations.ts';
import { headline } from './page/headline.ts';
import { hosts } from './page/hosts.ts';
import { embedJson, html, Markup } from './page/markup.ts';
import { probes } from './page/probes.ts';
import { configuration, provenance } from './page/provenance.ts';

export function renderReport(result: Result): string {
  const { css, scripts } = readAssets();
  const colours = assignColours(result);
  const data = chartPage(result, colours);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(scripts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${result.verdict}: ${result.scenario}, ${result.tool}</title>
<style>${new Markup(css)}</style>
</head>
<body>
<main>
${heading(result)}
${banner(result)}
${headline(result)}
${notes(result)}
${chainPicture(result, colours)}
${hosts(result)}
${destinations(result)}
${charts(result, data)}
${probes(result)}
${conservation(result)}
${processes(result, colours)}
${provenance(result)}
${configuration(result)}
<footer>Spillway bench. Rendered from result.json (${result.schema}). 1 MB is 1,000,000 bytes.</footer>
</main>
<script type="application/json" id="report-data">${embedJson(data)}</script>
${scripts.map((script) => html`<script>${new Markup(script)}</script>`)}
</body>
</html>
`;
  return page.toString();
}

function heading(result: Result): Markup {
  const durability = result.durability === 'fsync' ? 'fsync' : 'os (page cache)';
  return html`<header><h1>${result.scenario}</h1>
<p class="description">${result.description}</p>
<ul class="facts"><li>${result.tool} ${result.toolVersion}</li><li>${result.rate}</li><li>durability ${durability}</li><li>${result.format}</li><li>seed ${String(result.seed)}</li><li>${result.startedAt}</li></ul>
</header>`;
}

function policy(scripts: readonly string[]): string {
  const hashes = scripts.map((script) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return `default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes.join(' ')}`;
}
