// `agent cursor DIR show [DESTINATION] | drop DESTINATION | settle DESTINATION MEMBER | rewind DESTINATION --to PLACE |
// renew DESTINATION`: how far destinations have
// got, and an operator's hand on it. What changes something takes the lock, so it is refused beside a running agent.

import { join } from 'node:path';
import { SpillwayError } from '../errors.ts';
import { type LockHeld, lockDirectory } from '../lock.ts';
import { CURSOR_DIRECTORY, type CursorState } from '../log/cursor.ts';
import { realDisk } from '../log/disk.ts';
import type { Mark } from '../log/marks.ts';
import { cursorPath, surveyCursor, surveyNames } from '../log/survey.ts';
import { doubtsOf } from '../sink/cluster/forgone.ts';
import { Ledger } from '../sink/cluster/ledger.ts';
import { talliesOf } from '../sink/tallies.ts';
import { badUsage, checkLogDirectory, readArguments } from './arguments.ts';
import { boundaryAt } from './boundary.ts';
import { dryStart } from './dry-start.ts';
import { withoutDoubts } from './in-doubt.ts';
import { type ClusterProgress, type CursorEntry, takeInventory } from './inventory.ts';
import { endWithReader, plural, print, reasons } from './output.ts';
import { parsePoint } from './point.ts';
import { moveCursor, renewCursor } from './rewind.ts';
import { CURSOR_USAGE } from './usage.ts';
import { writeCursor } from './write-cursor.ts';

interface Order {
  readonly dir: string;
  readonly destination: string;
  readonly yes: boolean;
  readonly json: boolean;
}

export async function cursor(args: readonly string[]): Promise<number> {
  const options = { to: { type: 'string' }, yes: { type: 'boolean' }, json: { type: 'boolean' } } as const;
  const { values, positionals } = readArguments(args, options, CURSOR_USAGE);
  const [dir, verb, destination, member, ...more] = positionals;
  const takesMember = verb === 'settle';
  if (dir === undefined || verb === undefined || more.length > 0 || (member !== undefined && !takesMember))
    throw badUsage('a directory, a verb and a destination are expected', CURSOR_USAGE);
  if (!isVerb(verb))
    throw badUsage(`found "${verb}", expected show, drop, settle, rewind or renew`, CURSOR_USAGE);
  if (values.to !== undefined && verb !== 'rewind') throw badUsage('--to is for rewind', CURSOR_USAGE);
  await checkLogDirectory(dir);
  endWithReader();
  const json = values.json === true;
  if (verb === 'show') return await show(dir, destination ?? null, json);
  if (destination === undefined) throw badUsage(`which destination is to be ${VERBS[verb]}`, CURSOR_USAGE);
  const order = { dir, destination, yes: values.yes === true, json };
  if (verb === 'drop') return await drop(order);
  if (verb === 'renew') return await renew(order);
  if (verb === 'settle') return await settle(order, member);
  if (values.to === undefined) throw badUsage('--to is missing: where is it to go on', CURSOR_USAGE);
  return await rewind(order, values.to);
}

const VERBS = {
  show: 'shown',
  drop: 'dropped',
  settle: 'settled',
  rewind: 'rewound',
  renew: 'renewed',
} as const;

function isVerb(verb: string): verb is keyof typeof VERBS {
  return Object.hasOwn(VERBS, verb);
}

async function show(dir: string, destination: string | null, json: boolean): Promise<number> {
  const { cursors } = await takeInventory(realDisk, dir, null);
  const found = cursors.filter((entry) => destination === null || entry.destination === destination);
  if (destination !== null && found.length === 0) throw await noCursor(dir, destination);
  const shown = json
    ? JSON.stringify(destination === null ? { cursors: found } : found[0])
    : found.length === 0
      ? 'no destination has a cursor here'
      : found.map(textOf).join('\n\n');
  await print(`${shown}\n`);
  return 0;
}

async function drop({ dir, destination, yes, json }: Order): Promise<number> {
  await using _lock = await lockForDrop(dir, destination);
  const state = await stateOf(dir, destination, { evenIfUnreadable: true });
  const lag = state === null ? null : talliesOf(state, state.orphaned?.at ?? (await endOf(dir))).buffered;
  if (lag !== null && lag.bytes > 0 && !yes) {
    throw new SpillwayError(
      'bad-usage',
      `${destination} has not got ${plural(lag.events, 'event')}, ${plural(lag.bytes, 'byte')} yet: nothing keeps them for it any more once its cursor is dropped; say --yes if that is meant`,
    );
  }
  await realDisk.remove(cursorPath(dir, destination));
  await realDisk.syncDirectory(join(dir, CURSOR_DIRECTORY));
  const without = lag === null ? 'it could not be read' : `${plural(lag.events, 'event')} not delivered`;
  await print(
    json
      ? `${JSON.stringify({ dropped: destination, lag })}\n`
      : `dropped the cursor of ${destination}: ${without}; a destination of that name would begin anew\n`,
  );
  return 0;
}

