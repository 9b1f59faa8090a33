// Says in a few lines what a run carried and, when that was not all, what limited it. From result.json alone.

import { readFileSync } from 'node:fs';
import type { Result } from '../bench/result.ts';

const FAILURES_SHOWN = 5;
/** From this share of all cores on, the machine is called busy. */
const BUSY_SHARE = 0.85;
const STEAL_PERCENT = 5;
/** A durable chain is called limited by the disk when it needs this share of what the probe reached. */
const DISK_SHARE = 0.7;

const file = process.argv[2];
if (file === undefined) {
  process.stderr.write('usage: scripts/explain-result.ts RESULT.JSON\n');
  process.exitCode = 2;
} else {
  const result: Result = JSON.parse(readFileSync(file, 'utf8'));
  const pass = result.verdict === 'pass';
  const lines = [carried(result), ...(pass ? [] : [...failed(result), ...limits(result)])];
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = pass ? 0 : 1;
}

function carried({ verdict, ratePerMinute, offeredPerMinute, window, machine, cpuCores }: Result): string {
  const offered = offeredPerMinute === null ? '' : ` of ${perMinute(offeredPerMinute)} offered`;
  const seconds = ((window.endMs - window.startMs) / 1000).toFixed(0);
  const cores = `${cpuCores.toFixed(1)} of ${machine.cores} cores`;
  const said = verdict === 'pass' ? 'this machine carries it' : `this machine did not carry it (${verdict})`;
  return `${said}: ${perMinute(ratePerMinute)}${offered} for ${seconds} s, the chain using ${cores}`;
}

function failed({ failures }: Result): string[] {
  const more = failures.length - FAILURES_SHOWN;
  return [
    ...failures.slice(0, FAILURES_SHOWN).map((failure) => `  not met: ${failure}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

/** What result.json shows to have been at its end. */
function limits(result: Result): string[] {
  const { machine, generator, cpuCores, rigCpuCores } = result;
  const busy = cpuCores + rigCpuCores;
  const found: string[] = [];
  if (generator.lateEvents > 0) {
    found.push(
      `the generator fell behind by up to ${ms(generator.lagMsMax)}: this machine has too little CPU time to make the load and carry it`,
    );
  }
  if (busy >= BUSY_SHARE * machine.cores) {
    found.push(
      `CPU: the chain used ${busy > 0 ? cpuCores.toFixed(1) : 0} and the measurement ${rigCpuCores.toFixed(1)} of ${machine.cores} cores`,
    );
  }
  if (machine.stealPercent >= STEAL_PERCENT) {
    found.push(`the host took ${machine.stealPercent.toFixed(0)} % of the CPU time away (steal)`);
  }
  found.push(...diskLimit(result), ...backlogLimit(result));
  if (found.length === 0) return ['  limited by: nothing that was measured stands out; see the report'];
  return found.map((text) => `  limited by: ${text}`);
}

function diskLimit(result: Result): string[] {
  const probe = result.probes.syncWrite?.mbPerSecond;
  if (probe === undefined) return [];
  const seconds = (result.window.endMs - result.window.startMs) / 1000;
  const written = result.processes.reduce((sum, process) => sum + process.writtenBytes, 0);
  const mbPerSecond = written / 1e6 / Math.max(seconds, 0.001);
  if (mbPerSecond < DISK_SHARE * probe) return [];
  return [
    `disk: ${mbPerSecond.toFixed(0)} MB/s were written, and synced writes reach ${probe.toFixed(0)} MB/s here`,
  ];
}

function backlogLimit({ series, window, sentBytes }: Result): string[] {
  const sentAt = series.timeMs.findIndex((timeMs) => timeMs >= window.sentMs);
  if (sentAt === -1) return [];
  const behind = series.backlogBytes.map(({ name, values }) => ({ name, bytes: values[sentAt] ?? 0 }));
  const largest = behind.sort((a, b) => b.bytes - a.bytes)[0];
  if (largest === undefined || largest.bytes < sentBytes * 0.02) return [];
  return [
    `backlog: ${(largest.bytes / 1e6).toFixed(0)} MB had not reached ${largest.name} when the last event was sent`,
  ];
}

function perMinute(events: number): string {
  return `${(events / 1e6).toFixed(2)}M/min`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
