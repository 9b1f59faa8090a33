// Text laid out for a terminal: colours, wrapping, columns. All of it works on characters, styles come last.

import { styleText } from 'node:util';
import { printableLine, shorten } from './printable.ts';

export type Style = 'green' | 'red' | 'yellow' | 'dim' | 'bold';

/** Colours text or leaves it alone. */
export type Paint = (styles: readonly Style[], text: string) => string;

export function paintIf(color: boolean): Paint {
  return (styles, text) => (color ? styleText([...styles], text, { validateStream: false }) : text);
}

/** Breaks at spaces, and inside a word only if the word alone is wider. Further lines are indented. */
export function wrap(text: string, width: number, indent: string): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of printableLine(text).split(' ').filter(Boolean)) {
    const next = line === '' ? word : `${line} ${word}`;
    if (lengthOf(next) <= width) {
      line = next;
      continue;
    }
    if (line.trim() !== '') lines.push(line);
    line = lines.length > 0 ? `${indent}${word}` : word;
    while (lengthOf(line) > width) {
      const characters = [...line];
      lines.push(characters.slice(0, width).join(''));
      line = `${indent}${characters.slice(width).join('')}`;
    }
  }
  if (line.trim() !== '') lines.push(line);
  return lines;
}

/** Puts parts beside each other, three spaces apart, on as many lines as they need. */
export function flow(parts: readonly string[], width: number): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && lengthOf(last) + 3 + lengthOf(part) <= width)
      lines[lines.length - 1] = `${last}   ${part}`;
    else lines.push(cutTo(part, width));
  }
  return lines;
}

/** Rows of cells to aligned lines; the first column is text, the others are as `align` says. */
export function columns(
  rows: readonly (readonly string[])[],
  align: 'left' | 'right',
  gap = '  ',
): readonly string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) =>
    Math.max(...rows.map((row) => lengthOf(row[at] ?? ''))),
  );
  const pad = (cell: string, at: number): string => {
    const space = ' '.repeat((widths[at] ?? 0) - lengthOf(cell));
    return at > 0 && align === 'right' ? space + cell : cell + space;
  };
  return rows.map((row) =>
    widths
      .map((_, at) => pad(row[at] ?? '', at))
      .join(gap)
      .trimEnd(),
  );
}

/** At most `width` characters of one line. */
export function cutTo(text: string, width: number): string {
  return shorten(printableLine(text), Math.max(1, width));
}

export function lengthOf(text: string): number {
  return [...text].length;
}
