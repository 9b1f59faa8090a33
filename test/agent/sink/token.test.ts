// A token that both sides have, and every way in which one of them does not.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { encodeMessage, FrameType } from '../../../agent/wire/frame.ts';
import { temporaryDirectory } from '../source/event-log.ts';
import { helloFrom, Listening } from '../source/listen/listening.ts';
import { until } from '../source/until.ts';
import { hop, saysProblem } from './hop.ts';

const TOKEN = '0123456789abcdef0123456789abcdef';

async function file(t: ExecutionContext, token: string): Promise<string> {
  const path = join(await temporaryDirectory(t), 'token');
  await writeFile(path, `${token}\n`, { mode: 0o600 });
  return path;
}

test('the same token on both sides: everything arrives', async (t) => {
  const tokenFile = await file(t, TOKEN);
  const { listening, send } = await hop(t, { tokenFile }, { tokenFile });
  await send('one\ntwo\n');
  await listening.delivers('one\ntwo\n');
  listening.conserves();
});

test('a wrong token, and none: refused, counted, said once, and told nothing', async (t) => {
  const tokenFile = await file(t, TOKEN);
  const wrong = await hop(t, { tokenFile }, { tokenFile: await file(t, `${TOKEN.slice(1)}x`) });
  const none = await hop(t, { tokenFile }, {});
  for (const each of [wrong, none]) {
    await each.send('never\n');
    await until('it is counted', () => each.listening.outcome('not-authorized') > 3);
    await saysProblem(
      each,
      each === none
        ? /refuses: not authorized: it asks for a token, set tokenFile$/
        : /refuses: not authorized: the token in tokenFile is not the one that is set there$/,
    );
    t.is((await each.listening.events()).length, 0);
    const said = each.listening.lines.filter(({ reason }) => reason === 'not-authorized');
    t.is(said.length, 1);
    t.false(JSON.stringify(each.listening.lines).includes(TOKEN));
  }
});

test('a receiver without the token gets no events', async (t) => {
  const tokenFile = await file(t, TOKEN);
  const without = await hop(t, {}, { tokenFile });
  await without.send('never\n');
  await saysProblem(without, /does not prove that it has the token/);
  t.is((await without.listening.events()).length, 0);
});

test('a proof of another exchange is worth nothing, and data in place of one neither', async (t) => {
  const listening = await Listening.open(t, { tokenFile: await file(t, TOKEN), handshakeTimeoutMs: 30_000 });
  const hello = { ...helloFrom(), nonce: 'ab'.repeat(32) };
  const replayed = await listening.connect();
  replayed.write(encodeMessage(FrameType.hello, hello));
  const challenge = await replayed.frame(FrameType.challenge);
  t.regex(challenge.body.toString(), /^\{"nonce":"[0-9a-f]{64}"\}$/);
  replayed.write(encodeMessage(FrameType.proof, { proof: 'cd'.repeat(32) }));
  t.like(await replayed.refusal(), { code: 'not-authorized', message: 'not authorized' });
  const again = await listening.connect();
  again.write(encodeMessage(FrameType.hello, hello));
  t.notDeepEqual((await again.frame(FrameType.challenge)).body, challenge.body, 'nonces are fresh');
  again.batch(0, 'never\n');
  await listening.counts('handshake');
  t.is((await listening.events()).length, 0);
});

test('a token that is too short is refused at the start', async (t) => {
  const error = await t.throwsAsync(Listening.open(t, { tokenFile: await file(t, 'short') }));
  t.regex(error?.message ?? '', /has 5 bytes, expected 16 to 4096 random ones: openssl rand -hex 32/);
});
