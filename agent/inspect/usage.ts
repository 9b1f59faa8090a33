// How the tools are called. Apart from the tools, so that a program that runs one of them loads no other.

export const LS_USAGE = 'agent ls DIR [--config FILE] [--json]    (or: agent ls --config FILE)';

export const FSCK_USAGE = 'agent fsck DIR [--repair] [--json]';

export const DUMP_USAGE =
  'agent dump DIR [--from OFFSET|TIME] [--to OFFSET|TIME] [--events N] [--source NAME] [--headers | --json]\n       agent dump DIR --in-doubt [--json]';

export const CURSOR_USAGE = `agent cursor DIR show [DESTINATION] [--json]
       agent cursor DIR drop DESTINATION [--yes] [--json]
       agent cursor DIR settle DESTINATION MEMBER [--yes] [--json]
       agent cursor DIR rewind DESTINATION --to OFFSET|TIME|oldest|newest [--yes] [--json]
       agent cursor DIR renew DESTINATION [--yes] [--json]`;
