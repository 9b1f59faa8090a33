// Awkward lines through one real hop of each tool that is here: found, rendered, checked, started, carried, stopped.
// Where a tool is not on this machine its test says so. (Flume sleeps up to ten seconds between two lines, which is too
// long for here.) What each alters is a fact about the tool, stated below.

import { join } from 'node:path';
import test from 'ava';
import { probeFidelity } from '../../../bench/fidelity/probe.ts';
import { toolNamed } from '../../../bench/tools/registry.ts';

const root = join(import.meta.dirname, '../../..');
const NEVER = new AbortController().signal;

const KNOWN = [
  ['agent', {}],
  ['rsyslog:relp', { 'empty line': 'dropped' }],
  ['syslog-ng:tuned', { CRLF: 'altered', 'empty line': 'dropped' }],
  ['fluent-bit', { CRLF: 'altered' }],
  ['fluent-bit:tuned', { CRLF: 'altered' }],
  ['otelcol:tuned', { CRLF: 'altered', 'empty line': 'dropped', 'invalid UTF-8': 'altered' }],
] as const;
for (const [name, wanted] of KNOWN) {
  test.serial(`${name}: carries awkward lines, and alters only what is known`, async (t) => {
    t.timeout(90_000);
    const tool = toolNamed(name);
    const found = await tool.locate(root);
    if (!found.found) {
      t.log(`not run, because ${name} is not here; to get it: ${found.howToGet}`);
      t.pass();
      return;
    }
    const { cases } = await probeFidelity(root, tool, found, NEVER);
    const fates = cases.filter(({ fate }) => fate !== 'kept').map((each) => [each.name, each.fate] as const);
    t.deepEqual(Object.fromEntries(fates), wanted, `version ${found.version}`);
    t.is(cases.length, 10);
  });
}
