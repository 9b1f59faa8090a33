// One rsyslog.conf for a node, put together from the pieces in configs/rsyslog.

import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../run-error.ts';
import { renderTemplate } from '../template.ts';
import type { Endpoint, FoundTool, SendTarget, ToolNode } from '../tool.ts';

export type Configuration = 'defaults' | 'tuned' | 'relp';

const FOLDER = 'configs/rsyslog';
const FIRST_FILE = 'events-000001.log';
const PIECES = {
  defaults: { tail: 'tail.conf', forward: 'forward.conf', receive: 'receive.conf' },
  tuned: { tail: 'tail-tuned.conf', forward: 'forward-tuned.conf', receive: 'receive-tuned.conf' },
  relp: { tail: 'tail-tuned.conf', forward: 'forward-relp.conf', receive: 'receive-relp.conf' },
} as const;
const QUEUE = 'queue-tuned.conf';

export function configurationPath(node: ToolNode): string {
  return join(node.confDir, 'rsyslog.conf');
}

export async function configurationOf(
  configuration: Configuration,
  node: ToolNode,
  found: FoundTool,
): Promise<string> {
  const folder = join(node.root, FOLDER);
  const pieces = PIECES[configuration];
  const parts = [await renderTemplate(join(folder, 'base.conf'), { workDir: node.bufferDir })];
  if (configuration !== 'defaults') parts.push(await renderTemplate(join(folder, QUEUE), {}));
  const forwards: string[] = [];
  if (configuration === 'relp') parts.push('module(load="omrelp")\n');
  for (const target of node.send) {
    if (isChain(target, configuration, found)) {
      parts.push(await failoverRuleset(configuration, node, target));
      forwards.push(`  call to-${target.name}\n`);
    } else {
      forwards.push(await forwardAction(configuration, node, target));
    }
  }
  const forward =
    forwards.length === 0 ? '  # The end of the chain: nothing to forward.\n' : forwards.join('\n');
  if (node.receive === null) {
    const values = { eventsDir: node.eventsDir, forward };
    parts.push(await renderTemplate(join(folder, pieces.tail), values));
  } else {
    const values = {
      ...node.receive,
      link: await currentFileLink(node),
      rollCommand: join(folder, 'roll.sh'),
      segmentBytes: node.segmentBytes,
      sync: onOff(node.durability === 'fsync'),
      forward,
    };
    parts.push(await renderTemplate(join(folder, pieces.receive), values));
  }
  return parts.join('\n');
}

/** A pool of targets where this rsyslogd has them; else actions that wait until the one before is suspended. */
function isChain({ members = [] }: SendTarget, configuration: Configuration, found: FoundTool): boolean {
  if (members.length < 2) return false;
  return configuration === 'relp' || !(found.abilities ?? []).includes('pool');
}

function forwardAction(configuration: Configuration, node: ToolNode, target: SendTarget): Promise<string> {
  const members = target.members ?? [target];
  const values = {
    target: target.name,
    hosts: listed(members.map(({ host }) => host)),
    ports: listed(members.map(({ port }) => String(port))),
    bufferDir: node.bufferDir,
    capBytes: node.capBytes,
  };
  const sync = onOff(node.durability === 'fsync');
  const file = join(node.root, FOLDER, PIECES[configuration].forward);
  return renderTemplate(file, configuration === 'defaults' ? values : { ...values, sync });
}

async function failoverRuleset(
  configuration: Configuration,
  node: ToolNode,
  { name, members = [] }: SendTarget,
): Promise<string> {
  const actions = await Promise.all(
    members.map((member, index) => memberAction(configuration, node, member, index, members.length)),
  );
  return renderTemplate(join(node.root, FOLDER, 'cluster.conf'), {
    target: name,
    bufferDir: node.bufferDir,
    capBytes: node.capBytes,
    members: actions.join('\n'),
  });
}

function memberAction(
  configuration: Configuration,
  node: ToolNode,
  { name, host, port }: Endpoint,
  index: number,
  members: number,
): Promise<string> {
  const transport =
    configuration === 'relp'
      ? { module: 'omrelp', template: 'frame', transport: 'windowSize="10000" timeout="20" conn.timeout="5"' }
      : { module: 'omfwd', template: 'raw', transport: 'protocol="tcp" TCP_Framing="traditional"' };
  return renderTemplate(join(node.root, FOLDER, 'member.conf'), {
    ...{ member: name, host, port, ...transport },
    retries: index + 1 === members ? -1 : 0,
    standby: onOff(index > 0),
  });
}

/** A word for one, a list for several. */
function listed(words: readonly string[]): string {
  const unique = [...new Set(words)];
  const quoted = (unique.length === 1 ? unique : words).map((word) => `"${word}"`);
  return quoted.length === 1 ? quoted.join('') : `[${quoted.join(', ')}]`;
}

function onOff(on: boolean): 'on' | 'off' {
  return on ? 'on' : 'off';
}

/** rsyslogd writes to a link, so that rolling never renames a file that somebody follows. */
async function currentFileLink(node: ToolNode): Promise<string> {
  const link = join(node.bufferDir, 'current.log');
  try {
    await symlink(join(node.eventsDir, FIRST_FILE), link);
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
  return link;
}
