// Who this log is: a random id made with it, never the instance's name, so that a copied configuration or a reused
// host name cannot make two streams look like one. Kept in <dir>/identity.json, written by tmp + sync + rename.
//
// Every journal names the stream in its header, and every cursor: where the file is lost it is restored from them. A log
// that holds something and cannot be told is refused: as a new stream all of it would be sent again, silently.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { SpillwayError } from '../errors.ts';
import type { Disk } from './disk.ts';
import { decodeHeader } from './record.ts';
import { journalPath } from './segment.ts';
import { segmentFacts, surveyCursor, surveyNames, surveyStream, unlessGone } from './survey.ts';
import { readFile, replaceFile } from './whole-file.ts';

export interface Identity {
  readonly stream: string;
  /** What was done to have it, where that is not the usual. */
  readonly remark: string | null;
}

/** What is left that says who a log is whose identity.json does not. */
export interface Traces {
  /** It has segments or journals: something would be sent again. */
  readonly holdsBytes: boolean;
  /** The stream that its journals name or, where they do not say, its cursors; null where they do not agree. */
  readonly stream: string | null;
  readonly namedBy: 'journals' | 'cursors' | 'nothing';
}

/** @returns the stream id, 32 hexadecimal digits. @throws SpillwayError `corrupt` where it is lost. */
export async function openIdentity(disk: Disk, dir: string, nowMs: number): Promise<Identity> {
  const { there, stream } = await surveyStream(disk, dir);
  if (stream !== null) return { stream, remark: null };
  const traces = await tracesOf(disk, dir);
  const path = join(dir, 'identity.json');
  const fault = there ? 'does not say which stream this log is' : 'is missing';
  if (!traces.holdsBytes) {
    const made = await writeIdentity(disk, dir, randomBytes(16).toString('hex'), nowMs);
    return {
      stream: made,
      remark: there ? `${path} ${fault}, and the log is empty: began a new stream` : null,
    };
  }
  if (traces.stream !== null) {
    await writeIdentity(disk, dir, traces.stream, nowMs);
    return {
      stream: traces.stream,
      remark: `${path} ${fault}: restored it, the ${traces.namedBy} name stream ${traces.stream}`,
    };
  }
  const why =
    traces.namedBy === 'nothing'
      ? 'no journal and no cursor names the stream'
      : `the ${traces.namedBy} name several streams`;
  throw new SpillwayError(
    'corrupt',
    `${path} ${fault}, and ${why}: restore the file from a copy, or run agent fsck ${dir} --repair, which begins a new stream (receivers then get once more what the log still holds)`,
    { data: { dir } },
  );
}

export async function writeIdentity(disk: Disk, dir: string, stream: string, nowMs: number): Promise<string> {
  const identity = { version: 1, stream, createdMs: nowMs };
  await replaceFile(disk, join(dir, 'identity.json'), Buffer.from(`${JSON.stringify(identity)}\n`));
  return stream;
}

export async function tracesOf(disk: Disk, dir: string): Promise<Traces> {
  const { segments, journals, cursors } = await surveyNames(disk, dir);
  const sizes = await Promise.all(
    segments.map(async (base) => (await segmentFacts(disk, dir, base))?.size ?? 0),
  );
  const holdsBytes = journals.length > 0 || sizes.some((size) => size > 0);
  const byJournals = new Set<string>();
  for (const base of journals) {
    const bytes = await unlessGone(readFile(disk, journalPath(dir, base)));
    const stream = bytes === null ? null : decodeHeader(bytes)?.stream;
    if (stream != null) byJournals.add(stream);
  }
  const byCursors = new Set<string>();
  for (const destination of cursors) {
    const stream = (await surveyCursor(disk, dir, destination))?.state?.stream;
    if (stream !== undefined) byCursors.add(stream);
  }
  // a cursor may be left of another log; a journal is of this one
  const namedBy = byJournals.size > 0 ? 'journals' : byCursors.size > 0 ? 'cursors' : 'nothing';
  const named = namedBy === 'journals' ? byJournals : byCursors;
  const [stream = null] = named.size === 1 ? named : [];
  return { holdsBytes, stream, namedBy };
}
