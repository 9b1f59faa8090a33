// A sender whose one destination is a cluster of real agents, and the comparison of what was written with what the
// members have together: every event at least once, and beyond that as often as the sender says.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { until } from '../agent/source/until.ts';
import { AgentProcess } from './agent-process.ts';
import { addressOf, configOf, listenOn, QUICK_DESTINATION, tailOf, temporaryDirectory } from './chain.ts';

const QUICK_CLUSTER = {
  ackTimeoutMs: 1_000,
  handoverMs: 200,
  probeMinMs: 50,
  probeMaxMs: 200,
  slowStartMs: 500,
  rangeBytes: 16_384,
};

export class Cluster {
  readonly spool: string;
  readonly sender: AgentProcess;
  readonly members: readonly AgentProcess[];

  private constructor(spool: string, sender: AgentProcess, members: readonly AgentProcess[]) {
    this.spool = spool;
    this.sender = sender;
    this.members = members;
  }

  /** Nothing is started yet. @param registry where members register, who then stand in no list */
  static async prepare(
    t: ExecutionContext,
    firstHost: number,
    more: object = {},
    registry: object | null = null,
  ): Promise<Cluster> {
    const dir = await temporaryDirectory(t);
    const spool = join(dir, 'spool');
    await mkdir(spool);
    const hosts = [firstHost + 1, firstHost + 2, firstHost + 3];
    const members = hosts.map((host, index) => ({ name: `b${index + 1}`, address: addressOf(host, 4100) }));
    const prefix = `/test/${firstHost}`;
    const under = (at: string) => (registry === null ? {} : { registry: { ...registry, prefix: at } });
    const from = registry === null ? { members } : { prefix: `${prefix}/b` };
    const destination = { name: 'b', ...QUICK_DESTINATION, cluster: { ...from, ...QUICK_CLUSTER, ...more } };
    const parts = { ...under(prefix), sources: [tailOf(spool)], destinations: [destination] };
    const sender = await AgentProcess.prepare(t, dir, configOf('sender', firstHost, parts));
    const receivers = hosts.map((host, index) => {
      const receiving = { ...under(`${prefix}/b`), sources: [listenOn(host)] };
      return AgentProcess.prepare(t, dir, configOf(`b${index + 1}`, host, receiving));
    });
    return new Cluster(spool, sender, await Promise.all(receivers));
  }

  get agents(): readonly AgentProcess[] {
    return [this.sender, ...this.members];
  }

  async start(): Promise<void> {
    // the members first: one that is not there at the first attempt gets its share only slowly
    await Promise.all(this.members.map((member) => member.start()));
    await this.sender.start();
    await until('all members are connected', async () => {
      return (await this.sender.metrics()).sum('spillway_member_connected') === this.members.length;
    });
  }

  member(index: number): AgentProcess {
    const member = this.members[index];
    if (member === undefined) throw new Error(`no member ${index}`);
    return member;
  }

  async acknowledged(member: number): Promise<number> {
    const metrics = await this.sender.metrics();
    return metrics.sum('spillway_member_acknowledged_events_total', { member: `b${member + 1}` });
  }

  /** Nothing waits any more; with `settled`, nothing is in doubt either. */
  async drained(events: number, { settled }: { settled: boolean }): Promise<void> {
    let seen = '';
    await until(
      'the cluster has everything',
      async () => {
        // it may be starting yet
        const metrics = await this.sender.metrics().catch(() => null);
        if (metrics === null) return false;
        const buffered = metrics.sum('spillway_destination_buffered_bytes');
        const appended = metrics.sum('spillway_log_appended_events_total');
        const inDoubt = metrics.sum('spillway_destination_in_doubt_events');
        seen = `appended ${appended}, buffered ${buffered}, in doubt ${inDoubt}`;
        return appended === events && buffered === 0 && (!settled || inDoubt === 0);
      },
      { withinMs: 20_000, show: () => `${seen} ${JSON.stringify(this.sender.lines.slice(-8))}` },
    );
  }

  /** Everything that was written is at a member, and the copies beyond the first are as many as the sender says. */
  async accounts(t: ExecutionContext, written: Buffer): Promise<{ had: number; inDoubt: number }> {
    const expected = new Set(linesOf(written));
    let copies = 0;
    const found = new Set<string>();
    for (const member of this.members) {
      for (const line of linesOf(await member.events())) {
        copies++;
        found.add(line);
      }
    }
    const metrics = await this.sender.metrics();
    const had = metrics.sum('spillway_destination_had_events_total');
    const inDoubt = metrics.sum('spillway_destination_in_doubt_events');
    const lost = [...expected].filter((line) => !found.has(line));
    const foreign = [...found].filter((line) => !expected.has(line));
    t.deepEqual({ lost: lost.length, foreign: foreign.length }, { lost: 0, foreign: 0 });
    const doubled = copies - found.size;
    t.true(doubled >= had && doubled <= had + inDoubt, `${doubled} doubled, ${had} had, ${inDoubt} in doubt`);
    t.deepEqual(metrics.openEquations(), []);
    t.is(metrics.sum('spillway_log_appended_events_total'), expected.size);
    return { had, inDoubt };
  }
}

function linesOf(bytes: Buffer): string[] {
  return bytes.toString('latin1').split('\n').slice(0, -1);
}
