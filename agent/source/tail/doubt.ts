// Why the position may not be believed: the file is new and may be a copy, or the log remembers the position from
// before a restart, or the file has shrunk or has other bytes before the position.

export type Doubt = 'new' | 'recalled' | 'truncated';

/** What is said when a doubt was right. */
export const REMARKS: Readonly<Record<Doubt, string>> = {
  new: 'the file is a copy of one that was truncated: it is read on from where that one was',
  recalled: 'the file is not the one that was read before under its inode: it is read from its beginning',
  truncated: 'the file was truncated: it is read from its beginning',
};
