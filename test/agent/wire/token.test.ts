// A file with a token as an operator may leave it, and what stays in use where it is not in order.

import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { Kept } from '../../../agent/wire/kept.ts';
import { readToken } from '../../../agent/wire/token.ts';
import { temporaryDirectory } from '../source/event-log.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';

const path = async (t: ExecutionContext) => join(await temporaryDirectory(t), 'token');

test('blanks and newlines around it do not count, however the file was made', async (t) => {
  const file = await path(t);
  for (const text of [TOKEN, `${TOKEN}\n`, `${TOKEN}\r\n`, `\n  ${TOKEN}\t\n\n`, `\uFEFF${TOKEN}\n`]) {
    await writeFile(file, text);
    t.is((await readToken(file)).toString(), TOKEN);
  }
});

test('a file that is empty, cut, too long, or no file: said with what is expected', async (t) => {
  const file = await path(t);
  const cases = [
    ['', /has 0 bytes, expected 16 to 4096 random ones: openssl rand -hex 32$/],
    ['\n\n', /has 0 bytes/],
    [TOKEN.slice(0, 15), /has 15 bytes/],
    ['x'.repeat(4_097), /has 4097 bytes/],
    ['x'.repeat(10_000), /cannot read .*: it is larger than 8192 bytes$/],
  ] as const;
  for (const [text, message] of cases) {
    await writeFile(file, text);
    await t.throwsAsync(readToken(file), { code: 'config', message });
  }
  await t.throwsAsync(readToken('/dev/zero'), { message: /it is no regular file$/ });
});

test('a token file that is changed, emptied and removed: a new token counts, nothing else does', async (t) => {
  const file = await path(t);
  await writeFile(file, TOKEN);
  const troubles: string[] = [];
  const kept = new Kept(
    () => readToken(file),
    ({ message }) => void troubles.push(message),
  );
  await kept.refresh();
  await writeFile(file, '');
  for (let look = 0; look < 3; look++) t.is((await kept.refresh()).toString(), TOKEN);
  await rm(file);
  t.is((await kept.refresh()).toString(), TOKEN);
  t.is(troubles.length, 2, 'each is told once');
  t.regex(troubles[1] ?? '', /cannot read .*: it does not exist/);
  const next = TOKEN.toUpperCase();
  await writeFile(file, `${next}\n`);
  t.is((await kept.refresh()).toString(), next);
  t.is(kept.value?.toString(), next);
});
