// How a cluster's load is shared: ranges of the log whole, by one of the strategies, or by slots with keyHash. Each has
// its ledger, its dispatch and its senders; the members and the book are the same.

import type { ClusterConfig } from '../../config/cluster.ts';
import type { ClusterCursor } from '../../log/cursor.ts';
import type { EventLog } from '../../log/log.ts';
import type { Channel, LaneSender } from '../lane.ts';
import type { Position } from '../position.ts';
import { Book } from './book.ts';
import { Dispatch } from './dispatch.ts';
import { KeyReader } from './key.ts';
import { KeyBodies } from './key-bodies.ts';
import { KeyDispatch } from './key-dispatch.ts';
import { KeyLedger } from './key-ledger.ts';
import { KeySender } from './key-sender.ts';
import type { LaneLedger } from './lane-ledger.ts';
import { Ledger } from './ledger.ts';
import type { ClusterMember } from './member.ts';
import { MemberSender } from './member-sender.ts';
import { resharded } from './resharding.ts';
import { STRATEGIES } from './strategy.ts';

export interface Dispatcher {
  /** Gives out what can be given out now, in the background. */
  poke(): void;
  close(): Promise<void>;
}

export interface Work {
  readonly book: Book;
  readonly dispatch: (members: () => readonly ClusterMember[]) => Dispatcher;
  readonly sender: (member: string, channel: Channel) => LaneSender;
}

export async function openWork(config: ClusterConfig, log: EventLog, position: Position): Promise<Work> {
  const { strategy, key } = config;
  if (strategy !== 'keyHash') return await openRanges(config, STRATEGIES[strategy](), log, position);
  if (key === undefined) throw new Error('keyHash without a key');
  return await openKeys(config, new KeyReader(key), log, position);
}

async function openRanges(
  { rangeBytes, rangesMax, inDoubtRangesMax }: ClusterConfig,
  strategy: ReturnType<(typeof STRATEGIES)['failover']>,
  log: EventLog,
  position: Position,
): Promise<Work> {
  const book = await Book.open(log, position, async (cursor) => {
    const ours = resharded(cursor, position.mark, 'ranges');
    const ledger = new Ledger(ours, inDoubtRangesMax);
    const { live } = ledger;
    if (live !== null) {
      const isEmpty = live.from.offset >= log.endOffset;
      ledger.closeUnknown(isEmpty ? live.from : await log.markAtLeast(live.limit));
    }
    return ledger;
  });
  let dispatch: Dispatch | null = null;
  return {
    book,
    dispatch: (members) => {
      dispatch = new Dispatch({ log, book, strategy, members, rangeBytes, rangesMax });
      return dispatch;
    },
    sender: (member, channel) => {
      const reader = log.reader(book.ledger.position.offset);
      const isDrained = () => isGivenOut(book.ledger, log);
      return new MemberSender({ ...channel, member, book, reader, isDrained, onCut: () => dispatch?.poke() });
    },
  };
}

async function openKeys(
  { rangeBytes, rangesMax, inDoubtRangesMax }: ClusterConfig,
  reader: KeyReader,
  log: EventLog,
  position: Position,
): Promise<Work> {
  const ledgerOf = (cursor: ClusterCursor) =>
    new KeyLedger(resharded(cursor, position.mark, 'keys'), inDoubtRangesMax);
  const book = await Book.open(log, position, ledgerOf);
  const bodies = new KeyBodies(log, reader, rangeBytes);
  book.ledger.onDone = (held) => bodies.done(held);
  return {
    book,
    dispatch: (members) => new KeyDispatch({ log, book, bodies, members, rangesMax }),
    sender: (member, channel) => {
      return new KeySender({
        ...channel,
        member,
        book,
        bodies,
        isDrained: () => isGivenOut(book.ledger, log),
      });
    },
  };
}

/** Everything was given out: what is live ends with the log. */
function isGivenOut(ledger: LaneLedger, log: EventLog): boolean {
  return ledger.returned.length === 0 && ledger.sentTo.offset >= log.endOffset;
}
