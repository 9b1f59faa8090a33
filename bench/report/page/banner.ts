// The first thing on the page: did it pass, and if not, why, in words that need no other page.

import type { Result } from '../../result.ts';
import { plural } from '../format.ts';
import { verdictSentence } from '../totals.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';

const WORD = { pass: 'Pass', fail: 'Fail', invalid: 'Invalid' } as const;
const SIGN = { pass: '✓', fail: '✗', invalid: '!' } as const;

export function banner(result: Result): Markup {
  return html`<section class="banner ${result.verdict}" aria-label="Verdict">
<p class="word"><span class="sign" aria-hidden="true">${SIGN[result.verdict]}</span> ${WORD[result.verdict]}</p>
<div>
<p class="sentence">${verdictSentence(result)}</p>
${failures(result)}
</div>
</section>`;
}

function failures(result: Result): Markup | null {
  const { failures } = result;
  if (failures.length === 0) return null;
  return html`<ul class="failures" aria-label="${plural(failures.length, 'failure')}">${failures.map(
    (failure) => html`<li>${failure}</li>`,
  )}</ul>`;
}

/** Things that do not change the verdict but that a reader must know. */
export function notes(result: Result): Markup | null {
  if (result.notes.length === 0) return null;
  return html`<aside class="notes"><h2>Notes</h2><ul>${result.notes.map((note) => html`<li>${note}</li>`)}</ul></aside>`;
}
