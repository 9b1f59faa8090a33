// The log and a cursor against the simplest model of them: an array of lines, and where each source and the destination
// is. Any order of appends, notes, cursor moves, clean restarts and kills must leave both the same.

import test from 'ava';
import fc from 'fast-check';
import type { CursorFile, CursorState } from '../../../agent/log/cursor.ts';
import type { EventLog } from '../../../agent/log/log.ts';
import { crowdedOptions, openOn } from './crash-case.ts';
import { everyBatch } from './examine.ts';
import { appendLines, sourceOf } from './lines.ts';
import { ModelDisk } from './model-disk.ts';
import { randomOf, seedOfRun } from './random.ts';
import { openCursor } from './workload.ts';

const options = crowdedOptions('/model/log', 'fsync');
const KEYS = ['one', 'two', 'three'] as const;

type Act =
  | { readonly kind: 'append'; readonly key: (typeof KEYS)[number]; readonly lines: readonly string[] }
  | { readonly kind: 'quarantine'; readonly key: (typeof KEYS)[number]; readonly bytes: number }
  | { readonly kind: 'cursor'; readonly share: number }
  | { readonly kind: 'restart' | 'kill' };

const key = fc.constantFrom(...KEYS);
const lines = fc.array(fc.stringMatching(/^[a-z]{0,60}$/), { minLength: 1, maxLength: 20 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), key, lines }) },
  fc.record({ kind: fc.constant('quarantine' as const), key, bytes: fc.integer({ min: 1, max: 5000 }) }),
  fc.record({ kind: fc.constant('cursor' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({ kind: fc.constantFrom('restart' as const, 'kill' as const) }),
);

class Model {
  text = '';
  events = 0;
  cursor = 0;
  readonly positions = new Map<string, number>();
  readonly quarantined = { events: 0, bytes: 0 };

  advance(source: string, bytes: number): void {
    this.positions.set(source, (this.positions.get(source) ?? 0) + bytes);
  }
}

interface Opened {
  readonly log: EventLog;
  readonly file: CursorFile;
  readonly state: CursorState;
}

async function open(disk: ModelDisk): Promise<Opened> {
  const log = await openOn(disk, options);
  return { log, ...(await openCursor(log)) };
}

async function check({ log, state }: Opened, model: Model): Promise<void> {
  const batches = await everyBatch(log, 0);
  const text = Buffer.concat(batches.map(({ bytes }) => bytes)).toString();
  if (text !== model.text) throw new Error(`the log holds ${text.length} bytes, not ${model.text.length}`);
  const { offset, events } = log.end;
  if (offset !== model.text.length || events !== model.events)
    throw new Error(`it ends at ${offset}, ${events}`);
  for (const [name, position] of model.positions) {
    if (log.findSource(name)?.position !== position) throw new Error(`${name} is not at ${position}`);
  }
  const { quarantined } = log.counts('tests');
  if (quarantined.events !== model.quarantined.events || quarantined.bytes !== model.quarantined.bytes)
    throw new Error(`quarantined ${JSON.stringify(quarantined)}, not ${JSON.stringify(model.quarantined)}`);
  if (state.position.offset !== model.cursor) throw new Error(`the cursor is at ${state.position.offset}`);
}

async function run(acts: readonly Act[], seed: number): Promise<void> {
  const random = randomOf(seed);
  let disk = new ModelDisk(random);
  const model = new Model();
  let opened = await open(disk);
  for (const act of acts) {
    const { log, file } = opened;
    if (act.kind === 'append') {
      const text = act.lines.map((line) => `${line}\n`).join('');
      await appendLines(log, sourceOf(log, act.key), act.lines);
      model.text += text;
      model.events += act.lines.length;
      model.advance(act.key, text.length);
    } else if (act.kind === 'quarantine') {
      const source = sourceOf(log, act.key);
      const from = source.position;
      const counted = { outcome: 'quarantined', reason: 'too-long', events: 1, bytes: act.bytes } as const;
      await log.progress(source, { ...counted, from, end: from + act.bytes });
      model.quarantined.events++;
      model.quarantined.bytes += act.bytes;
      model.advance(act.key, act.bytes);
    } else if (act.kind === 'cursor') {
      const at = await log.markAtLeast(Math.floor(act.share * log.endOffset));
      opened = { ...opened, state: { ...opened.state, position: at } };
      await file.write(opened.state);
      model.cursor = at.offset;
    } else {
      if (act.kind === 'restart') {
        await file.close();
        await log.close();
      } else {
        disk.abandon();
        await Promise.allSettled([file.close(), log.close()]);
        disk = disk.after('kill', random);
      }
      opened = await open(disk);
      await check(opened, model);
    }
  }
  await check(opened, model);
  await opened.file.close();
  await opened.log.close();
}

test('the log and a cursor are what a simple model says, after any acts, restarts and kills', async (t) => {
  const seed = seedOfRun();
  t.log(`SPILLWAY_SEED=${seed}`);
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), (acts) => run(acts, seed)),
      { numRuns: 60, seed },
    ),
  );
});
