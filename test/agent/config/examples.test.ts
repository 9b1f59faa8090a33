// Every example loads, whatever directories this machine has.

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../agent/config/load.ts';

const EXAMPLES = join(import.meta.dirname, '../../../configs/agent');

test('the examples in configs/agent load', async (t) => {
  const files = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yaml'));
  t.true(files.length >= 4);
  for (const file of files) {
    const config = await loadConfig(join(EXAMPLES, file), { directories: 'unchecked' });
    t.true(config.sources.length > 0 && config.destinations.length > 0, file);
  }
});
