// A destination that was to become a cluster, or to share its load in another way, and whose cursor could not be written:
// who has the position next finds nothing of it there.

import test, { type ExecutionContext } from 'ava';
import { StaticRegistry } from '../../../../agent/registry/static.ts';
import { ClusterDestination, type ClusterOptions } from '../../../../agent/sink/cluster/cluster.ts';
import { Ledger } from '../../../../agent/sink/cluster/ledger.ts';
import { Credentials } from '../../../../agent/sink/credentials.ts';
import { Position } from '../../../../agent/sink/position.ts';
import { openOn } from '../../log/crash-case.ts';
import { appendLines, sourceOf } from '../../log/lines.ts';
import { ModelDisk, systemError } from '../../log/model-disk.ts';
import { randomOf } from '../../log/random.ts';
import { captureLogger } from '../../source/captured-logger.ts';
import { LOG_OPTIONS } from '../sending.ts';
import { clusterOptions } from './clustering.ts';

const NOBODY = [{ host: '127.0.0.1', port: 9 }];

/** Two events of four bytes, and a position before them. */
async function prepare(t: ExecutionContext) {
  const disk = new ModelDisk(randomOf(1));
  const log = await openOn(disk, LOG_OPTIONS);
  await appendLines(log, sourceOf(log), ['one']);
  await appendLines(log, sourceOf(log), ['two']);
  const position = await Position.open(log, 'b', 'oldest');
  t.teardown(async () => {
    disk.plan = () => 'go';
    await position.close();
    await log.close();
  });
  const { logger, lines } = captureLogger();
  const parts = { log, registry: new StaticRegistry({}), logger };
  const credentials = new Credentials({}, logger);
  const succession = { position, policy: 'block', connections: 0, credentials } as const;
  const succeed = (more: Partial<ClusterOptions['cluster']> = {}) =>
    ClusterDestination.succeed(clusterOptions(NOBODY, more), parts, succession);
  return { disk, log, position, lines, succeed };
}

test('leaked-cluster: a position whose cluster could not be written down is as it was', async (t) => {
  const { disk, position, succeed } = await prepare(t);
  const before = position.state;
  disk.plan = (_, name, path) =>
    name === 'write' && path.endsWith('.cursor') ? systemError('EIO', path) : 'go';
  await t.throwsAsync(succeed(), { code: 'disk' });
  t.deepEqual(position.state, before);
});

test('leaked-cluster: what a policy drops meanwhile stays dropped', async (t) => {
  const { disk, log, position, succeed } = await prepare(t);
  const to = await log.markAtLeast(4);
  disk.plan = (_, name, path) => {
    if (name !== 'write' || !path.endsWith('.cursor')) return 'go';
    position.drop({ from: log.start, to, reason: 'dropOldest' });
    return systemError('EIO', path);
  };
  await t.throwsAsync(succeed(), { code: 'disk' });
  t.is(position.state.cluster, undefined);
  t.deepEqual(
    position.gaps.map(({ from, to: end, reason }) => [from.offset, end.offset, reason]),
    [[0, 4, 'dropOldest']],
  );
});

test('doubts-told-to-nobody: a change of sharing that goes on at the second attempt says what stays in doubt', async (t) => {
  const { disk, log, position, lines, succeed } = await prepare(t);
  const ledger = new Ledger(Ledger.fresh(log.start), 16);
  ledger.give('b1', log.end);
  position.update({ cluster: ledger.cursor(), position: ledger.position });
  const before = position.state;
  disk.plan = (_, name, path) =>
    name === 'write' && path.endsWith('.cursor') ? systemError('EIO', path) : 'go';
  const keyed = { strategy: 'keyHash', key: { format: 'graphite' } } as const;
  await t.throwsAsync(succeed(keyed), { code: 'disk' });
  t.deepEqual(position.state, before);
  t.deepEqual(lines, []);
  disk.plan = () => 'go';
  const next = await succeed(keyed);
  t.teardown(() => next.close(0));
  t.like(lines[0], { level: 40, inDoubt: { events: 2, bytes: 8 } });
});
