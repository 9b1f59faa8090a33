import { stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { ArrivalWriter } from '../../../bench/observer/arrivals.ts';
import { verifyAll } from '../../../bench/verifier/parallel.ts';
import { eventFiles, found, START_MS, sent } from './bed.ts';

test('destinations are judged in threads, each by its own files, in the order asked', async (t) => {
  const { manifest, lines } = await sent(5000);
  const whole = await eventFiles(t, lines.join(''));
  const damaged = await eventFiles(t, lines.toSpliced(1234, 2).join(''));
  const dir = dirname(whole[0] ?? '');
  const manifestPath = join(dir, 'manifest.json');
  const arrivalsPath = join(dir, 'arrivals-a.bin');
  await writeFile(manifestPath, JSON.stringify(manifest));
  const writer = new ArrivalWriter(arrivalsPath);
  writer.name(0, 'events-000001.log');
  writer.arrival({ timeMs: START_MS + 5000, file: 0, size: (await stat(whole[0] ?? '')).size });
  writer.close();
  const [a, b] = await verifyAll([
    { name: 'a', manifestPaths: [manifestPath], eventFiles: whole, arrivalsPath },
    { name: 'b', manifestPaths: [manifestPath], eventFiles: damaged },
  ]);
  t.deepEqual([a?.name, b?.name], ['a', 'b']);
  t.deepEqual(a && found(a), { delivered: 5000 });
  t.like(a, { lastArrivalMs: START_MS + 5000, latencyMs: { count: 5000, max: 5000 } });
  t.deepEqual(b && found(b), { delivered: 4998, lost: '1234-1235' });
  t.is(b?.latencyMs, null);
});

test('what a thread cannot read is the error of the whole', async (t) => {
  const { manifest } = await sent(10);
  const [path = ''] = await eventFiles(t, '');
  const manifestPath = join(dirname(path), 'manifest.json');
  await writeFile(manifestPath, JSON.stringify(manifest));
  const job = { name: 'a', manifestPaths: [manifestPath], eventFiles: [`${path}.gone`] };
  await t.throwsAsync(verifyAll([job]), {
    message: /cannot verify a: cannot read event file: ENOENT.*\.gone/,
  });
});
