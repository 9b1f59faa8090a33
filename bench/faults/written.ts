// However many destinations there are, the log is written once: bytes written by a node against bytes it took.

import type { Evidence } from '../run/evidence.ts';

export function writtenFailures({ plan, books }: Evidence): string[] {
  const most = plan.scenario.asserts.writtenShareMax;
  if (most === undefined) return [];
  return books.nodes.flatMap(({ id, account }) => {
    const appended = account?.sources.reduce((sum, source) => sum + (source.appendedBytes ?? 0), 0) ?? 0;
    const written = account?.log?.writtenBytes;
    if (written === undefined || appended === 0) return [`${id}: nobody says how much it wrote to its log`];
    const share = written / appended;
    if (share <= most) return [];
    return [
      `${id} wrote ${share.toFixed(2)} bytes to its log for every byte it took, expected at most ${most}`,
    ];
  });
}
