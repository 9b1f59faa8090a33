// One flume.properties for a node, put together from the pieces in configs/flume.

import { join } from 'node:path';
import { renderTemplate } from '../template.ts';
import type { SendTarget, ToolNode } from '../tool.ts';

export type Configuration = 'defaults' | 'tuned';

const FOLDER = 'configs/flume';
/** A channel is limited in events: the cap is so many of what the generator sends in the mean. */
const EVENT_BYTES = 115;
/** Sinks of a target, or groups of a cluster, that empty its channel side by side; each is a thread. */
const LANES: Readonly<Record<Configuration, number>> = { defaults: 1, tuned: 4 };
const PIECES = {
  tail: ['tail.properties', 'tail-tuned.properties'],
  receive: ['receive.properties', 'receive-tuned.properties'],
  channel: ['channel.properties', 'channel-tuned.properties'],
  sink: ['sink.properties', 'sink-tuned.properties'],
  group: ['group.properties', 'group-tuned.properties'],
} as const;
/** The channel between the avro source and the files. */
const EVENTS = 'events';

interface Sink {
  readonly name: string;
  readonly group: string | null;
  readonly text: string;
}

export async function propertiesOf(configuration: Configuration, node: ToolNode): Promise<string> {
  const { eventsDir, bufferDir, receive } = node;
  const channels = [...(receive === null ? [] : [EVENTS]), ...node.send.map(({ name }) => `to-${name}`)];
  const values = { eventsDir, channels: channels.join(' ') };
  const source =
    receive === null
      ? await pieces(node, configuration, 'tail', { ...values, bufferDir })
      : await pieces(node, configuration, 'receive', { ...values, ...receive });
  const buffers = await Promise.all(channels.map((channel) => channelText(configuration, node, channel)));
  const sinks = (await Promise.all(node.send.map((target) => sinksOf(configuration, node, target)))).flat();
  const groups = await groupTexts(configuration, node, sinks);
  const names = [...(receive === null ? [] : [EVENTS]), ...sinks.map(({ name }) => name)];
  const lists = [`node.channels = ${channels.join(' ')}`, `node.sinks = ${names.join(' ')}`];
  if (groups.names.length > 0) lists.push(`node.sinkgroups = ${groups.names.join(' ')}`);
  const texts = [source, ...buffers, ...sinks.map(({ text }) => text), ...groups.texts];
  return `${lists.join('\n')}\n\n${texts.join('\n')}`;
}

function channelText(configuration: Configuration, node: ToolNode, channel: string): Promise<string> {
  return pieces(node, configuration, 'channel', {
    channel,
    bufferDir: node.bufferDir,
    capacity: Math.floor(node.capBytes / EVENT_BYTES),
    eventBytes: EVENT_BYTES,
    sync: String(node.durability === 'fsync'),
  });
}

async function sinksOf(configuration: Configuration, node: ToolNode, target: SendTarget): Promise<Sink[]> {
  const members = target.members ?? [target];
  const lanes = Array.from({ length: LANES[configuration] }, (_, lane) => lane + 1);
  const sinks = lanes.flatMap((lane) => {
    const group = members.length === 1 ? null : `${target.name}-${lane}`;
    return members.map(async ({ name: member, host, port }): Promise<Sink> => {
      const name = `to-${member}-${lane}`;
      const values = { sink: name, channel: `to-${target.name}`, host, port };
      return { name, group, text: await pieces(node, configuration, 'sink', values) };
    });
  });
  return Promise.all(sinks);
}

async function groupTexts(configuration: Configuration, node: ToolNode, sinks: readonly Sink[]) {
  const names = [...new Set(sinks.map(({ group }) => group).filter((group) => group !== null))];
  const texts = await Promise.all(
    names.map((group) => {
      const members = sinks.filter((sink) => sink.group === group).map(({ name }) => name);
      return pieces(node, configuration, 'group', { group, sinks: members.join(' ') });
    }),
  );
  return { names, texts };
}

/** A piece, and what tuning adds to it. */
async function pieces(
  node: ToolNode,
  configuration: Configuration,
  piece: keyof typeof PIECES,
  values: Readonly<Record<string, string | number>>,
): Promise<string> {
  const [plain, addition] = PIECES[piece].map((file) => join(node.root, FOLDER, file));
  const text = await renderTemplate(plain ?? '', values);
  if (configuration === 'defaults') return text;
  // An addition names at most what it adds to.
  const own = Object.entries(values).filter(([name]) => name === piece);
  return text + (await renderTemplate(addition ?? '', Object.fromEntries(own)));
}
