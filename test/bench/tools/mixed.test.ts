import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { linkToolName, toolNamed } from '../../../bench/tools/registry.ts';
import { FOUND, toolNode } from './node.ts';

const MIXED = 'rsyslog:tuned,agent,agent';
const LOCATED = { ...FOUND, links: [FOUND, FOUND, FOUND] };

test('a node between two tools receives with one, and sends what lies in events/ with the other', async (t) => {
  const node = toolNode(t);
  const { processes, files, log } = await toolNamed(MIXED).plan(node, LOCATED);
  t.deepEqual(
    processes.map(({ name }) => name),
    ['receive', 'send'],
  );
  const [receiving, sending] = files;
  t.is(receiving?.path, join(node.confDir, 'receive', 'rsyslog.conf'));
  t.notRegex(receiving?.text ?? '', /omfwd/, 'the receiving part sends nothing on');
  t.is(sending?.path, join(node.confDir, 'send', 'agent.yaml'));
  t.regex(sending?.text ?? '', /"type":"tail"/);
  t.true((sending?.text ?? '').includes(node.eventsDir));
  t.is(log, join(node.bufferDir, 'send'), 'the cap holds for the buffer of the sending part');
  for (const { path } of files) t.true(existsSync(join(path, '..')), 'its folder is there');
});

test('where one tool does both it passes on as in a chain of its own', async (t) => {
  const links = { incoming: 1, outgoing: 2 };
  const { processes, files } = await toolNamed(MIXED).plan(toolNode(t, { links }), LOCATED);
  t.is(processes.length, 1);
  t.regex(files[0]?.text ?? '', /"type":"listen"/);
  t.regex(files[0]?.text ?? '', /"name":"b"/);
});

test('the ends of a mixed chain run the tool of their only link', async (t) => {
  const tool = toolNamed(MIXED);
  const first = toolNode(t, { receive: null, links: { incoming: null, outgoing: 0 } });
  const last = toolNode(t, { send: [], links: { incoming: 2, outgoing: null } });
  t.true((await tool.plan(first, LOCATED)).files[0]?.path.endsWith('rsyslog.conf'));
  t.true((await tool.plan(last, LOCATED)).files[0]?.path.endsWith('agent.yaml'));
});

test('a mixed chain promises what its weakest link does', (t) => {
  const { features, accounts } = toolNamed('agent,rsyslog');
  t.is(accounts, null, 'every link is judged by the event files on both of its sides');
  t.like(features, { acknowledges: false, usesRegistry: false, buffersOnDisk: true });
  t.deepEqual(features.acknowledgedAfter, { fsync: 'memory', os: 'memory' });
  t.deepEqual(toolNamed('agent,socat').features.durabilities, ['os']);
});

test('a link without a tool, and a tool that does not exist, are named', async (t) => {
  const links = { incoming: 2, outgoing: 3 };
  await t.throwsAsync(toolNamed(MIXED).plan(toolNode(t, { links }), LOCATED), { message: /link 4.*3 tools/ });
  t.throws(() => toolNamed('agent,hammer'), { message: /no tool 'hammer'/ });
  t.is(linkToolName(MIXED, 0), 'rsyslog:tuned');
  t.is(linkToolName('agent', 2), 'agent');
});
