// feed.ts DIR POSITION HOST PORT: logs the lines of the event files in DIR to a Scribe server. A batch that is answered
// TRY_LATER, or not at all, is sent again; where it goes on after a restart is in the file POSITION, written after each
// answer.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode } from '../../run-error.ts';
import { Client } from './client.ts';
import { Follower, type Position } from './follower.ts';
import { logCall, OK, resultIn } from './thrift.ts';

const CATEGORY = 'events';
const POLL_MS = 20;
const AGAIN_MS = 100;

const [dir, positionFile, host, port] = process.argv.slice(2);
if (dir === undefined || positionFile === undefined || host === undefined || port === undefined) {
  console.error('usage: feed.ts DIR POSITION HOST PORT');
  process.exit(2);
}
let stopping = false;
process.once('SIGTERM', () => {
  stopping = true;
});
await feed(new Follower(dir, readPosition(positionFile)), positionFile, new Client(host, Number(port)));

async function feed(follower: Follower, path: string, client: Client): Promise<void> {
  while (!stopping) {
    const lines = follower.read();
    if (lines === null) await delay(POLL_MS);
    else if (await taken(client, logCall(CATEGORY, lines))) writePosition(path, follower.position);
  }
  client.close();
  follower.close();
}

/** False only where it is to stop before the server has taken the call. */
async function taken(client: Client, call: Buffer): Promise<boolean> {
  while (!stopping) {
    if ((await client.call(call, resultIn)) === OK) return true;
    await delay(AGAIN_MS);
  }
  return false;
}

/** null at the first start. */
function readPosition(path: string): Position | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Position;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

function writePosition(path: string, position: Position): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(position));
  renameSync(`${path}.tmp`, path);
}
