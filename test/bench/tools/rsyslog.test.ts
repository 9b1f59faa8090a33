import { execFileSync } from 'node:child_process';
import { chmodSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { toolNamed } from '../../../bench/tools/registry.ts';
import { abilitiesOf } from '../../../bench/tools/rsyslog/abilities.ts';
import { rsyslogTools } from '../../../bench/tools/rsyslog/rsyslog.ts';
import type { FoundTool, ToolNode } from '../../../bench/tools/tool.ts';
import { checked } from './checked.ts';
import { CLUSTER, FOUND, root, toolNode } from './node.ts';

async function rendered(name: string, node: ToolNode, found: FoundTool = FOUND): Promise<string> {
  return (await toolNamed(name).plan(node, found)).files[0]?.text ?? '';
}

test('rsyslog: lines pass as they came, in every configuration', async (t) => {
  for (const { name } of rsyslogTools) {
    const text = await rendered(name, toolNode(t));
    t.regex(text, /escapeControlCharactersOnReceive="off"/, name);
    t.regex(text, /string="%rawmsg%\\n"/, name);
    if (name !== 'rsyslog:relp') t.regex(text, /supportOctetCountedFraming="off"/, name);
  }
});

test('rsyslog: its defaults give up at the first failure; only the buffer and its cap are set', async (t) => {
  const text = await rendered('rsyslog', toolNode(t, { capBytes: 1000 }));
  t.notRegex(text, /resumeRetryCount="|saveOnShutdown="|persistStateInterval|main_queue/);
  t.is(text.match(/queue\.maxDiskSpace="1000"/g)?.length, 2, 'one buffer for each target');
});

test('rsyslog:tuned never gives up and buffers each target on disk by itself', async (t) => {
  const text = await rendered('rsyslog:tuned', toolNode(t));
  t.is(text.match(/action\.resumeRetryCount="-1"/g)?.length, 2);
  t.is(text.match(/queue\.saveOnShutdown="on"/g)?.length, 2);
  t.regex(text, /queue\.filename="forward-a"/);
  t.regex(text, /queue\.filename="forward-b"/);
  t.regex(text, /sync="on"/);
  t.regex(await rendered('rsyslog:tuned', toolNode(t, { receive: null })), /persistStateInterval="20000"/);
  t.regex(await rendered('rsyslog:tuned', toolNode(t, { durability: 'os' })), /queue\.syncQueueFiles="off"/);
});

test('rsyslog:relp sends and receives by RELP', async (t) => {
  const text = await rendered('rsyslog:relp', toolNode(t));
  t.regex(text, /input\(type="imrelp" address="127\.77\.1\.2" port="4100"/);
  t.is(text.match(/type="omrelp" target="127\.77\.1\.10[12]" port="4100"/g)?.length, 2);
  t.notRegex(text, /omfwd|imptcp/);
});

test('rsyslog: a cluster is a chain of actions, of which the last never gives up', async (t) => {
  const text = await rendered('rsyslog:tuned', toolNode(t, { send: [CLUSTER] }));
  t.regex(text, /ruleset\(\s*name="to-c"/);
  t.regex(text, /call to-c/);
  t.deepEqual(text.match(/resumeRetryCount="-?\d" .*execOnlyWhenPreviousIsSuspended="\w+"/g), [
    'resumeRetryCount="0" action.resumeInterval="1" action.execOnlyWhenPreviousIsSuspended="off"',
    'resumeRetryCount="-1" action.resumeInterval="1" action.execOnlyWhenPreviousIsSuspended="on"',
  ]);
});

test('rsyslog: a cluster is a pool where this rsyslogd knows pools', async (t) => {
  const found = { ...FOUND, abilities: ['pool'] };
  const text = await rendered('rsyslog:tuned', toolNode(t, { send: [CLUSTER] }), found);
  t.regex(text, /target=\["127\.77\.1\.101", "127\.77\.1\.102"\] port="4100"/);
  t.notRegex(text, /execOnlyWhenPreviousIsSuspended/);
});

test('rsyslog: its events roll from file to file by moving the link', async (t) => {
  const node = toolNode(t);
  await rendered('rsyslog', node);
  const link = join(node.bufferDir, 'current.log');
  t.is(readlinkSync(link), join(node.eventsDir, 'events-000001.log'));
  for (let turn = 0; turn < 9; turn++) execFileSync(join(root, 'configs/rsyslog/roll.sh'), [link]);
  t.is(readlinkSync(link), join(node.eventsDir, 'events-000010.log'));
});

test('rsyslog: what it can do is what its own check accepts', async (t) => {
  const { confDir } = toolNode(t);
  const binary = join(confDir, 'rsyslogd');
  writeFileSync(binary, '#!/bin/sh\ngrep -q relp "$3" && test "$1" = -N1\n');
  chmodSync(binary, 0o755);
  t.deepEqual(await abilitiesOf({ binary, env: {} }), ['relp']);
});

for (const tool of rsyslogTools) {
  test(`${tool.name}: accepts every configuration that is made for it`, async (t) => {
    await checked(t, tool);
  });
}
