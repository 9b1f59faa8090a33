import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { discoverTools, furtherFolders } from '../../../bench/tools/discovery.ts';

const LOSSY = join(import.meta.dirname, '../lossy');

function adapter(t: ExecutionContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-tools-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, `${name}.ts`), text);
  return folder;
}

test("one folder is one tool, the bench's own and those of a user", async (t) => {
  const tools = await discoverTools([join(import.meta.dirname, '../../../bench/tools'), LOSSY]);
  const names = tools.map(({ name }) => name);
  for (const name of ['agent', 'agent-scribe', 'rsyslog', 'rsyslog:tuned', 'socat', 'lossy:drops'])
    t.true(names.includes(name), name);
});

test('an adapter that cannot be taken is named with what is wrong', async (t) => {
  const empty = adapter(t, 'empty', 'export const nothing = 1;\n');
  await t.throwsAsync(discoverTools([empty]), { message: /empty\/empty\.ts: exports no tool/ });
  const broken = adapter(t, 'broken', "throw new Error('ouch');\n");
  await t.throwsAsync(discoverTools([broken]), { message: /broken\.ts: cannot be loaded: ouch/ });
  await t.throwsAsync(discoverTools([LOSSY, LOSSY]), { message: /there is a tool lossy:honest already/ });
  t.throws(() => furtherFolders('/nowhere/at/all'), { message: 'SPILLWAY_TOOLS: no folder /nowhere/at/all' });
});
