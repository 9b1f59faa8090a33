// The documentation says what the schema does: every key, every default.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import type { AgentConfig } from '../../../agent/config/schema.ts';
import { load, problemsOf } from './written.ts';

/** The settings alone, without where the file is. */
function portable({ file, warnings: _, ...settings }: AgentConfig): unknown {
  return JSON.parse(JSON.stringify(settings).replaceAll(dirname(file), '<dir>'));
}

test('the reference in docs/configuration.md shows every key with its true default', async (t) => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
  const [, reference = ''] = /```yaml\n(.*?)```/s.exec(page) ?? [];
  const asDocumented = await load(t, reference);
  const required = `id: instance2
log: { dir: events }
sources: [{ type: tail, name: metrics, dir: spool }, { type: listen, name: hop, address: '127.0.0.2:4100' }]
destinations: [{ name: next, instance: instance3 }]
registry: { type: etcd, endpoints: ['http://127.0.0.1:2379'], prefix: /spillway/chain1 }
http: { address: '127.0.0.2:8100' }
`;
  const byDefault = await load(t, required);
  t.deepEqual(portable(asDocumented), portable(byDefault));

  // An unknown key makes each section name every key it has.
  const odd = required.replaceAll(/\{ /g, '{ zzzzzzzz: 0, ');
  const known = (await problemsOf(t, `zzzzzzzz: 0\n${odd}`)).flatMap(
    (problem) => problem.split('expected one of ')[1]?.split(', ') ?? [],
  );
  t.true(known.length > 50);
  t.deepEqual(
    known.filter((key) => !new RegExp(`^[ #-]*${key}:`, 'm').test(reference)),
    [],
  );
});
