// A cursor that cannot be written is said: once in the log, and in /healthz for as long as it lasts.

import test from 'ava';
import { healthOf } from '../../../agent/health.ts';
import { StaticRegistry } from '../../../agent/registry/static.ts';
import { ClusterDestination } from '../../../agent/sink/cluster/cluster.ts';
import { Destination } from '../../../agent/sink/destination.ts';
import { openOn } from '../log/crash-case.ts';
import { ModelDisk, systemError } from '../log/model-disk.ts';
import { randomOf } from '../log/random.ts';
import { captureLogger } from '../source/captured-logger.ts';
import { until } from '../source/until.ts';
import { clusterOptions } from './cluster/clustering.ts';
import { LOG_OPTIONS, SENDING_OPTIONS } from './sending.ts';

const NOBODY = { host: '127.0.0.1', port: 9 };

for (const kind of ['endpoint', 'cluster'] as const) {
  test(`silent-cursor: a cursor of one that fails is told, with the reason, until it works again: ${kind}`, async (t) => {
    const disk = new ModelDisk(randomOf(1));
    const log = await openOn(disk, LOG_OPTIONS);
    const { logger, lines } = captureLogger();
    const registry = new StaticRegistry({});
    const parts = { log, registry, logger };
    const destination =
      kind === 'cluster'
        ? await ClusterDestination.open(clusterOptions([NOBODY]), parts)
        : await Destination.open({ ...SENDING_OPTIONS, to: { by: 'address', address: NOBODY } }, parts);
    t.teardown(async () => {
      disk.plan = () => 'go';
      await destination.close(0);
      await log.close();
    });
    let failed = 0;
    disk.plan = (_, name, path) => {
      if (name !== 'write' || !path.endsWith('.cursor')) return 'go';
      failed++;
      return systemError('EIO', 'the cursor');
    };
    const { position } = destination.succession;
    position.nextSession();
    destination.start();
    const degraded = () =>
      healthOf({
        log,
        registry,
        sources: [],
        destinations: [destination],
        interruptions: [],
        configuration: {
          generation: 1,
          sinceMs: 0,
          lastReload: null,
          reloads: { applied: 0, unchanged: 0, refused: 0 },
        },
      }).degraded;
    await until('it has failed more than once', () => failed > 2);
    t.deepEqual(degraded(), [`${destination.name} cannot write its cursor: EIO: the cursor`]);
    const said = (text: string) => lines.filter(({ msg }) => msg === text);
    const [once, ...more] = said('cannot write the cursor, trying again');
    t.like(once, { level: 50, detail: 'EIO: the cursor' });
    t.deepEqual(more, []);
    disk.plan = () => 'go';
    await until('it is said that it works', () => said('the cursor is written again').length === 1);
    t.deepEqual(degraded(), []);
    t.is(said('cannot write the cursor, trying again').length, 1);
  });
}
