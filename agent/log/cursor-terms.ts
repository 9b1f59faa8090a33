// Words that stand in cursors and mean something to who reads them.

/** Ranges that a policy gave up on purpose; all other gaps are losses. */
export const DROP_REASONS = ['dropOldest', 'dropNewest', 'maxAge'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** What lanes that are not kept any more had in doubt or lost stands under this name, which no member can have. */
export const FORMER = '(former)';
