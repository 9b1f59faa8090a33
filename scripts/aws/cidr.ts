// A network in CIDR notation, as a user writes it after --allow, in the one spelling that AWS takes: its first address.

import { isIPv4, isIPv6 } from 'node:net';
import { BenchError } from '../../bench/run-error.ts';

interface Family {
  readonly bits: number;
  /** Wider than this is a slip of the keyboard. */
  readonly narrowerThan: number;
  readonly toGroups: (address: string) => readonly number[];
  readonly groupBits: number;
  readonly toText: (groups: readonly number[]) => string;
}

const FOUR: Family = {
  ...{ bits: 32, narrowerThan: 8, groupBits: 8 },
  toGroups: (address) => address.split('.').map(Number),
  toText: (groups) => groups.join('.'),
};
const SIX: Family = {
  ...{ bits: 128, narrowerThan: 16, groupBits: 16 },
  toGroups: groupsOfSix,
  toText: (groups) => canonicalSix(groups.map((group) => group.toString(16)).join(':')),
};

/** `198.51.100.7/24` is `198.51.100.0/24`: AWS refuses the first, or shows another one than it was told. */
export function checkedNetwork(text: string): string {
  const [address = '', bits = '', ...more] = text.split('/');
  const family = isIPv4(address) ? FOUR : isIPv6(address) ? SIX : null;
  const size = Number(bits);
  if (family === null || more.length > 0 || !/^\d{1,3}$/.test(bits) || size > family.bits) {
    throw new BenchError('usage', `--allow ${text}: expected a network like 198.51.100.0/24`);
  }
  if (size < family.narrowerThan) {
    throw new BenchError(
      'usage',
      `--allow ${text}: that is half the world; expected /8 or narrower (IPv6: /16)`,
    );
  }
  const first = family.toGroups(address).map((group, index) => group & mask(family, size, index));
  return `${family.toText(first)}/${size}`;
}

/** The bits of a group that belong to the network. */
function mask({ groupBits }: Family, size: number, index: number): number {
  const left = Math.min(groupBits, Math.max(0, size - index * groupBits));
  return (2 ** left - 1) << (groupBits - left);
}

function groupsOfSix(address: string): readonly number[] {
  const [head = '', tail] = canonicalSix(address).split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail ?? '')];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** Lower case, no leading zeros, the longest run of zeros as `::`, and no dotted end. */
function canonicalSix(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}
