// Lines that forwarders are known to trip over, and what became of them. Pure.
//
// Each case is sent by itself, followed by a marker of its own; what arrives up to the marker is judged.

export type Fate = 'kept' | 'altered' | 'dropped' | 'split';

export interface FidelityCase {
  readonly name: string;
  /** Without their newlines. */
  readonly lines: readonly Buffer[];
}

export interface CaseOutcome {
  readonly name: string;
  readonly fate: Fate;
  /** For a reader: what came instead; empty for what was kept. */
  readonly detail: string;
}

const KIB = 1024;
const SHOWN_BYTES = 48;
const NEWLINE = 0x0a;

export const FIDELITY_CASES: readonly FidelityCase[] = [
  { name: 'leading digits', lines: ['7', '12 leading digits', '<13>a priority'].map(bytes) },
  { name: 'tabs', lines: ['\tleading tab', 'a\tb\tc'].map(bytes) },
  { name: 'blanks at both ends', lines: ['  two before and two after  '].map(bytes) },
  { name: 'CRLF', lines: ['ends with a carriage return\r', 'as does this\r'].map(bytes) },
  { name: 'empty line', lines: [bytes('')] },
  { name: 'invalid UTF-8', lines: [Buffer.from([0x61, 0xff, 0xfe, 0x80, 0x62])] },
  { name: 'control characters', lines: ['bell \u0007, escape \u001b[1m, unit \u001f'].map(bytes) },
  { name: 'line of 4 KiB', lines: [longLine(4)] },
  { name: 'line of 64 KiB', lines: [longLine(64)] },
  { name: 'JSON', lines: ['{"m":"cpu","t":{"host":"a\\"b\\\\c"},"v":1.5e-3,"s":"\\n"}'].map(bytes) },
];

/** Neither a tool nor a case makes such a line. */
export function markerOf(index: number): Buffer {
  return bytes(`spillway-fidelity-marker-${index}-end`);
}

/** Lines of `content`, an unfinished last one left out. */
export function linesOf(content: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; ; ) {
    const end = content.indexOf(NEWLINE, from);
    if (end < 0) return lines;
    lines.push(content.subarray(from, end));
    from = end + 1;
  }
}

/** `arrived`: without the marker. `isWhole`: the marker came. */
export function judgeCase(
  { name, lines }: FidelityCase,
  arrived: readonly Buffer[],
  isWhole: boolean,
): CaseOutcome {
  const missing = without(lines, arrived);
  const foreign = without(arrived, lines);
  if (missing.length === 0 && foreign.length === 0 && isWhole) return { name, fate: 'kept', detail: '' };
  const came = foreign[0] === undefined ? '' : `came as ${shown(foreign[0])}`;
  if (foreign.length > missing.length)
    return { name, fate: 'split', detail: `${foreign.length} lines; first ${came}` };
  if (foreign.length > 0) return { name, fate: 'altered', detail: came };
  const blocked = isWhole ? '' : '; nothing came after it';
  return { name, fate: 'dropped', detail: `${missing.length} of ${lines.length} lines${blocked}` };
}

/** Of `lines` those that are not in `others`, one for one. */
function without(lines: readonly Buffer[], others: readonly Buffer[]): Buffer[] {
  const left = others.map((line) => line.toString('latin1'));
  return lines.filter((line) => {
    const index = left.indexOf(line.toString('latin1'));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

function shown(line: Buffer): string {
  const text = JSON.stringify(line.subarray(0, SHOWN_BYTES).toString('utf8'));
  return line.length <= SHOWN_BYTES ? text : `${text}... (${line.length} bytes)`;
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}

/** So many KiB with its newline. */
function longLine(kib: number): Buffer {
  return Buffer.alloc(kib * KIB - 1, `${kib} KiB of text `);
}
