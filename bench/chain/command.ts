// `up`, `down`, `status`: the chain that stays up when the command has ended.

import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BenchError, hasCode } from '../run-error.ts';
import { chainToolName } from '../scenario.ts';
import { toolNamed } from '../tools/registry.ts';
import { LocalChain } from './chain.ts';
import { DEFAULT_CHAIN_CONFIG, readChainConfig } from './chain-config.ts';
import { type ChainFile, chainNames, readChainFile } from './chain-file.ts';
import { describeLeftovers, takeDown } from './down.ts';
import { chainsFolder, HTTP_PORT, layoutChain } from './layout.ts';
import { findLeftovers } from './leftovers.ts';
import { isAlive } from './procfs.ts';
import { describeRegistry } from './registry.ts';

export const LOCAL_CHAIN = 'local';

type Say = (line: string) => void;

export async function up(
  root: string,
  config: string | undefined,
  signal: AbortSignal,
  say: Say,
): Promise<number> {
  const {
    chain: shape,
    durability,
    log,
  } = await readChainConfig(resolve(config ?? join(root, DEFAULT_CHAIN_CONFIG)));
  const layout = layoutChain(root, LOCAL_CHAIN, shape);
  const standing = await readChainFile(layout.dir);
  if (standing !== null && (await anyAlive(standing))) {
    throw new BenchError('run', 'the local chain is up already; see `status`, or take it down with `down`');
  }
  await refuseLeftovers(layout.dir);
  const tool = toolNamed(chainToolName(shape));
  const found = await tool.locate(root);
  if (!found.found)
    throw new BenchError('tool-missing', `${tool.name} is not here; to get it: ${found.howToGet}`);
  const ended: string[] = [];
  const chain = new LocalChain(layout, {
    ...{
      shape,
      tool,
      found,
      durability,
      log,
      destinationKeepBytes: log.keep,
      tls: shape.tls,
      zstd: shape.zstd,
      onNote: say,
    },
    onExit: (record) => ended.push(record.name),
  });
  try {
    await chain.prepare(signal);
    const ids = layout.nodes.map((node) => node.id);
    await chain.start(ids, signal);
    await chain.waitConnected(signal, ids);
    if (ended.length > 0) throw new BenchError('run', `ended right after the start: ${ended.join(', ')}`);
  } catch (error) {
    await chain.stop();
    say(`the chain did not come up; its output is in ${layout.dir}`);
    throw error;
  }
  say(`the chain is up (${tool.name} ${found.version}, registry ${chain.registryText}):`);
  for (const { node, view } of chain.nodes) {
    const http = tool.accounts === null ? '' : `  http://${view.address}:${HTTP_PORT}/metrics`;
    say(`  ${node.id.padEnd(10)} ${node.address.padEnd(14)} ${node.eventsDir}${http}`);
  }
  return 0;
}

export interface DownCommand {
  readonly listOnly: boolean;
  /** Only these chains; none: all. */
  readonly names: readonly string[];
}

export async function down(root: string, { listOnly, names }: DownCommand, say: Say): Promise<number> {
  if (listOnly) {
    const found = await findLeftovers(root, names);
    for (const line of describeLeftovers(found)) say(line);
    if (found.processes.length + found.folders.length > 0) return 1;
    say('nothing is up');
    return 0;
  }
  const left = await takeDown(root, say, names);
  if (left.processes.length + left.folders.length === 0) {
    say('nothing is left');
    return 0;
  }
  say('still there:');
  for (const line of describeLeftovers(left)) say(line);
  return 1;
}

/** Exit status 0: the local chain is up, every process of it. */
export async function status(root: string, say: Say): Promise<number> {
  let localIsWhole = false;
  const names = await chainNames(root);
  if (names.length === 0) say('no chain in this checkout');
  for (const name of names) {
    const file = await readChainFile(join(chainsFolder(root), name));
    if (file === null) {
      say(`${name}: a folder without chain.json; \`down\` removes it`);
      continue;
    }
    const alive = await Promise.all(file.processes.map((record) => isAlive(record)));
    const standing = alive.filter((is) => is).length;
    say(
      `${name}: ${file.tool}, ${file.durability}, registry ${describeRegistry(file.registry)}, ${standing} of ${alive.length} processes up`,
    );
    const { nodes } = layoutChain(root, name, file.shape);
    for (const [index, { pid, name: process, node }] of file.processes.entries()) {
      const state = alive[index] === true ? 'up  ' : 'DOWN';
      const address = nodes.find(({ id }) => id === node)?.address ?? '';
      say(`  ${state} ${String(pid).padStart(7)} ${process.padEnd(12)} ${address}`);
    }
    if (name === LOCAL_CHAIN) localIsWhole = standing === alive.length && standing > 0;
  }
  return localIsWhole ? 0 : 1;
}

export async function anyAlive(file: ChainFile): Promise<boolean> {
  const alive = await Promise.all(file.processes.map((record) => isAlive(record)));
  return alive.includes(true);
}

/** Bytes of an earlier chain would be taken for bytes of this one. */
async function refuseLeftovers(dir: string): Promise<void> {
  try {
    await access(dir);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  throw new BenchError('run', `${dir} is there from a chain that is no longer up; remove it with \`down\``);
}
