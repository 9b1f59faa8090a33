// A scenario: the chain, the load, what is broken when, and what must hold. The same file runs on every kind of
// chain and with every tool; the schema below is parser, check and documentation at once.

import { z } from 'zod';
import { CLUSTER, clusterSchema, memberNames, standbyNames } from './cluster-shape.ts';
import { faultAsserts } from './faults/asserts.ts';
import { isDiskAction, isLinkAction, stepSchema } from './faults/step.ts';
import {
  BYTES_EXPECTED,
  COUNT_EXPECTED,
  DURATION_EXPECTED,
  parseBytes,
  parseCount,
  parseDurationMs,
  parseRate,
  quantity,
  RATE_EXPECTED,
} from './scenario-units.ts';

const rate = quantity(parseRate, RATE_EXPECTED);
const durationMs = quantity(parseDurationMs, DURATION_EXPECTED);
const bytes = quantity(parseBytes, BYTES_EXPECTED);
const count = quantity(parseCount, COUNT_EXPECTED);
/** At most so many events at any destination; `any` where the scenario does not promise anything. */
const atMost = z
  .union([z.int().min(0), z.literal('any')], { error: "expected a number of events, or 'any'" })
  .default(0);

export const logSchema = z.strictObject({
  /** The most a buffer on disk may hold. */
  cap: bytes.default(4 * 2 ** 30),
  reserve: bytes.default(256 * 2 ** 20),
  /** What every destination already has is kept up to this, at instances between the ends. */
  keep: bytes.default(256 * 2 ** 20),
  /** What gives way when a destination is away for too long: the intake, or events of that destination. */
  policy: z.enum(['block', 'dropOldest', 'dropNewest']).default('block'),
  /** Event files and segments roll at this size. */
  segment: bytes.default(64 * 2 ** 20),
});
export const chainSchema = z.strictObject({
  instances: z.int().min(1).max(20).default(3),
  /** 1: the generator is on a node of its own, `load`, whose sender feeds `instance1` over a link like the others. */
  generators: z
    .int()
    .min(0)
    .max(1, 'expected 0 or 1: a chain has one source, which one generator fills')
    .optional(),
  /** Destinations a, b, c, ... behind the last instance; each gets a full copy. */
  fanOut: z.int().min(1).max(8).default(1),
  /** The first of them, `a`, is not one receiver but several that share its events. */
  cluster: clusterSchema.optional(),
  /** Default tool of every hop; `--tool` overrides. */
  tool: z.string().default('agent'),
  /** A mixed chain: the tool of each link instead, from the generator's end; one for everybody who sends. */
  links: z.array(z.string()).min(1).optional(),
  /** Nodes that are sent to by TLS with certificates on both sides, made for the run. */
  tls: z.array(z.string()).min(1).optional(),
  /** Nodes whose batches are compressed on the link. */
  zstd: z.array(z.string()).min(1).optional(),
});

const generatorSchema = z
  .strictObject({
    content: z.enum(['synthetic', 'replay-raw', 'replay-metrics']).default('synthetic'),
    format: z.enum(['influx', 'graphite', 'json']).default('influx'),
    /** For the replays: globs relative to the repository. */
    files: z.array(z.string()).default([]),
    rate,
    duration: durationMs.default(60_000),
    /** How many events a flood has. */
    floodEvents: count.default(20_000_000),
    fileBytes: bytes.default(64 * 2 ** 20),
    /** Beside fileBytes: one file that is rotated every so often, as logrotate does it. */
    rotate: z
      .strictObject({ mode: z.enum(['rename', 'copytruncate', 'truncate']), every: durationMs })
      .optional(),
    sourceKeepBytes: bytes.default(2 * 2 ** 30),
    /** Beyond sourceKeepBytes: delete the oldest file, read or not, as logrotate would; or pause the generator. */
    onSourceFull: z.enum(['expire', 'hold']).default('expire'),
    /** An event written later than this after its due time makes the run invalid. */
    scheduleLagMax: durationMs.default(500),
  })
  .refine((spec) => spec.content === 'synthetic' || spec.files.length > 0, {
    path: ['files'],
    error: 'expected at least one file or glob for a replay',
  });

