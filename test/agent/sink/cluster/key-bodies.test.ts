// The events of parts under keyHash in memory: only of parts that are open, whatever comes in between.

import test, { type ExecutionContext } from 'ava';
import { KeyReader } from '../../../../agent/sink/cluster/key.ts';
import { KeyBodies } from '../../../../agent/sink/cluster/key-bodies.ts';
import type { KeyHeld } from '../../../../agent/sink/cluster/key-lane.ts';
import { slotSet } from '../../../../agent/sink/cluster/slot-set.ts';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { openLog } from './registered.ts';

const EVERY_SLOT = slotSet(Array.from({ length: 256 }, (_, slot) => slot));
const LINES = Array.from({ length: 40 }, (_, index) => `k${index % 7} ${index} ${'x'.repeat(30)}`);
const TEXT = LINES.map((line) => `${line}\n`).join('');

/** A part that is all of a log of 40 lines in 8 batches, and nothing of it in memory. */
async function bodiesOf(t: ExecutionContext, rangeBytes: number) {
  const log = await openLog(t);
  for (let at = 0; at < LINES.length; at += 5) await appendLines(log, sourceOf(log), LINES.slice(at, at + 5));
  const bodies = new KeyBodies(log, new KeyReader({ format: 'graphite' }), rangeBytes);
  t.teardown(() => bodies.close());
  const from = { offset: 0, events: 0 };
  const to = log.end;
  const part = (): KeyHeld => {
    return { sequence: 1, from, to, limit: to.offset, sent: from, log: { from, to }, slots: EVERY_SLOT };
  };
  return { bodies, part };
}

test('key-bodies-not-released: what is read for a part that is done or moved meanwhile is not kept', async (t) => {
  const { bodies, part } = await bodiesOf(t, 64 * 1024);
  for (const end of ['done', 'drop'] as const) {
    const held = part();
    const reading = bodies.of(held);
    bodies[end](held);
    t.is((await reading).body.toString(), TEXT);
    t.not(await bodies.of(held), await bodies.of(held), `${end}: each is read anew`);
  }
  const open = part();
  const [first, second] = await Promise.all([bodies.of(open), bodies.of(open)]);
  t.is(first.body, second.body, 'read once for both');
  t.is(await bodies.of(open), first, 'and kept');
  bodies.done(open);
  t.not(await bodies.of(open), first);
});

test('key-bodies-share-a-pool: a part that is read in several pieces has a buffer of its own', async (t) => {
  const { bodies, part } = await bodiesOf(t, 512);
  for (let time = 0; time < 3; time++) {
    const held = part();
    const { body } = await bodies.of(held);
    t.is(body.toString(), TEXT);
    t.is(body.buffer.byteLength, 4096, 'of the size of a slab, or other buffers would be handed out with it');
    bodies.done(held);
  }
});
