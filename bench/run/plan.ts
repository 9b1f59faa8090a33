// What one run will do: the scenario with the command line's overrides worked in, and the amounts that follow.

import { targetsOf } from '../faults/equipment.ts';
import { type PlannedFault, planFaults } from '../faults/plan.ts';
import type { GeneratorSpec } from '../generator/spec.ts';
import { BenchError } from '../run-error.ts';
import { type Scenario, senderNames } from '../scenario.ts';
import { contentOf, type ScenarioFile } from '../scenario-file.ts';
import type { Rate } from '../scenario-units.ts';
import type { FoundTool, Tool } from '../tools/tool.ts';

export interface Overrides {
  readonly tool?: string;
  readonly rate?: Rate;
  readonly durationMs?: number;
  readonly durability?: 'fsync' | 'os';
  readonly seed?: number;
  readonly quick?: boolean;
  /** The load is this share of the scenario's own: sizes that stand for a time shrink with it. */
  readonly loadShare?: number;
  readonly floodEvents?: number;
}

export interface RunPlan {
  readonly file: ScenarioFile;
  /** With the overrides. */
  readonly scenario: Scenario;
  readonly rate: Rate;
  readonly tool: Tool;
  readonly found: FoundTool;
  readonly content: GeneratorSpec['content'];
  readonly pace: GeneratorSpec['pace'];
  readonly events: number;
  readonly faults: readonly PlannedFault[];
  /** What the events will come to, roughly and rather too much. */
  readonly bytesEstimate: number;
  /** Folder for the nodes' data outside the checkout. */
  readonly elsewhere: string | undefined;
}

const EVENT_BYTES_MAX = { synthetic: 130, 'replay-raw': 64, 'replay-metrics': 160 } as const;

/** No file that rolls is smaller than this, however small the load. */
const SMALLEST_BYTES = 2 ** 20;

export function withOverrides(file: ScenarioFile, overrides: Overrides): Scenario {
  const { scenario } = file;
  const quick = overrides.quick === true ? scenario.quick : {};
  const steps = quick.steps ?? scenario.steps;
  const share = Math.min(1, overrides.loadShare ?? 1);
  const bytes = (size: number, least = 1): number =>
    share === 1 ? size : Math.max(least * SMALLEST_BYTES, Math.ceil(size * share));
  return {
    ...scenario,
    steps: steps.map((step) =>
      step.do === 'slow' ? { ...step, bytesPerSecond: Math.ceil(step.bytesPerSecond * share) } : step,
    ),
    chain: withTool(scenario.chain, overrides.tool),
    durability: overrides.durability ?? scenario.durability,
    seed: overrides.seed ?? scenario.seed,
    log: {
      ...scenario.log,
      cap: isReached(scenario, steps) ? bytes(scenario.log.cap, 8) : scenario.log.cap,
      segment: bytes(scenario.log.segment),
    },
    generator: {
      ...scenario.generator,
      rate: overrides.rate ?? quick.rate ?? scenario.generator.rate,
      fileBytes: bytes(scenario.generator.fileBytes),
      sourceKeepBytes: bytes(scenario.generator.sourceKeepBytes, 4),
      floodEvents: overrides.floodEvents ?? scenario.generator.floodEvents,
      duration: overrides.durationMs ?? quick.duration ?? scenario.generator.duration,
    },
  };
}

/** Whether the longest fault lets the buffer come to its cap. A cap that stands for no time keeps its size. */
function isReached({ generator: { rate, content }, log }: Scenario, steps: Scenario['steps']): boolean {
  if (rate.kind !== 'schedule') return false;
  const longestMs = Math.max(0, ...steps.map((step) => ('lasts' in step ? (step.lasts ?? 0) : 0)));
  return (longestMs / 1000) * rate.eventsPerSecond * EVENT_BYTES_MAX[content] > log.cap;
}

/** `--tool a,b` names a tool for each link, `--tool a` one for all of them. */
function withTool(chain: Scenario['chain'], tool: string | undefined): Scenario['chain'] {
  if (tool === undefined) return chain;
  const links = tool.split(',');
  const { links: _, ...rest } = chain;
  if (links.length === 1) return { ...rest, tool };
  const senders = senderNames(chain).length;
  if (links.length === senders) return { ...rest, links };
  throw new BenchError(
    'usage',
    `--tool ${tool} names ${links.length} tools; the chain has ${senders} links: expected one tool, or one for each`,
  );
}

export function planRun(
  root: string,
  file: ScenarioFile,
  scenario: Scenario,
  tool: Tool,
  found: FoundTool,
  elsewhere?: string,
): RunPlan {
  const { rate, floodEvents, duration, content } = scenario.generator;
  if (rate.kind === 'max')
    throw new BenchError('run', 'the rate max is searched by several runs, not by one');
  const { tls, zstd } = scenario.chain;
  if ((tls ?? zstd) !== undefined && tool.features.securesLinks !== true)
    throw new BenchError(
      'usage',
      `${tool.name} has no TLS and no zstd: chain.tls and chain.zstd are for the agent`,
    );
  const events =
    rate.kind === 'flood' ? floodEvents : Math.max(1, Math.round((rate.eventsPerSecond * duration) / 1000));
  return {
    file,
    // Only a tool's own books say when all has arrived of what is judged and gone.
    scenario: tool.accounts === null ? { ...scenario, verify: 'after' } : scenario,
    rate,
    tool,
    found,
    content: contentOf(root, scenario),
    pace:
      rate.kind === 'flood' ? { kind: 'flood' } : { kind: 'schedule', eventsPerSecond: rate.eventsPerSecond },
    events,
    faults: planFaults(scenario.steps, targetsOf(scenario.chain), scenario.seed, duration),
    bytesEstimate: events * EVENT_BYTES_MAX[content],
    elsewhere,
  };
}
