// The documentation says what the schema does: every key, every default.

import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { AgentConfig } from '../../../agent/config/schema.ts';
import { load, problemsOf } from './written.ts';

/** The settings alone, without where the file is. */
function portable({ file, warnings: _, ...settings }: AgentConfig): unknown {
  return JSON.parse(JSON.stringify(settings).replaceAll(dirname(file), '<dir>'));
}

async function yamlOf(section: RegExp): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../../docs/configuration.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(page.slice(page.search(section))) ?? [];
  return yaml;
}

/** An unknown key makes each section name every key it has: those of `required` that `reference` does not show. */
async function keysNotShown(t: ExecutionContext, required: string, reference: string): Promise<string[]> {
  const odd = required.replaceAll(/\{ /g, '{ zzzzzzzz: 0, ');
  const known = (await problemsOf(t, `zzzzzzzz: 0\n${odd}`)).flatMap(
    (problem) => problem.split('expected one of ')[1]?.split(', ') ?? [],
  );
  t.true(known.length > 50);
  return known.filter((key) => !new RegExp(`^[ #{-]*${key}:`, 'm').test(reference));
}

test('the reference in docs/configuration.md shows every key with its true default', async (t) => {
  const reference = await yamlOf(/^/);
  const asDocumented = await load(t, reference);
  const required = `id: instance2
log: { dir: events }
sources: [{ type: tail, name: metrics, dir: spool }, { type: listen, name: hop, address: '127.0.0.2:4100' }, { type: scribe, name: scribe, address: '127.0.0.2:1463' }]
destinations: [{ name: next, instance: instance3 }]
registry: { type: etcd, endpoints: ['http://127.0.0.1:2379'], prefix: /spillway/chain1 }
http: { address: '127.0.0.2:8100' }
`;
  const byDefault = await load(t, required);
  t.deepEqual(portable(asDocumented), portable(byDefault));
  t.deepEqual(await keysNotShown(t, required, reference), []);
});

test('the reference of a cluster shows every key with its true default', async (t) => {
  const reference = await yamlOf(/^## Clusters/m);
  const required = `id: balancer1
log: { dir: events }
sources: [{ type: tail, name: metrics, dir: spool }, { type: listen, name: hop, address: '127.0.0.2:4100' }]
destinations:
  - { name: b, cluster: { strategy: keyHash, key: { format: influx }, members: [{ name: b1, address: '10.0.2.11:4100' }, { name: b2, address: '[fd00::12]:4100' }] } }
`;
  const before = required.slice(0, required.indexOf('destinations'));
  t.deepEqual(portable(await load(t, before + reference)), portable(await load(t, required)));
  const ofOthers = await keysNotShown(t, required, (await yamlOf(/^/)) + reference);
  t.deepEqual(ofOthers, []);
});

test('the reference of a Scribe destination shows every key with its true default', async (t) => {
  const reference = await yamlOf(/^## Scribe/m);
  const required = `id: sender1
log: { dir: events }
sources: [{ type: tail, name: metrics, dir: spool }]
destinations: [{ name: store, address: '10.0.3.31:1463', scribe: { category: metrics } }]
`;
  const before = required.slice(0, required.indexOf('destinations'));
  t.deepEqual(portable(await load(t, before + reference)), portable(await load(t, required)));
  t.deepEqual(await keysNotShown(t, required, (await yamlOf(/^/)) + reference), []);
});
