// What a configuration of Scribe may not say.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { loadConfig } from '../../../agent/config/load.ts';

async function problemsOf(t: ExecutionContext, parts: object): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-scribe-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'agent.json');
  await writeFile(file, JSON.stringify({ id: 'a', log: { dir: 'log' }, ...parts }));
  return loadConfig(file).then(
    () => '',
    (error: Error) => error.message,
  );
}

const source = (more: object) => ({
  sources: [{ type: 'scribe', name: 's', address: '127.0.0.1:1463', ...more }],
});
const destination = (more: object) => ({
  destinations: [{ name: 'd', address: '127.0.0.1:1463', scribe: { category: 'c' }, ...more }],
});

test('what is right is taken', async (t) => {
  t.is(await problemsOf(t, { ...source({ categories: ['cpu', 'disk'] }), ...destination({}) }), '');
});

for (const [what, parts, expected] of [
  [
    'a category twice',
    source({ categories: ['cpu', 'cpu'] }),
    /duplicate category cpu, categories\[0\] is it/,
  ],
  ['a window below a frame', source({ windowBytes: '1MiB' }), /windowBytes.*at least frameBytesMax/],
  ['an event above a batch', source({ eventBytesMax: '2MiB' }), /eventBytesMax.*at most batchBytesMax/],
  [
    'a call above the cap',
    { ...source({}), log: { dir: 'l', capBytes: '16MiB', segmentBytes: '1MiB' } },
    /frameBytesMax/,
  ],
  [
    'two at one address',
    { sources: [...source({}).sources, { ...source({}).sources[0], name: 'other' }] },
    /listens there already/,
  ],
  ['compression', destination({ compression: 'zstd' }), /no compression beside scribe/],
  ['a token', destination({ tokenFile: 'token' }), /no tokenFile beside scribe/],
  [
    'an instance',
    { destinations: [{ name: 'd', instance: 'b', scribe: { category: 'c' } }] },
    /address beside scribe/,
  ],
  ['no category', destination({ scribe: {} }), /scribe.category.*the name of a category/],
] as const) {
  test(`refused: ${what}`, async (t) => {
    t.regex(await problemsOf(t, parts), expected);
  });
}
