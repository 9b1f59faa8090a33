// Configuration templates: `{{name}}` is replaced, and both a name nobody gave and a value nobody used are errors,
// so that a template edited by a user cannot silently miss its address.

import { readFile } from 'node:fs/promises';
import { BenchError } from '../run-error.ts';

export async function renderTemplate(
  file: string,
  values: Readonly<Record<string, string | number>>,
): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new BenchError('usage', `cannot read the template ${file}`, { cause: error });
  });
  const used = new Set<string>();
  const rendered = text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new BenchError('usage', `${file}: unknown placeholder {{${name}}}`);
    used.add(name);
    return String(value);
  });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length === 0) return rendered;
  throw new BenchError('usage', `${file}: the placeholder {{${unused.join('}}, {{')}}} is missing`);
}
