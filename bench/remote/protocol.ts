// How the rig talks to a machine of the chain during a run: one ssh connection each, one JSON object a line in either
// direction. Requests may overlap; each gets one answer. The end of the connection ends what the machine does for us.
//
//   -> {"id":7,"verb":"start","body":{"ids":["instance2"]}}
//   <- {"id":7,"answer":null}      or  {"id":7,"error":{"code":"run","message":"..."}}

import type { WatchSample } from '../faults/record.ts';
import type { EndAction, Step } from '../faults/step.ts';
import type { GeneratorProgress, Manifest } from '../generator/spec.ts';
import type { Sample } from '../observer/spec.ts';
import type { Result } from '../result.ts';
import type { Machine } from '../run/machine.ts';
import type { TimedText } from '../run/steps.ts';
import type { BenchErrorCode } from '../run-error.ts';
import type { Scenario } from '../scenario.ts';
import type { ScenarioFile } from '../scenario-file.ts';
import type { NodeAccount, ToolRegistry } from '../tools/tool.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';
import type { RemoteChain } from './hosts-file.ts';

export interface OpenBody {
  readonly chain: RemoteChain;
  readonly id: string;
  readonly file: Pick<ScenarioFile, 'file' | 'text'>;
  /** With every override worked in. */
  readonly scenario: Scenario;
  /** Of the checkout that asks: another one would do another thing. */
  readonly fingerprint: string;
  /** null: start it here. */
  readonly registry: ToolRegistry | null;
}

export interface Opened {
  readonly machine: Machine;
  /** As its provider names it; null where there is none to ask. */
  readonly instanceType: string | null;
  readonly toolVersion: string;
  readonly registry: ToolRegistry;
  readonly syncWrite: { readonly mbPerSecond: number } | null;
}

export interface GeneratorState {
  readonly running: boolean;
  readonly progress: GeneratorProgress | null;
  readonly manifest: Manifest | null;
}

/** What a machine saw and wrote down; all times by its own clock. */
export interface Collected {
  readonly samples: readonly Sample[];
  readonly watch: readonly WatchSample[];
  readonly processes: readonly { readonly name: string; readonly group: 'tool' | 'rig' }[];
  readonly events: readonly TimedText[];
  readonly misbehaved: readonly string[];
  readonly invalid: readonly string[];
  readonly notes: readonly string[];
  readonly killedFromOutside: readonly string[];
  readonly oomKills: number;
  readonly hops: Result['hops'];
  readonly configuration: Result['configuration'];
}

/** What the tool says of the node of a machine. */
export interface NodeBooks {
  /** It was started at least once: a member in reserve may never be. */
  readonly begun: boolean;
  /** null: no answer, or a tool that keeps none. */
  readonly account: NodeAccount | null;
}

/** Every verb with what it takes and answers. */
export interface Verbs {
  clock: { readonly body: null; readonly answer: { readonly nowMs: number } };
  open: { readonly body: OpenBody; readonly answer: Opened };
  start: { readonly body: { readonly ids: readonly string[] }; readonly answer: null };
  connected: { readonly body: null; readonly answer: null };
  observe: { readonly body: null; readonly answer: null };
  generate: { readonly body: null; readonly answer: null };
  generator: { readonly body: null; readonly answer: GeneratorState };
  stopGenerator: { readonly body: null; readonly answer: GeneratorState };
  bytes: { readonly body: null; readonly answer: number };
  do: { readonly body: { readonly step: Step; readonly target: string }; readonly answer: string };
  end: {
    readonly body: { readonly action: EndAction; readonly target: string };
    readonly answer: null;
  };
  restore: { readonly body: { readonly target: string }; readonly answer: readonly string[] };
  unused: { readonly body: null; readonly answer: readonly string[] };
  /** From now on, event files of this end are judged as they are finished (`verify: live`). */
  follow: { readonly body: { readonly manifest: Manifest }; readonly answer: null };
  accounts: { readonly body: null; readonly answer: NodeBooks };
  stop: { readonly body: null; readonly answer: null };
  verify: {
    readonly body: { readonly manifest: Manifest; readonly shiftMs: number };
    readonly answer: DestinationVerdict | null;
  };
  collect: { readonly body: null; readonly answer: Collected };
}
export type Verb = keyof Verbs;

export interface RequestLine {
  readonly id: number;
  readonly verb: Verb;
  readonly body: unknown;
}

export type AnswerLine =
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: { readonly code: BenchErrorCode; readonly message: string } };
