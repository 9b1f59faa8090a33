// What a process said last: the evidence when it did not start or ended by itself.

import { readFile } from 'node:fs/promises';

const LINES_MAX = 15;

export async function outputTail(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const lines = text.trimEnd().split('\n').slice(-LINES_MAX);
  return lines.map((line) => `  ${line.slice(0, 500)}`).join('\n');
}
