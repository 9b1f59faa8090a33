// A directory has many names where links lead to it: what may not be the same is compared by what it is.

import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../../agent/config/load.ts';
import { write } from './written.ts';

const config = (log: string, ...dirs: string[]) =>
  `id: a\nlog: { dir: ${log} }\nsources:\n${dirs.map((dir, index) => `  - { type: tail, name: t${index}, dir: ${dir} }\n`).join('')}`;

test('own-log-by-a-link: an agent does not tail its own log, whatever link leads to it', async (t) => {
  const { dir, file } = await write(t, config('events', 'link'));
  await mkdir(join(dir, 'events'));
  await symlink('events', join(dir, 'link'));
  await t.throwsAsync(loadConfig(file), {
    code: 'config',
    message: /sources\[0\]\.dir: .*link is log\.dir too/,
  });

  const above = await write(t, config('up/events', 'events'));
  await mkdir(join(above.dir, 'events'));
  await symlink('.', join(above.dir, 'up'));
  await t.throwsAsync(loadConfig(above.file), { code: 'config', message: /events is log\.dir too/ });
});

test('one-directory-by-a-link: two tails that follow one directory are warned of', async (t) => {
  const { dir, file } = await write(t, config('events', 'spool', 'link'));
  await symlink(join(dir, 'spool'), join(dir, 'link'));
  const { warnings } = await loadConfig(file);
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', /sources\[1\]\.dir: another tail follows .*spool too/);

  await mkdir(join(dir, 'other'));
  const apart = await write(t, config('events', 'spool', 'other'));
  await mkdir(join(apart.dir, 'other'));
  t.deepEqual((await loadConfig(apart.file)).warnings, []);
});
