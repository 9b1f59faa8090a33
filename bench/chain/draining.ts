// Nodes of a cluster that were told to want nothing more: their configuration says it, and they read it on SIGHUP.

import { writeFile } from 'node:fs/promises';
import { BenchError } from '../run-error.ts';
import type { FoundTool, Tool, ToolRegistry } from '../tools/tool.ts';
import type { PreparedNode } from './node-setup.ts';

export class DrainingNodes {
  readonly #tool: Tool;
  readonly #found: FoundTool;
  readonly #ids = new Set<string>();

  constructor({ tool, found }: { readonly tool: Tool; readonly found: FoundTool }) {
    this.#tool = tool;
    this.#found = found;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Writes what the node shall read: who is down reads it when it starts. */
  async set({ node, view }: PreparedNode, registry: ToolRegistry, draining: boolean): Promise<void> {
    const tool = this.#tool;
    if (tool.drained === undefined || registry.type !== 'etcd') {
      const why = tool.drained === undefined ? `${tool.name} has no such state` : 'it takes an etcd';
      throw new BenchError('run', `${node.id} cannot be drained: ${why}`);
    }
    for (const { path, text } of await tool.drained(view, this.#found, draining)) await writeFile(path, text);
    if (draining) this.#ids.add(node.id);
    else this.#ids.delete(node.id);
  }
}
