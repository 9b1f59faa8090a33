// An event file to judge: the whole of it, or from an offset on where earlier runs have left their events.

export interface EventFile {
  readonly path: string;
  readonly from: number;
}

export function eventFile(file: string | { readonly path: string; readonly from?: number }): EventFile {
  return typeof file === 'string' ? { path: file, from: 0 } : { path: file.path, from: file.from ?? 0 };
}
