import { join } from 'node:path';
import test from 'ava';
import { Checkout, type Outcome } from './checkout.ts';

function preflight(checkout: Checkout, ...args: string[]): Promise<Outcome> {
  return checkout.run('scripts/preflight.sh', args);
}

test('a small request may run here, and nothing is said', async (t) => {
  const { code, err } = await preflight(new Checkout(t), '1k/s', '1s');
  t.is(code, 0, err);
});

test('what is not understood is named, with what was expected', async (t) => {
  const checkout = new Checkout(t);
  for (const [rate, duration, said] of [
    ['fast', '30s', /--rate: 'fast' is not understood; expected a rate like '10M\/min'/],
    ['10M', '30s', /--rate: '10M' is not understood/],
    ['10M/min', '30', /--duration: '30' is not understood; expected a duration like '30s'/],
    ['0/s', '30s', /that is no event at all/],
  ] as const) {
    const { code, err } = await preflight(checkout, rate, duration);
    t.is(code, 2);
    t.regex(err, said);
  }
});

test('a disk that is too small for what will be sent is named with both sizes', async (t) => {
  const checkout = new Checkout(t);
  const { code, err } = await preflight(checkout, '10G/min', '24h');
  t.is(code, 1);
  // 10 G events a minute, 1440 minutes, 110 bytes, 7 copies
  t.true(
    err.includes(`not enough free disk at ${checkout.root}: 10G/min for 24h writes up to 10326504.7 GiB`),
    err,
  );
});

test('too few descriptors and another system are refused', async (t) => {
  const checkout = new Checkout(t);
  checkout.write('few.sh', '#!/bin/bash\nulimit -n 200; exec scripts/preflight.sh 1k/s 1s\n', 0o755);
  const few = await checkout.run('few.sh');
  t.is(few.code, 1);
  t.regex(few.err, /at most 200 open files are allowed, at least 1024 are needed: ulimit -n 1024/);
  checkout.write('bin/uname', '#!/bin/sh\necho Darwin\n', 0o755);
  const path = `${join(checkout.root, 'bin')}:${process.env['PATH']}`;
  const other = await checkout.run('scripts/preflight.sh', ['1k/s', '1s'], { PATH: path });
  t.is(other.code, 1);
  t.regex(other.err, /this system is Darwin; .*needs Linux/);
});
