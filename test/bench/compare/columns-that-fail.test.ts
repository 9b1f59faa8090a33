// A comparison whose tools do what tools should not: each has its cell, with its figure, and none ends the others.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Scorecard } from '../../../bench/compare/scorecard.ts';
import { place } from '../lossy/bench.ts';

/** On a machine that does something else, too. */
const BUSY_MS = 240_000;
const LOAD = `
name: tiny
description: a tiny load
chain: { instances: 1, fanOut: 1 }
generator: { rate: 300k/min, duration: 2s }
limits: { noProgress: 1s }
`;
const COMPARE = `
name: tiny-compare
description: what becomes of bad tools
columns:
  - { tool: 'lossy:broken', durability: os }
  - { tool: 'lossy:silent', durability: os }
  - { tool: 'lossy:drops', durability: os }
rows:
  - { name: held, title: Held, about: held without loss, kind: held, rate: 300k/min, scenario: load.yaml, quick: true }
`;

test('bad tools have their cells, and a part that was cut short is not run again', async (t) => {
  t.timeout(BUSY_MS);
  const { bench, out, write } = place(t);
  write('load.yaml', LOAD);
  const file = write('compare.yaml', COMPARE);
  const { code, said } = await bench('run', file, '--out', out);
  t.is(code, 1, said);
  const read = (name: string) => readFileSync(join(out, name), 'utf8');
  const card = JSON.parse(read('scorecard.json')) as Scorecard;
  const cell = (column: string) => card.cells.find((each) => each.column === column);
  t.true(card.complete, said);
  t.is(cell('lossy-drops-os')?.state, 'fail');
  t.is(cell('lossy-drops-os')?.figures.lost?.median, 10);
  t.is(cell('lossy-silent-os')?.state, 'fail');
  t.regex(cell('lossy-silent-os')?.why[0] ?? '', /receive ended at start/);
  t.is(cell('lossy-broken-os')?.state, 'invalid', 'a fault of the adapter says nothing of the tool');
  t.regex(cell('lossy-broken-os')?.why[0] ?? '', /the adapter has a fault/);
  t.regex(read('scorecard.html'), /10 of 10,000 lost/);

  const again = await bench('run', file, '--out', out);
  t.regex(again.said, /2 are there already; to go: 1 runs/);
  t.regex(again.said, /held, lossy-drops-os: known/);

  write('load.yaml', LOAD.replace('2s', '3s'));
  const changed = await bench('run', file, '--out', out);
  t.is(changed.code, 2);
  t.regex(changed.said, /its rows or their scenarios changed.*give another --out/);
});
