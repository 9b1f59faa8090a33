// A live verification in a rig that fails: nothing may be concluded about the tool.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { ChainNode } from '../../../bench/chain/layout.ts';
import type { OpenChain } from '../../../bench/run/chain.ts';
import { Draft } from '../../../bench/run/draft.ts';
import { LiveVerification } from '../../../bench/run/live.ts';
import type { RunContext } from '../../../bench/run/run.ts';
import { verifyNodes } from '../../../bench/run/verification.ts';
import { evidence, manifest } from './evidence.ts';

async function following(t: ExecutionContext, manifestText: string) {
  const dir = await mkdtemp(join(tmpdir(), 'spillway-live-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const eventsDir = join(dir, 'events');
  await mkdir(eventsDir);
  await mkdir(join(dir, 'verify'));
  const manifestPath = join(dir, 'manifest.json');
  await writeFile(manifestPath, manifestText);
  const node = { id: 'a', dir, eventsDir } as ChainNode;
  const live = new LiveVerification(node, manifestPath);
  t.teardown(() => live.close());
  return { live, eventsDir, dir };
}

/** The end of a run of which nothing but this destination is left to verify. */
async function verified(live: LiveVerification): Promise<Draft> {
  const draft = new Draft(evidence().plan);
  draft.live.push(live);
  const open = {
    chain: { layout: { nodes: [] }, begun: [] },
    baseline: { files: new Map() },
  } as unknown as OpenChain;
  const context = { outDir: '', signal: new AbortController().signal } as unknown as RunContext;
  await verifyNodes(draft, open, '', context);
  return draft;
}

test('live-verifier-missed-a-file: one that is gone before it could be kept makes the run invalid', async (t) => {
  const { live, eventsDir, dir } = await following(t, JSON.stringify(manifest));
  await writeFile(join(eventsDir, '00000000000000000000.log'), 'a line\n');
  // without the folder for second names the system says what it says of a file that is gone
  await rm(join(dir, 'verify'), { recursive: true });
  const draft = await verified(live);
  t.regex(draft.invalid[0] ?? '', /^a: 1 event files were deleted before the verifier could keep them/);
});

test('live-verifier-died: the verdict is invalid, and names whom it could not judge', async (t) => {
  const { live } = await following(t, 'no manifest');
  const error = await t.throwsAsync(verified(live), { message: /cannot verify a|the verifier of a ended/ });
  // what a run ends with as invalid, and not as a mistake of the rig's
  t.like(error, { name: 'BenchError', code: 'run' });
});
