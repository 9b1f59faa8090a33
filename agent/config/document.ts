// A YAML file with the place of everything in it: what the checks find wrong they name by a path
// (`destinations[1].address`), and the user wants the line.

import { isMap, isNode, isPair, LineCounter, type ParsedNode, parseDocument } from 'yaml';

const ALIASES_MAX = 100;

export type KeyPath = readonly (string | number)[];

/** Something wrong, or likely wrong, at a place of the configuration. */
export interface Problem {
  readonly path: KeyPath;
  /** Whether the key itself is meant, or its value. */
  readonly at: 'key' | 'value';
  /** What was found and what was expected. */
  readonly text: string;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxProblem extends Place {
  readonly text: string;
}

export interface ConfigDocument {
  /** As plain values; null where the file is empty or its syntax is wrong. */
  readonly value: unknown;
  readonly syntaxProblems: readonly SyntaxProblem[];
  /** Where a problem is; of a key that is missing, where the mapping begins that lacks it. */
  placeOf(problem: Problem): Place;
}

export function parseConfigDocument(source: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false, strict: true });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const syntaxProblems = [...document.errors, ...document.warnings].map(({ code, pos, message }) => ({
    ...placeAt(pos[0]),
    text:
      code === 'DUPLICATE_KEY'
        ? `${keyAt(source, pos[0])}: this key stands twice in one mapping, expected it once`
        : lowerFirst(message.replace(/\s+/g, ' ')),
  }));
  let value: unknown = null;
  try {
    if (syntaxProblems.length === 0) value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    // an alias that expands without end, or to nothing
    const text = error instanceof Error ? error.message : String(error);
    syntaxProblems.push({ line: 1, column: 1, text: lowerFirst(text) });
  }
  const placeOf = ({ path, at }: Problem): Place => {
    const parent = nearestNode(document.contents, path.slice(0, -1));
    const offset =
      at === 'key' ? keyOffset(parent, path.at(-1)) : nearestNode(document.contents, path)?.range[0];
    return placeAt(offset ?? parent?.range[0] ?? 0);
  };
  return { value, syntaxProblems, placeOf };
}

/** The key that begins there, as it is written. */
function keyAt(source: string, offset: number): string {
  return /^(?:"[^"\n]*"|'[^'\n]*'|[^\s:]+)/.exec(source.slice(offset, offset + 256))?.[0] ?? '?';
}

/** The node at `path`, or the last one on the way to it. */
function nearestNode(contents: ParsedNode | null, path: KeyPath): ParsedNode | undefined {
  let node = contents ?? undefined;
  for (const key of path) {
    const next: unknown = node !== undefined && 'get' in node ? node.get(key as never, true) : undefined;
    if (!isNode(next) || !Array.isArray(next.range)) return node;
    node = next as ParsedNode; // nodes with a range come from the parser
  }
  return node;
}

function keyOffset(parent: ParsedNode | undefined, key: string | number | undefined): number | undefined {
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isPair(item) && String(item.key) === String(key));
  return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
}

/** `destinations[1].address` */
export function formatPath(path: KeyPath): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
