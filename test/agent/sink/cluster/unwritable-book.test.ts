// A cluster whose cursor cannot be written is refused at once, and leaves nothing behind.

import test from 'ava';
import { pino } from 'pino';
import { StaticRegistry } from '../../../../agent/registry/static.ts';
import { ClusterDestination } from '../../../../agent/sink/cluster/cluster.ts';
import { openOn } from '../../log/crash-case.ts';
import { ModelDisk, systemError } from '../../log/model-disk.ts';
import { randomOf } from '../../log/random.ts';
import { LOG_OPTIONS } from '../sending.ts';
import { clusterOptions } from './clustering.ts';

test('unwritable-book: opening a cluster on a failing disk is an error, not a wait without end', async (t) => {
  const disk = new ModelDisk(randomOf(1));
  await using log = await openOn(disk, LOG_OPTIONS);
  const options = clusterOptions([{ host: '127.0.0.1', port: 9 }]);
  const parts = { log, registry: new StaticRegistry({}), logger: pino({ level: 'silent' }) };
  let writes = 0;
  disk.plan = (_, name, path) => {
    // the two slots of a new cursor are made, what the book writes into it fails
    if (name === 'write' && path.endsWith('.cursor')) writes++;
    return writes > 3 && path.endsWith('.cursor') ? systemError('EIO', path) : 'go';
  };
  await t.throwsAsync(ClusterDestination.open(options, parts), { code: 'disk' });
  t.true(writes > 3);
  disk.plan = () => 'go';
  const again = await ClusterDestination.open(options, parts);
  await again.close(0);
});
