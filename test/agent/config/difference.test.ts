// An agent can be told while it runs that it drains: of its registry section nothing else may change.

import test from 'ava';
import { changeOf, fixedKeys } from '../../../agent/config/difference.ts';
import { load, MINIMAL } from './written.ts';

const registry = (keys: string) => `registry: { type: etcd, endpoints: ['http://a:1'], prefix: p${keys} }\n`;

test('draining is applied, and is a change; any other key of the registry needs a restart', async (t) => {
  const was = await load(t, MINIMAL + registry(''));
  const draining = await load(t, MINIMAL + registry(', draining: true'));
  const other = await load(t, MINIMAL + registry(', draining: true, ttlSeconds: 9'));
  const nowhere = await load(t, MINIMAL);
  const atOnePlace = (config: typeof was) => ({ ...config, file: was.file, log: was.log });
  t.deepEqual(fixedKeys(was, atOnePlace(draining)), []);
  t.false(changeOf(was, draining).isEmpty);
  t.true(changeOf(draining, draining).isEmpty);
  t.deepEqual(fixedKeys(was, atOnePlace(other)), ['registry.ttlSeconds']);
  t.deepEqual(fixedKeys(was, atOnePlace(nowhere)), ['registry']);
});
