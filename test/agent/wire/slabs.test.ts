// A slab is in one pair of hands at a time, and no more memory is kept than was allowed.

import test from 'ava';
import fc from 'fast-check';
import { Slabs } from '../../../agent/wire/slabs.ts';

test('no two bodies share memory, whatever the order of taking and giving back', (t) => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 40_000 })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (list) => {
      const slabs = new Slabs(128 * 1024);
      const out: Buffer[] = [];
      let mark = 0;
      for (const [takes, size] of list) {
        const first = takes ? undefined : out.shift();
        if (first !== undefined) {
          if (first.some((byte) => byte !== first[0])) return false;
          slabs.giveBack(first);
          continue;
        }
        const body = slabs.take(size);
        if (body.length !== size) return false;
        out.push(body.fill(++mark));
      }
      return out.every((body) => body.every((byte) => byte === body[0]));
    }),
    { numRuns: 500 },
  );
  t.pass();
});

test('a slab is used again, up to what may be kept', (t) => {
  const slabs = new Slabs(8 * 1024);
  const first = slabs.take(5000);
  const second = slabs.take(5000);
  slabs.giveBack(first);
  slabs.giveBack(second);
  t.is(slabs.take(8000).buffer, first.buffer);
  t.not(slabs.take(8000).buffer, second.buffer, 'there was no room to keep the second');
});
