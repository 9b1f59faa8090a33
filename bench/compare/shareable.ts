// A scorecard is passed on: where the checkout lay on the machine it was made on is nobody's business, and says nothing.

import type { Scorecard } from './scorecard.ts';

/** The same without the folder of the checkout in paths: `configs/bench/compare.yaml`. */
export function shareable(scorecard: Scorecard, root: string): Scorecard {
  const folder = JSON.stringify(`${root}/`).slice(1, -1);
  return JSON.parse(JSON.stringify(scorecard).replaceAll(folder, '')) as Scorecard;
}