const assertsSchema = z.strictObject({
  /** `counted`: exactly what the tool's counters say it dropped or skipped. */
  lost: atMost.or(z.literal('counted')),
  /** `counted`: what the sender says its members had already, and at most what it is in doubt about beside. */
  duplicated: atMost.or(z.literal('counted')),
  reordered: atMost,
  torn: atMost,
  foreign: atMost,
  latencyP99Max: durationMs.optional(),
  ratePerMinuteMin: count.optional(),
  /** Longest time from the last event sent until the last destination has it. */
  drainMax: durationMs.optional(),
  conservation: z.enum(['closed', 'any']).default('closed'),
  ...faultAsserts,
});
const stepsSchema = z.array(stepSchema).default([]);

export const scenarioSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9-]+$/, 'expected lower case letters, digits and dashes'),
    description: z.string(),
    chain: chainSchema.prefault({}),
    generator: generatorSchema,
    durability: z.enum(['fsync', 'os']).default('fsync'),
    seed: z.int().min(0).default(1),
    log: logSchema.prefault({}),
    /** Nodes that buffer on a small filesystem of their own, for `fill`. */
    disks: z.array(z.strictObject({ target: z.string(), size: bytes })).default([]),
    /** What is broken, when, and for how long. */
    steps: stepsSchema,
    /** What `--quick` changes. */
    quick: z
      .strictObject({
        rate: rate.optional(),
        duration: durationMs.optional(),
        steps: z.array(stepSchema).optional(),
      })
      .prefault({}),
    asserts: assertsSchema.prefault({}),
    /** `live`: event files are judged as they are finished and may expire; for runs longer than the disk. */
    verify: z.enum(['after', 'live']).default('after'),
    limits: z
      .strictObject({
        /** Longest wait for the destinations after the last event was sent. */
        drain: durationMs.default(120_000),
        /** Given up earlier when no destination grows for this long. */
        noProgress: durationMs.default(20_000),
        /** A process that has not ended so long after SIGTERM is killed, which fails the run. */
        stop: durationMs.default(15_000),
      })
      .prefault({}),
  })
  .superRefine((scenario, context) => {
    checkScenario(scenario, (path, message) => context.addIssue({ code: 'custom', path, message }));
  });

/** What no single key can say: that they fit each other. Also asked of a scenario that got another chain. */
export function checkScenario(
  scenario: Scenario,
  complain: (path: (string | number)[], message: string) => void,
): void {
  const { links: named } = scenario.chain;
  const senders = senderNames(scenario.chain);
  if (named !== undefined && named.length !== senders.length) {
    const each = `one for each of ${senders.join(', ')}`;
    complain(['chain', 'links'], `names ${named.length} tools; expected ${senders.length}, ${each}`);
  }
  if (scenario.chain.cluster !== undefined && scenario.verify === 'live') {
    complain(['verify'], 'a cluster is verified after the run, when the events of all its members are there');
  }
  const { cluster } = scenario.chain;
  const { content, format } = scenario.generator;
  if (cluster?.strategy === 'keyHash' && (content === 'replay-raw' || cluster.keyFormat !== format)) {
    const made = content === 'replay-raw' ? 'raw lines' : format;
    complain(['chain', 'cluster', 'keyFormat'], `is ${cluster.keyFormat}, but the generator makes ${made}`);
  }
  const nodes = nodeNames(scenario.chain);
  const links = linkNames(scenario.chain);
  const disks = scenario.disks.map(({ target }) => target);
  const receivers = nodes.slice(1);
  for (const key of ['tls', 'zstd'] as const) {
    for (const [index, name] of (scenario.chain[key] ?? []).entries()) {
      if (receivers.includes(name)) continue;
      complain(['chain', key, index], `nobody sends to '${name}'; expected one of ${receivers.join(', ')}`);
    }
  }
  for (const [index, { target }] of scenario.disks.entries()) {
    if (nodes.includes(target)) continue;
    complain(
      ['disks', index, 'target'],
      `'${target}' is not in the chain; expected one of ${nodes.join(', ')}`,
    );
  }
  for (const [index, step] of scenario.steps.entries()) {
    checkWithout(step, scenario.chain, (message) => complain(['steps', index, 'without'], message));
    checkExcept(step, nodes, (message) => complain(['steps', index, 'except'], message));
    const allowed = allowedTargets(step.do, scenario.chain, links, disks);
    if (allowed.includes(step.target)) continue;
    const where = isLinkAction(step.do)
      ? 'is no link of the chain'
      : isDiskAction(step.do)
        ? 'is not in `disks`'
        : 'is not in the chain';
    complain(['steps', index, 'target'], `'${step.target}' ${where}; expected one of ${allowed.join(', ')}`);
  }
}

