// `agent fsck DIR [--repair] [--json]`: is everything in the log what was written, what does it cost where it is not,
// and what will a start do about it. With --repair that is done now, under the lock.

import { lockDirectory } from '../lock.ts';
import { realDisk } from '../log/disk.ts';
import { badUsage, checkLogDirectory, readArguments } from './arguments.ts';
import { checkLog, type LogReport } from './check-log.ts';
import { dryStart } from './dry-start.ts';
import { add, type Cost, type Finding, NO_COST } from './finding.ts';
import { type LockState, lockState } from './lock-state.ts';
import { count, endWithReader, plural, print } from './output.ts';
import { repair } from './repair.ts';
import { FSCK_USAGE } from './usage.ts';

const PROGRESS_MS = 500;

interface Outcome {
  readonly dir: string;
  readonly agent: LockState;
  readonly report: LogReport;
  /** What the agent would log when it starts; empty where one runs. */
  readonly remarks: readonly string[];
  /** What --repair did; null without it. */
  readonly repaired: readonly string[] | null;
}

/** @returns 0 clean, 1 findings. */
export async function fsck(args: readonly string[]): Promise<number> {
  const { values, positionals } = readArguments(
    args,
    { repair: { type: 'boolean' }, json: { type: 'boolean' } },
    FSCK_USAGE,
  );
  const [dir, ...more] = positionals;
  if (dir === undefined || more.length > 0) throw badUsage('one directory is expected', FSCK_USAGE);
  await checkLogDirectory(dir);
  endWithReader();
  const outcome = values.repair === true ? await mend(dir) : await look(dir);
  await print(values.json === true ? `${JSON.stringify(outcome)}\n` : textOf(outcome));
  return outcome.report.findings.length === 0 ? 0 : 1;
}

async function look(dir: string): Promise<Outcome> {
  const agent = await lockState(dir);
  const { running } = agent;
  const report = await checkLog(realDisk, dir, { running, onProgress: progress() });
  if (running) return { dir, agent, report, remarks: [], repaired: null };
  const { remarks, finding } = await tryStart(dir);
  return { dir, agent, report: withFinding(report, finding), remarks, repaired: null };
}

async function mend(dir: string): Promise<Outcome> {
  await using _lock = await lockDirectory(dir);
  const options = { running: false, onProgress: progress() };
  const before = await checkLog(realDisk, dir, options);
  const { finding } = await tryStart(dir);
  const isClean = before.findings.length === 0 && finding === null;
  const repaired = isClean ? [] : await repair(realDisk, dir, before.findings);
  const report = isClean ? before : await checkLog(realDisk, dir, options);
  const after = await tryStart(dir);
  const agent = { running: false } as const;
  return { dir, agent, report: withFinding(report, after.finding), remarks: after.remarks, repaired };
}

async function tryStart(dir: string): Promise<{ remarks: readonly string[]; finding: Finding | null }> {
  try {
    return { remarks: (await dryStart(dir)).remarks, finding: null };
  } catch (error) {
    const what = `the agent would not start: ${error instanceof Error ? error.message : error}`;
    const finding: Finding = {
      kind: 'start',
      place: '.',
      range: null,
      what,
      cost: NO_COST,
      start: 'fails',
      mends: true,
    };
    return { remarks: [], finding };
  }
}

function withFinding(report: LogReport, finding: Finding | null): LogReport {
  return finding === null ? report : { ...report, findings: [...report.findings, finding] };
}

/** On a terminal: how far it is. */
function progress(): (bytes: number) => void {
  let shownAt = performance.now();
  return (bytes) => {
    if (!process.stderr.isTTY || performance.now() - shownAt < PROGRESS_MS) return;
    shownAt = performance.now();
    process.stderr.write(`\r${count(bytes)} bytes checked\u001b[K\r`);
  };
}

function textOf({ dir, agent, report, remarks, repaired }: Outcome): string {
  const { stream, segments, batches, events, bytes, findings } = report;
  const lines = [`${dir}: stream ${stream ?? 'unknown'}, ${plural(segments, 'segment')}`];
  if (agent.running) {
    lines.push(
      `${agent.pid === null ? 'an agent' : `process ${agent.pid}`} runs on it: its newest commits may look unfinished and are not judged`,
    );
  }
  if (repaired !== null) lines.push(...repaired.map((what) => `repaired: ${what}`));
  for (const finding of findings) lines.push(...linesOf(finding));
  const whole = `${plural(events, 'event')}, ${plural(bytes, 'byte')} in ${plural(batches, 'batch')} check out`;
  if (findings.length === 0) return [...lines, `clean: ${whole}`, ''].join('\n');
  lines.push(...remarks.map((remark) => `a start would say: ${remark}`));
  lines.push(`${plural(findings.length, 'finding')}: ${costText(total(findings))}; ${whole}`);
  lines.push(advice(dir, findings, repaired !== null), '');
  return lines.join('\n');
}

function linesOf({ kind, place, range, what, cost, start }: Finding): string[] {
  const where = range === null ? place : `${place} [${range.from}, ${range.to})`;
  return [`${kind}: ${where}: ${what}`, `    ${costText(cost)}; a start ${start}`];
}

function costText({ events, bytes, atMost = false }: Cost): string {
  if (bytes === 0 && (events === 0 || events === null)) return 'costs nothing';
  const counted = events === null ? 'an unknown number of events' : plural(events, 'event');
  return `costs ${atMost ? 'at most ' : ''}${counted}, ${plural(bytes, 'byte')}`;
}

function total(findings: readonly Finding[]): Cost {
  return findings.map(({ cost }) => cost).reduce(add, NO_COST);
}

function advice(dir: string, findings: readonly Finding[], wasRepaired: boolean): string {
  const mending = findings.filter(({ mends }) => mends).length;
  const rest = 'destinations are told of each lost range, and it goes with its segment';
  if (mending === 0)
    return wasRepaired ? `what is left is lost: ${rest}` : `nothing of it can be repaired: ${rest}`;
  if (wasRepaired) return 'not everything could be repaired';
  const all = mending === findings.length ? 'it' : `${mending} of them`;
  return `agent fsck ${dir} --repair makes ${all} good as far as possible; what is lost is announced, with its count`;
}