/** A member will never answer: what it may have is not waited for any more. */
async function settle({ dir, destination, yes, json }: Order, member: string | undefined): Promise<number> {
  if (member === undefined) throw badUsage('which member will not answer', CURSOR_USAGE);
  await using _lock = await lockDirectory(dir);
  const state = await stateOf(dir, destination);
  const { cluster } = state;
  if (cluster?.members[member] === undefined) {
    const there = Object.keys(cluster?.members ?? {}).join(', ');
    const known = cluster === undefined ? 'it is not a cluster' : `its members are ${there}`;
    throw new SpillwayError('bad-usage', `no member ${member} of ${destination}: ${known}`);
  }
  const { events, bytes } = new Ledger(cluster, Number.POSITIVE_INFINITY).inDoubt(member);
  const what = `${plural(events, 'event')}, ${plural(bytes, 'byte')} that ${member} may have`;
  if (bytes > 0 && !yes) {
    const text = `${what} are in doubt: should it return, they are not counted if it had them; say --yes if that is meant`;
    throw new SpillwayError('bad-usage', text);
  }
  await writeCursor(realDisk, dir, withoutDoubts(state, cluster, member));
  await print(
    json
      ? `${JSON.stringify({ destination, member, settled: { events, bytes } })}\n`
      : `${what} are not waited for any more\n`,
  );
  return 0;
}

/** An orphan may go beside a running agent, which adopts none meanwhile; what a destination owns may not. */
async function lockForDrop(dir: string, destination: string): Promise<LockHeld> {
  try {
    return await lockDirectory(dir);
  } catch (error) {
    if (!(error instanceof SpillwayError) || error.code !== 'locked') throw error;
    const isOrphan = async () =>
      (await stateOf(dir, destination, { evenIfUnreadable: true }))?.orphaned !== undefined;
    if (await isOrphan()) {
      const lock = await lockDirectory(join(dir, CURSOR_DIRECTORY));
      if (await isOrphan()) return lock;
      await lock[Symbol.asyncDispose]();
    }
    throw new SpillwayError(
      'locked',
      `${error.message}; or take ${destination} out of its configuration and send it a SIGHUP first`,
      { cause: error },
    );
  }
}

async function endOf(dir: string): Promise<Mark> {
  const { store } = await dryStart(dir);
  return { offset: store.end, events: store.endEvent };
}

async function renew({ dir, destination, yes, json }: Order): Promise<number> {
  await using _lock = await lockDirectory(dir);
  const state = await stateOf(dir, destination);
  const { position, cluster } = state;
  if (cluster !== undefined) {
    throw new SpillwayError(
      'bad-usage',
      `${destination} is a cluster: each of its members answers for itself what it holds, nothing is to be renewed`,
    );
  }
  const renewed = renewCursor(state);
  const text = `${destination} goes on at ${position.offset} in a new epoch, ${renewed.epoch}: what its receiver had before is not sent again, and its counters begin again there`;
  if (!yes) throw new SpillwayError('bad-usage', `${text}; say --yes if that is meant`);
  await writeCursor(realDisk, dir, renewed);
  await print(
    json
      ? `${JSON.stringify({ destination, moved: 'renewed', at: position, epoch: renewed.epoch })}\n`
      : `${text}: done\n`,
  );
  return 0;
}

async function rewind({ dir, destination, yes, json }: Order, place: string): Promise<number> {
  const point = parsePoint(place, '--to');
  await using _lock = await lockDirectory(dir);
  const state = await stateOf(dir, destination);
  const { store, disk } = await dryStart(dir);
  const to = await boundaryAt(disk, store, point);
  const move = moveCursor(state, to);
  const { text, between, inDoubt } = announce(state, to);
  if (move.kind === 'stay') {
    await print(json ? `${JSON.stringify({ destination, moved: 'stay', to })}\n` : `${text}\n`);
    return 0;
  }
  if (!yes) throw new SpillwayError('bad-usage', `${text}; say --yes if that is meant`);
  await writeCursor(realDisk, dir, move.state);
  const { epoch } = move.state;
  const givenUp = move.kind === 'back' && inDoubt.bytes > 0 ? { givenUp: inDoubt } : {};
  await print(
    json
      ? `${JSON.stringify({ destination, moved: move.kind, from: state.position, to, between, epoch, ...givenUp })}\n`
      : `${text}: done\n`,
  );
  return 0;
}