function checkExcept(step: Step, nodes: readonly string[], complain: (message: string) => void): void {
  const except = 'except' in step ? (step.except ?? []) : [];
  if (except.length === 0) return;
  if (step.target !== 'random') complain(`is for the target random, not for ${step.target}`);
  for (const name of except.filter((candidate) => !nodes.includes(candidate))) {
    complain(`'${name}' is not in the chain; expected one of ${nodes.join(', ')}`);
  }
  if (nodes.every((name) => except.includes(name))) complain('leaves no node to pick from');
}

function checkWithout(step: Step, chain: ChainShape, complain: (message: string) => void): void {
  if (step.do !== 'reload') return;
  const behind = linkNames(chain)
    .filter((name) => name.startsWith(`${step.target} -> `))
    .map((name) => name.slice(`${step.target} -> `.length));
  for (const name of step.without.filter((candidate) => !behind.includes(candidate))) {
    const expected = behind.length === 0 ? 'it sends to nobody' : `expected one of ${behind.join(', ')}`;
    complain(`'${name}' is not behind ${step.target}; ${expected}`);
  }
}

function allowedTargets(
  action: Step['do'],
  chain: ChainShape,
  links: readonly string[],
  disks: readonly string[],
): readonly string[] {
  const nodes = nodeNames(chain);
  const members = chain.cluster === undefined ? [] : memberNames(chain.cluster);
  const someMember = members.length === 0 ? [] : ['member'];
  if (isLinkAction(action)) return [...links, 'random'];
  if (action === 'join') return standbyNames(chain.cluster);
  if (action === 'drain' || action === 'undrain') return [...members, ...someMember];
  if (isDiskAction(action)) return disks;
  if (action === 'damage' || action === 'reload') return nodes;
  return action === 'kill' || action === 'start' || action === 'wipe'
    ? [...nodes, ...someMember, 'random', 'etcd']
    : [...nodes, ...someMember, 'random'];
}

export type Scenario = z.infer<typeof scenarioSchema>;
export type Step = Scenario['steps'][number];
export type ChainShape = Scenario['chain'];
export type LogLimits = Scenario['log'];

/** What `--tool` would say: of a mixed chain its links. */
export function chainToolName({ tool, links }: ChainShape): string {
  return links?.join(',') ?? tool;
}

export function destinationNames(fanOut: number): string[] {
  return Array.from({ length: fanOut }, (_, index) => String.fromCharCode(97 + index));
}

/** The node that the generator is on, where that is none of the instances. */
export const LOAD = 'load';

/** Everybody who sends, in the order of the flow: link n is the n-th's. */
export function senderNames({ instances, generators = 0 }: ChainShape): string[] {
  const names = Array.from({ length: instances }, (_, index) => `instance${index + 1}`);
  return generators === 0 ? names : [LOAD, ...names];
}

/** In the order of the data's flow. */
export function nodeNames(chain: ChainShape): string[] {
  const { fanOut, cluster } = chain;
  const ends = destinationNames(fanOut).flatMap((name) => {
    return name === CLUSTER && cluster !== undefined ? memberNames(cluster) : [name];
  });
  return [...senderNames(chain), ...ends];
}

/** `instance1 -> instance2`, in the order of the flow. */
export function linkNames(chain: ChainShape): string[] {
  const senders = senderNames(chain);
  return nodeNames(chain)
    .slice(1)
    .map((id, index) => `${senders[Math.min(index, senders.length - 1)]} -> ${id}`);
}
