// One line for a kind, then one with how many there were.

import test from 'ava';
import { type Complaint, Complaints } from '../../../agent/source/complaints.ts';
import { captureLogger } from './captured-logger.ts';
import { until } from './until.ts';

const complaint = (kind: string, peer: string, everyMs: number): Complaint => ({
  kind,
  level: 'warn',
  text: 'connection closed',
  data: { peer },
  everyMs,
});

test('uncounted-strangers: the first is told at once, the others with their number and the latest of them', async (t) => {
  const { logger, lines } = captureLogger();
  const complaints = new Complaints(logger);
  t.teardown(() => complaints.close());
  for (let peer = 1; peer <= 1_000; peer++) complaints.tell(complaint('tls', `10.0.0.1:${peer}`, 100));
  complaints.tell(complaint('other', '10.0.0.2:1', 100));
  const said = () => lines.map(({ peer, times }) => [peer, times]);
  t.deepEqual(said(), [
    ['10.0.0.1:1', 1],
    ['10.0.0.2:1', 1],
  ]);
  await until('the rest is told', () => lines.length >= 3);
  t.deepEqual(said().slice(2), [['10.0.0.1:1000', 999]]);
});

test('what was not told yet is told at the end', (t) => {
  const { logger, lines } = captureLogger();
  const complaints = new Complaints(logger);
  for (const peer of ['a', 'b', 'c']) complaints.tell(complaint('tls', peer, 60_000));
  complaints.close();
  t.deepEqual(
    lines.map(({ peer, times }) => [peer, times]),
    [
      ['a', 1],
      ['c', 2],
    ],
  );
});
