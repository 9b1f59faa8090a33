// An event file to judge: the whole of it, or from an offset on where earlier runs have left their events.

export interface EventFile {
  readonly path: string;
  readonly from: number;
  /** The member of a cluster that has it; null of a destination that is no cluster. */
  readonly member: string | null;
}

/** With `member`, a file of that member of a cluster; the files of one stand together. */
export type EventFileRequest =
  | string
  | { readonly path: string; readonly from?: number; readonly member?: string };

export function eventFile(file: EventFileRequest): EventFile {
  if (typeof file === 'string') return { path: file, from: 0, member: null };
  return { path: file.path, from: file.from ?? 0, member: file.member ?? null };
}
