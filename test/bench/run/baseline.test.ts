import test from 'ava';
import { accountSince } from '../../../bench/run/baseline.ts';
import type { NodeAccount } from '../../../bench/tools/tool.ts';
import { destinationAccount, sourceAccount } from './evidence.ts';

function account(times: number, reasons: Readonly<Record<string, number>>): NodeAccount {
  const counted = destinationAccount({ acknowledged: 10 * times, dropped: 5 * times, reasons });
  return {
    sources: [sourceAccount({ read: 15 * times })],
    logAppended: 15 * times,
    destinations: [counted],
    log: { capBytes: 1000, bytesMax: 900, syncs: 7 * times, writtenBytes: 100 * times },
  };
}

test('attached-losses-counted-twice: on a chain that was used before, reasons count what this load lost', (t) => {
  const before = account(1, { dropOldest: 4, maxAge: 1 });
  const since = accountSince(before, account(3, { dropOldest: 10, maxAge: 1, peerLost: 4 }));
  t.deepEqual(since.destinations[0]?.reasons, { dropOldest: 6, maxAge: 0, peerLost: 4 });
  t.is(since.destinations[0]?.dropped, 10);
  t.deepEqual(since.log, { capBytes: 1000, bytesMax: 900, syncs: 14, writtenBytes: 200 });
});

test('a node that was not there before counts from nothing', (t) => {
  const now = account(2, { dropOldest: 10 });
  t.is(accountSince(undefined, now), now);
});
