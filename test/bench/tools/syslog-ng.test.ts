import test from 'ava';
import { toolNamed } from '../../../bench/tools/registry.ts';
import { syslogNgTools } from '../../../bench/tools/syslog-ng/syslog-ng.ts';
import type { FoundTool, ToolNode } from '../../../bench/tools/tool.ts';
import { checked } from './checked.ts';
import { CLUSTER, FOUND, toolNode } from './node.ts';

const OLD: FoundTool = { ...FOUND, version: '3.38.1', abilities: ['disk-buffer', 'failover'] };

async function rendered(name: string, node: ToolNode, found = OLD): Promise<string> {
  return (await toolNamed(name).plan(node, found)).files[0]?.text ?? '';
}

test('syslog-ng: lines pass unparsed, in every configuration, under the version that is there', async (t) => {
  for (const { name } of syslogNgTools) {
    const text = await rendered(name, toolNode(t));
    t.regex(text, /^@version: 3\.38\n/, name);
    t.regex(text, /flags\(no-parse\)/, name);
    t.is(text.match(/template\("\$MSG\\n"\)/g)?.length, 3, 'to the file and to both targets');
  }
});

test('syslog-ng: its defaults buffer on disk up to the cap, not reliably, and hold nobody back', async (t) => {
  const text = await rendered('syslog-ng', toolNode(t, { capBytes: 5000 }));
  t.is(text.match(/disk-buffer\(disk-buf-size\(5000\) dir/g)?.length, 2);
  t.notRegex(text, /reliable\(yes\)|flow-control/);
  t.regex(
    text,
    /log \{ source\(incoming\); destination\(events\); destination\(to-a\); destination\(to-b\);/,
  );
});

test('syslog-ng:tuned buffers reliably and holds its source back', async (t) => {
  const text = await rendered('syslog-ng:tuned', toolNode(t));
  t.is(text.match(/reliable\(yes\) mem-buf-size\(\d+\)/g)?.length, 2);
  t.regex(text, /flags\(flow-control\)/);
  const first = await rendered('syslog-ng:tuned', toolNode(t, { receive: null }));
  t.regex(first, /wildcard-file\(\s*base-dir\(/);
  t.notRegex(first, /destination\(events\)/, "the files there are the generator's");
});

test('syslog-ng: options bear the names that its version knows', async (t) => {
  const found = { ...OLD, version: '4.8.1', abilities: ['capacity-bytes', 'failover'] };
  const text = await rendered('syslog-ng:tuned', toolNode(t), found);
  t.regex(text, /capacity-bytes\(\d+\) reliable\(yes\) flow-control-window-bytes\(\d+\)/);
  t.notRegex(text, /disk-buf-size|mem-buf-size/);
});

test('syslog-ng: the members of a cluster are its failover servers', async (t) => {
  const text = await rendered('syslog-ng:tuned', toolNode(t, { send: [CLUSTER] }));
  t.regex(
    text,
    /network\(\s*"127\.77\.1\.101" port\(4100\).*failover\(servers\("127\.77\.1\.102"\) failback/,
  );
});

for (const tool of syslogNgTools) {
  test(`${tool.name}: accepts every configuration that is made for it`, async (t) => {
    await checked(t, tool);
  });
}
