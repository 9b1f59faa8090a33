// A file that went away and cannot be read or asked any more. What every descriptor of this process answers is
// replaced for it: one test at a time, nothing beside them.

import { readlinkSync } from 'node:fs';
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { until } from '../until.ts';
import { Tailing } from './tailing.ts';

const EIO = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

/** From now on this call fails on every open file whose path has the word. */
async function fail(t: ExecutionContext, call: 'read' | 'stat', word: string): Promise<void> {
  const some = await open('/dev/null');
  const prototype = Object.getPrototypeOf(some) as Record<string, (...values: unknown[]) => unknown>;
  await some.close();
  const real = prototype[call];
  if (real === undefined) throw new Error(`a file has no ${call}`);
  prototype[call] = function (this: FileHandle, ...values: unknown[]) {
    if (readlinkSync(`/proc/self/fd/${this.fd}`).includes(word)) return Promise.reject(EIO);
    return real.apply(this, values);
  };
  t.teardown(() => {
    prototype[call] = real;
  });
}

for (const call of ['read', 'stat'] as const) {
  test.serial(`gone-and-${call}-fails: it is given up and counted, the others go on in order`, async (t) => {
    const tailing = await Tailing.prepare(t, { activeMs: 50 });
    await tailing.start();
    const bad = await open(tailing.path('bad.log'), 'a');
    t.teardown(() => bad.close());
    await bad.write('one\n');
    await tailing.delivers('one\n');
    await fail(t, call, 'bad.log');
    if (call === 'read') await bad.write('never read\n');
    await rm(tailing.path('bad.log'));
    await writeFile(tailing.path('good.log'), 'two\n');
    await tailing.delivers('one\ntwo\n', 3_000);
    await until('it is given up', () => tailing.source.snapshot().files === 1);
    t.is(tailing.source.snapshot().abandonedBytes, call === 'read' ? 11 : 0);
    const said =
      call === 'read'
        ? 'a file went away before it was read to its end'
        : 'cannot read a file that went away to its end';
    t.is(tailing.said(said), 1);
    tailing.conserves();
  });
}

test.serial('faults-never-forgotten: what was said of a file is forgotten with it', async (t) => {
  const tailing = await Tailing.prepare(t, { activeMs: 50 });
  await tailing.start();
  await fail(t, 'read', 'bad.log');
  const cannotRead = () => tailing.said('cannot read a file, trying again');
  const unreadable = () => tailing.source.snapshot().heldBack?.unreadable;
  for (const round of [1, 2]) {
    await writeFile(tailing.path('bad.log'), 'never read\n');
    await until('it is told', () => cannotRead() === round);
    t.is(unreadable(), 1);
    await rm(tailing.path('bad.log'));
    await until('it is forgotten', () => unreadable() === 0);
  }
  t.is(tailing.source.snapshot().abandonedBytes, 22);
});
