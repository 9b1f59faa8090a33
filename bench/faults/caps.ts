// Was the cap kept, and was the disk really used? Two witnesses: the tool's own high-water mark, and the folder as
// the file system shows it.

import type { Evidence } from '../run/evidence.ts';

const REACHED_SHARE = 0.75;
const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;

interface NodeHighs {
  readonly id: string;
  readonly capBytes: number;
  readonly ownBytes: number;
  readonly seenBytes: number;
  readonly bufferedBytes: number;
  readonly syncs: number;
  readonly writtenBytes: number;
}

export function capFailures(evidence: Evidence): string[] {
  const { asserts } = evidence.plan.scenario;
  const highs = highsOf(evidence);
  const failures = highs.flatMap(({ id, capBytes, ownBytes, seenBytes }) => {
    if (capBytes === 0)
      return isWatched(evidence) ? [`${id}: its cap is not known, so nobody held it to it`] : [];
    const over: string[] = [];
    if (ownBytes > capBytes) over.push(`${id}: its log was ${ownBytes} bytes by its own account`);
    if (seenBytes > capBytes) over.push(`${id}: its log folder was ${seenBytes} bytes`);
    return over.map((text) => `${text}, above its cap of ${capBytes}`);
  });
  for (const id of asserts.capReached) {
    const high = highs.find((candidate) => candidate.id === id);
    if (high !== undefined && high.capBytes > 0 && high.ownBytes >= REACHED_SHARE * high.capBytes) continue;
    failures.push(
      `${id}: its log was at most ${mib(high?.ownBytes ?? 0)}: its cap of ${mib(high?.capBytes ?? 0)} was not reached`,
    );
  }
  const buffered = Math.max(0, ...highs.map(({ bufferedBytes }) => bufferedBytes));
  const least = (asserts.bufferedShareMin ?? 0) * longestOutageBytes(evidence);
  // A tool without counters is not asked: what it holds in memory nobody can see.
  const isAsked = asserts.bufferedShareMin !== undefined && evidence.books.keepsAccounts;
  if (isAsked && (least === 0 || buffered < least)) {
    failures.push(`at most ${mib(buffered)} were buffered, expected at least ${mib(least)}`);
  }
  return failures;
}

/** Whether caps should have been seen: something was broken, and the tool says what its caps are. */
function isWatched({ faults, books }: Evidence): boolean {
  return books.keepsAccounts && faults.faults.length + faults.watch.length > 0;
}

export function capNotes(evidence: Evidence): string[] {
  if (!evidence.books.keepsAccounts) return folderNotes(evidence);
  return highsOf(evidence)
    .filter(({ bufferedBytes }) => bufferedBytes > 0)
    .map(({ id, bufferedBytes, seenBytes, capBytes, writtenBytes, syncs }) => {
      return `${id} buffered up to ${mib(bufferedBytes)}; its log was up to ${mib(seenBytes)} of ${mib(capBytes)}; ${mib(writtenBytes)} written, ${syncs} syncs`;
    });
}

/** By how much the folder of a rival's buffer grew: more than its queue may be in there, and what is in memory is not. */
function folderNotes({ faults, books }: Evidence): string[] {
  return books.nodes.flatMap(({ id }) => {
    const sizes = faults.watch
      .map(({ nodes }) => nodes[id]?.bufferBytes)
      .filter((size) => size !== undefined);
    const grown = Math.max(0, ...sizes) - (sizes[0] ?? 0);
    return grown < 2 ** 20 ? [] : [`the folder of ${id}'s buffer grew by up to ${mib(grown)}`];
  });
}

/** What was sent while the longest outage lasted. */
function longestOutageBytes({ faults, manifest }: Evidence): number {
  if (manifest === null || manifest.pace.kind !== 'schedule') return 0;
  const lasted = faults.faults.map(({ fromMs, toMs }) => (toMs ?? fromMs) - fromMs);
  const events = (Math.max(0, ...lasted) / 1000) * manifest.pace.eventsPerSecond;
  return events * (manifest.bytes / Math.max(1, manifest.events));
}

function highsOf({ faults, books }: Evidence): NodeHighs[] {
  return books.nodes.map(({ id }) => {
    const looks = faults.watch.map(({ nodes }) => nodes[id]).filter((node) => node !== undefined);
    const accounts = looks.map(({ account }) => account).filter((account) => account !== null);
    const logs = accounts.map(({ log }) => log).filter((log) => log !== undefined);
    const most = (values: readonly number[]) => values.reduce((high, value) => Math.max(high, value), 0);
    return {
      id,
      capBytes: most(logs.map(({ capBytes }) => capBytes)),
      ownBytes: most(logs.map(({ bytesMax }) => bytesMax)),
      seenBytes: most(looks.map(({ logBytes }) => logBytes ?? 0)),
      bufferedBytes: most(
        accounts.flatMap(({ destinations }) => destinations.map(({ bufferedBytes }) => bufferedBytes ?? 0)),
      ),
      syncs: rises(logs.map(({ syncs }) => syncs)),
      writtenBytes: rises(logs.map(({ writtenBytes }) => writtenBytes)),
    };
  });
}

/** Sum of what a counter rose by; it begins anew when its process does. */
function rises(values: readonly number[]): number {
  return values.reduce((sum, value, index) => {
    const before = values[index - 1] ?? 0;
    return sum + (value >= before ? value - before : value);
  }, 0);
}
