// A YAML file checked by a zod schema, where every complaint names file, line, path and what was expected.
// Scenarios and chain files are both read through here.

import { readFile } from 'node:fs/promises';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { BenchError, hasCode } from './run-error.ts';

type Path = readonly PropertyKey[];

export async function readYaml<T>(file: string, schema: z.ZodType<T>): Promise<{ value: T; text: string }> {
  const text = await readText(file);
  return { value: parseYaml(file, text, schema), text };
}

export function parseYaml<T>(file: string, text: string, schema: z.ZodType<T>): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const line = lines.linePos(broken.pos[0]).line;
    throw new BenchError('usage', `${file}:${line}: not YAML: ${broken.message.split('\n')[0] ?? ''}`);
  }
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.flatMap((issue) => complaintsOf(issue));
  const listed = complaints.map(({ path, said }) => {
    return `${file}:${lineOf(document, lines, path)}: ${pathText(path)}: ${said}`;
  });
  throw new BenchError('usage', listed.join('\n'));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new BenchError('usage', `${file}: no such file`, { cause: error });
    throw new BenchError('usage', `cannot read ${file}: ${String(error)}`, { cause: error });
  }
}

function complaintsOf(issue: z.core.$ZodIssue): { path: Path; said: string }[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...issue.path, key], said: 'unknown key' }));
  }
  return [{ path: issue.path, said: issue.message.replace(/^Invalid (input|option): /, '') }];
}

/** The line of the node at `path`, or of its nearest ancestor that is in the file. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let depth = path.length; depth > 0; depth--) {
    const offset = offsetOf(document, path.slice(0, depth));
    if (offset !== null) return lines.linePos(offset).line;
  }
  return 1;
}

function offsetOf(document: Document, path: Path): number | null {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1);
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === last);
    return isNode(pair?.key) ? (pair.key.range?.[0] ?? null) : null;
  }
  const node = document.getIn(path, true);
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

function pathText(path: Path): string {
  return path.length === 0 ? '(top)' : path.map((key) => String(key)).join('.');
}
