// A range of the log split by slots: every event goes one way, whole and in order, malformed ones too.

import { randomInt } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { KEYLESS_SLOT, KeyReader } from '../../../../agent/sink/cluster/key.ts';
import { splitBySlots } from '../../../../agent/sink/cluster/key-split.ts';
import { hasSlot, slotSet } from '../../../../agent/sink/cluster/slot-set.ts';
import { Slabs } from '../../../../agent/wire/slabs.ts';

const seed = Number(process.env['SPILLWAY_SEED'] ?? randomInt(2 ** 31));
const slabs = new Slabs(2 ** 20);
const reader = new KeyReader({ format: 'graphite' });

/** Slot by slot in turn, to so many. */
function setsOf(members: number) {
  return Array.from({ length: members }, (_, at) =>
    slotSet(Array.from({ length: 256 }, (_, slot) => slot).filter((slot) => slot % members === at)),
  );
}

function slotOf(line: string): number {
  return reader.read(Buffer.from(line)).slots[0] ?? -1;
}

test('each event goes to the one whose slot it has, in order, and the counts are theirs', (t) => {
  t.log(`seed ${seed}`);
  const line = fc.oneof(
    fc.tuple(fc.nat(30), fc.nat(99)).map(([key, value]) => `path.${key} ${value} 17\n`),
    fc.constant('malformed\n'),
    fc.constant('\n'),
  );
  const lines = fc.array(line, { maxLength: 60 });
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 5 }), fc.nat(60), (all, members, doneLines) => {
      const done = Buffer.byteLength(all.slice(0, doneLines).join(''));
      const sets = setsOf(members);
      const parts = splitBySlots(Buffer.from(all.join('')), sets, { reader, slabs, done });
      for (const [at, { body, events, skipped }] of parts.entries()) {
        const mine = (some: readonly string[]) =>
          some.filter((one) => hasSlot(sets[at] ?? new Uint8Array(32), slotOf(one)));
        const expected = mine(all);
        const before = mine(all.slice(0, doneLines));
        const is = [body.toString(), events, skipped.events, skipped.bytes];
        const wanted = [expected.join(''), expected.length, before.length, before.join('').length];
        if (JSON.stringify(is) !== JSON.stringify(wanted)) throw new Error(`${is}, expected ${wanted}`);
      }
    }),
    { seed, numRuns: 200, includeErrorInReport: true },
  );
  t.pass();
});

test('a malformed line has the slot of those without a key, and what nobody wants is left out', (t) => {
  const text = Buffer.from('nonsense\npath.1 1 17\n');
  const [keyless, rest] = splitBySlots(text, [slotSet([KEYLESS_SLOT]), slotSet([])], { reader, slabs });
  t.is(keyless?.body.toString(), 'nonsense\n');
  t.is(rest?.body.length, 0);
});