/** What a move means, before it is done. */
function announce({ destination, position, epoch, dropped, skipped, cluster }: CursorState, to: Mark) {
  const inDoubt = cluster === undefined ? { events: 0, bytes: 0 } : doubtsOf(cluster);
  const between = {
    events: Math.abs(position.events - to.events),
    bytes: Math.abs(position.offset - to.offset),
  };
  const range = `${plural(between.events, 'event')}, ${plural(between.bytes, 'byte')}`;
  if (between.bytes === 0)
    return { text: `${destination} is at ${to.offset} already: nothing to do`, between, inDoubt };
  if (to.offset > position.offset) {
    const text = `${destination} goes forward from ${position.offset} to ${to.offset}, a batch boundary: ${range} will not be delivered to it, but announced as skipped and counted as dropped (dropOldest)`;
    return { text, between, inDoubt };
  }
  const counted = [reasons('dropped', dropped), reasons('skipped', skipped)].filter((part) => part !== '');
  const before = counted.length === 0 ? '' : ` (until now ${counted.join(', ')})`;
  const doubt =
    inDoubt.bytes === 0
      ? ''
      : `; ${plural(inDoubt.events, 'event')}, ${plural(inDoubt.bytes, 'byte')} that its members may have are in doubt and given up: they are not counted if a member had them`;
  const text = `${destination} goes back from ${position.offset} to ${to.offset}, a batch boundary, in a new epoch, ${epoch + 1}: ${range} will be delivered to it again, on purpose, and its counters begin again there${before}${doubt}`;
  return { text, between, inDoubt };
}

async function stateOf(dir: string, destination: string): Promise<CursorState>;
async function stateOf(
  dir: string,
  destination: string,
  how: { evenIfUnreadable: true },
): Promise<CursorState | null>;
async function stateOf(
  dir: string,
  destination: string,
  how?: { evenIfUnreadable: true },
): Promise<CursorState | null> {
  // a destination's name is a file's name here: nothing else may be reached by it
  const { cursors } = await surveyNames(realDisk, dir);
  const survey = cursors.includes(destination) ? await surveyCursor(realDisk, dir, destination) : null;
  if (survey === null) throw await noCursor(dir, destination);
  if (survey.state !== null || how !== undefined) return survey.state;
  throw new SpillwayError(
    'corrupt',
    `the cursor of ${destination} cannot be read: agent fsck ${dir} says what that means`,
  );
}

async function noCursor(dir: string, destination: string): Promise<SpillwayError> {
  const { cursors } = await surveyNames(realDisk, dir);
  const there = cursors.length === 0 ? 'no destination has one here' : `there are ${cursors.join(', ')}`;
  return new SpillwayError('bad-usage', `no cursor of ${destination} in ${dir}: ${there}`);
}

function textOf({ destination, slots, progress }: CursorEntry): string {
  if (progress === null) return `${destination}\n  cannot be read: neither slot of its file checks out`;
  const { stream, start, position, epoch, epochStart, lag, dropped, skipped, gaps, cluster } = progress;
  const mark = ({ offset, events }: Mark) => `offset ${offset}, event ${events}`;
  const lines = [
    destination,
    `  stream    ${stream}`,
    `  start     ${mark(start)}`,
    `  position  ${mark(position)}`,
    `  lag       ${plural(lag.events, 'event')}, ${plural(lag.bytes, 'byte')}`,
    `  epoch     ${epoch}, since ${mark(epochStart)}`,
    ...[reasons('dropped', dropped), reasons('skipped', skipped)]
      .filter((part) => part !== '')
      .map((part) => `  ${part}`),
    ...gaps.map(({ from, to, reason }) => `  to skip   [${from.offset}, ${to.offset}) ${reason}`),
    ...(cluster === null ? [] : clusterLines(cluster)),
    ...(slots < 2 ? ['  one slot of its file is damaged'] : []),
  ];
  return lines.join('\n');
}

function clusterLines({ frontier, had, members }: ClusterProgress): string[] {
  return [
    `  frontier  offset ${frontier.offset}, event ${frontier.events}: behind it nothing is given out`,
    ...members.map(({ name, held, inDoubt }) => {
      const doubt = `${plural(inDoubt.events, 'event')} in doubt`;
      return `  member    ${name}: holds ${plural(held.events, 'event')}, ${doubt}`;
    }),
    `  had       ${plural(had.events, 'event')} doubled`,
  ];
}
