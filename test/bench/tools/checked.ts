// The tool's own configuration check, on every kind of node. Where the tool is not on this machine there is nothing to
// ask, and the log says so.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import type { Tool } from '../../../bench/tools/tool.ts';
import { CLUSTER, root, toolNode } from './node.ts';

export async function checked(t: ExecutionContext, tool: Tool): Promise<void> {
  const found = await tool.locate(root);
  if (!found.found) {
    t.log(`not checked, because ${tool.name} is not here; to get it: ${found.howToGet}`);
    t.pass();
    return;
  }
  const nodes = [toolNode(t, { receive: null }), toolNode(t), toolNode(t, { send: [] })];
  if (tool.features.balances) nodes.push(toolNode(t, { send: [CLUSTER] }));
  for (const node of nodes) {
    const { files, checks } = await tool.plan(node, found);
    t.true(checks.length > 0, 'it has a check of its own');
    for (const { path, text } of files) writeFileSync(path, text);
    for (const { argv, env } of checks) {
      const [command = '', ...args] = argv;
      const options = { stdio: 'pipe', env: { ...process.env, ...env } } as const;
      t.notThrows(() => execFileSync(command, args, options), argv.join(' '));
    }
  }
}
