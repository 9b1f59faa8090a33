// Whatever stands in the file, loading it ends in a configuration or in problems with a place: never in an
// error of another kind. A seed that fails is printed and can be given to fast-check.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadConfig } from '../../../agent/config/load.ts';
import { SpillwayError } from '../../../agent/errors.ts';

async function scratch(
  t: ExecutionContext,
): Promise<(source: string | Uint8Array) => Promise<readonly string[]>> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-hostile-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'agent.yaml');
  return async (source) => {
    await writeFile(file, source);
    try {
      await loadConfig(file, { directories: 'unchecked' });
      return [];
    } catch (error) {
      if (!(error instanceof SpillwayError) || error.code !== 'config') throw error;
      const { problems } = error.data;
      if (!Array.isArray(problems)) throw error;
      const lines = problems.map((problem) => String(problem).slice(file.length));
      const odd = lines.find((line) => !/^:\d+:\d+: \S/.test(line) || /undefined|NaN|\[object/.test(line));
      if (odd !== undefined) throw new Error(`not a problem for a user: ${odd}`);
      return lines;
    }
  };
}

const scalar = fc.oneof(
  fc.constantFrom(
    null,
    true,
    -1,
    0,
    1.5,
    1e20,
    '',
    '4KiB',
    '5s',
    'tail',
    'etcd',
    '127.0.0.1:4100',
    '[::1]:1',
    '\0',
  ),
  fc.integer(),
);
const anything = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('value'), { maxLength: 2 }), tie('mapping')),
  mapping: fc.dictionary(
    fc.constantFrom(
      'type',
      'name',
      'dir',
      'address',
      'instance',
      'instances',
      'endpoints',
      'capBytes',
      '__proto__',
      'x y',
    ),
    tie('value'),
    { maxKeys: 4 },
  ),
})).value;
const section = (type: string) =>
  fc
    .dictionary(fc.constantFrom('name', 'dir', 'address', 'include', 'pollMs'), anything)
    .map((keys) => ({ type, ...keys }));
const configuration = fc.record(
  {
    id: fc.oneof(fc.constant('a'), anything),
    role: anything,
    log: fc.oneof(fc.constant({ dir: 'events' }), anything),
    registry: anything,
    sources: fc.oneof(
      fc.array(fc.oneof(section('tail'), section('listen'), anything), { maxLength: 3 }),
      anything,
    ),
    destinations: fc.oneof(fc.array(anything, { maxLength: 3 }), anything),
    http: anything,
    stop: anything,
  },
  { requiredKeys: [] },
);

test('any tree of values', async (t) => {
  const problemsOf = await scratch(t);
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(configuration, async (value) => {
      if ((await problemsOf(stringify(value))).length > 0) refused += 1;
    }),
    { numRuns: 500 },
  );
  t.true(refused > 100);
});

test('any bytes', async (t) => {
  const problemsOf = await scratch(t);
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 64 }), async (bytes) => {
      await problemsOf(bytes);
    }),
    { numRuns: 300 },
  );
  t.true((await problemsOf(Buffer.from([0, 255, 254, 10]))).length > 0);
});

test('aliases: harmless ones work, one that expands without end, a loop and one to nothing are refused', async (t) => {
  const problemsOf = await scratch(t);
  const shared = 'id: a\nlog: { dir: events, pendingBytesMax: &size 8MiB, journalBytesMax: *size }\n';
  t.deepEqual(await problemsOf(shared), []);
  const levels = Array.from({ length: 9 }, (_, n) => `x${n + 1}: &l${n + 1} [${`*l${n}, `.repeat(9)}]`);
  t.regex((await problemsOf(`x0: &l0 [a]\n${levels.join('\n')}\n`)).join(), /alias/);
  t.true((await problemsOf('id: a\nlog: &log { dir: *log }\n')).length > 0);
  t.true((await problemsOf('id: *nobody\nlog: { dir: events }\n')).length > 0);
});

test('keys that are no text, and keys that every object has', async (t) => {
  const problemsOf = await scratch(t);
  const found = await problemsOf(
    'id: a\nlog: { dir: events, 7: 8, constructor: x, __proto__: { capBytes: 1 } }\n',
  );
  t.deepEqual(
    found.map((line) => line.replace(/, expected one of dir, durability, .*$/, '')),
    [':2:21: log.7: unknown key', ':2:27: log.constructor: unknown key', ':2:43: log.__proto__: unknown key'],
  );
});
