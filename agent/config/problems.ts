// Turns what zod found into problems a user understands: what stands there, what was expected. The
// expectations are written in scalars.ts and section.ts; here are only those of zod's own types.

import type { z } from 'zod';
import type { KeyPath, Problem } from './document.ts';

const TEXT_SHOWN_MAX = 60;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'text',
  number: 'a number',
  boolean: 'true or false',
};

/** Every problem of `value` in `issues`; `prefix` is where in the configuration `value` stands. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], value: unknown, prefix: KeyPath): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    const inside = issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key));
    const path = [...prefix, ...inside];
    if (issue.code === 'unrecognized_keys') {
      const hints = issue.message.split('\n'); // one a key, see section.ts
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        at: 'key' as const,
        text: `unknown key, ${hints[index]}`,
      }));
    }
    if (issue.code === 'invalid_key') {
      return [{ path, at: 'key', text: `expected ${issue.issues[0]?.message ?? 'another key'}` }];
    }
    if (issue.code === 'custom' && valueAt(issue, ['params', 'whole']) === true) {
      return [{ path, at: 'value', text: `expected ${issue.message}` }];
    }
    return [{ path, at: 'value', text: foundAndExpected(valueAt(value, inside), expectation(issue)) }];
  });
}

/** What was expected, in words that fit behind "expected". */
function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options) ? oneOf(issue.options) : issue.message;
    case 'too_small':
      return `at least ${issue.minimum} of them`;
    default:
      return issue.message;
  }
}

function oneOf(values: readonly unknown[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
}

export function foundAndExpected(found: unknown, expected: string): string {
  return found === undefined
    ? `missing, expected ${expected}`
    : `found ${describeFound(found)}, expected ${expected}`;
}

function describeFound(found: unknown): string {
  if (found === null) return 'nothing';
  if (Array.isArray(found)) return found.length === 0 ? 'an empty list' : 'a list';
  if (typeof found === 'object') return 'a mapping';
  if (typeof found !== 'string') return `the ${typeof found} ${String(found)}`;
  const shown = found.length > TEXT_SHOWN_MAX ? `${found.slice(0, TEXT_SHOWN_MAX)}...` : found;
  return JSON.stringify(shown);
}

/** The raw value at `path`, or undefined where there is none. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
        ? Reflect.get(inner, key)
        : undefined,
    value,
  );
}
