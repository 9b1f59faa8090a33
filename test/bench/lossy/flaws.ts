// What a forwarder can do wrong to a stream of lines, each at places that a test can count.

/** One line in so many is hit: the one with this number in each thousand. */
export const EVERY = 1000;
export const HIT = 500;
/** Lines that `tail` never writes, and that `outage` drops after each reconnection. */
export const TAIL_LINES = 5;
export const OUTAGE_LINES = 100;

export const FLAWS = [
  'none',
  'drops',
  'doubles',
  'swaps',
  'tears',
  'alters',
  'invents',
  'tail',
  'outage',
  'late',
  'deaf',
  'hungry',
] as const;
export type Flaw = (typeof FLAWS)[number];

type Change = (line: Buffer, index: number) => readonly Buffer[];

const newline = Buffer.from('\n');
const isHit = (index: number): boolean => index % EVERY === HIT;

/** Lines with their newline, in the order of the stream; what it returns is written in their place. */
export function changeOf(flaw: Flaw): Change {
  let held: Buffer[] = [];
  const changes: Partial<Record<Flaw, Change>> = {
    drops: (line, index) => (isHit(index) ? [] : [line]),
    doubles: (line, index) => (isHit(index) ? [line, line] : [line]),
    swaps: (line, index) => {
      if (isHit(index)) {
        held = [line];
        return [];
      }
      const swapped = [line, ...held];
      held = [];
      return swapped;
    },
    tears: (line, index) => (isHit(index) ? [line.subarray(0, 40), newline, line.subarray(40)] : [line]),
    alters: (line, index) => (isHit(index) ? [withOtherByte(line)] : [line]),
    invents: (line, index) => (isHit(index) ? [line, Buffer.from('nobody,sent=this value=1\n')] : [line]),
    tail: (line) => {
      held.push(line);
      return held.length > TAIL_LINES ? held.splice(0, 1) : [];
    },
  };
  return changes[flaw] ?? ((line) => [line]);
}

/** In the middle, and never a newline. */
function withOtherByte(line: Buffer): Buffer {
  const copy = Buffer.from(line);
  const at = Math.floor(line.length / 2);
  copy[at] = copy[at] === 0x58 ? 0x59 : 0x58;
  return copy;
}
