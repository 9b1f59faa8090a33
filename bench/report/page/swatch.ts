// The small sample of a line that stands before a name, drawn as the charts draw it.

import type { Stroke } from './colours.ts';
import type { Markup } from './markup.ts';
import { html } from './markup.ts';

export function swatch(stroke: Stroke): Markup {
  return html`<svg class="swatch ${stroke.colour} dash${stroke.dash}" viewBox="0 0 18 8" aria-hidden="true"><line x1="1" y1="4" x2="17" y2="4"/></svg>`;
}
