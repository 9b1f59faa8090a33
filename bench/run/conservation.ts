// Does everything add up, to the event? For a tool with counters: each process's own books, each hop's two ends,
// and the ends of the chain against generator and verifier. For a tool without: the event files on both sides of
// each link. An equation that does not hold means that events vanished or appeared where nobody counted them.

import type { Manifest } from '../generator/spec.ts';
import type { Equation, Result } from '../result.ts';
import type { DestinationAccount, NodeAccount } from '../tools/tool.ts';
import type { DestinationVerdict } from '../verifier/spec.ts';

/** A node in the order of the flow; `account` is null for a tool that keeps none. */
export interface AccountedNode {
  readonly id: string;
  readonly from: string | null;
  readonly to: readonly string[];
  /** The destination that it is, or that it is a member of. */
  readonly destination?: string | null;
  readonly account: NodeAccount | null;
  /** What the verifier found in its event files; null where they were not judged. */
  readonly verdict: DestinationVerdict | null;
}

/** A destination whose events are shared by several nodes. */
export interface AccountedCluster {
  readonly name: string;
  readonly members: readonly string[];
  /** Of the union of their event files. */
  readonly verdict: DestinationVerdict | null;
}

export interface Books {
  readonly nodes: readonly AccountedNode[];
  readonly clusters?: readonly AccountedCluster[];
  readonly keepsAccounts: boolean;
  /** All that was ever written into the chain: one manifest a load. */
  readonly manifests: readonly Manifest[];
}

export function conservationOf(books: Books): Result['conservation'] {
  const equations = books.keepsAccounts ? counterEquations(books) : fileEquations(books);
  return { state: stateOf(equations), equations };
}

function stateOf(equations: readonly Equation[]): Result['conservation']['state'] {
  if (equations.length === 0) return 'unknown';
  return equations.every(({ holds }) => holds) ? 'closed' : 'open';
}

function counterEquations(books: Books): Equation[] {
  const ofNodes = books.nodes.flatMap((node) => {
    if (node.account === null) return [missing(node.id)];
    const edges = isMember(books, node.id) ? [] : edgeEquations(books, node, node.account);
    return [...processEquations(node.id, node.account), ...edges];
  });
  return [...ofNodes, ...(books.clusters ?? []).flatMap((cluster) => clusterEquations(books, cluster))];
}

function isMember({ clusters = [] }: Books, id: string): boolean {
  return clusters.some(({ members }) => members.includes(id));
}

/** What a member had although another was given it too was appended twice; what is in doubt, perhaps. */
function clusterEquations(books: Books, { name, members, verdict }: AccountedCluster): Equation[] {
  const nodes = books.nodes.filter(({ id }) => members.includes(id));
  const appended = nodes.reduce((sum, { account }) => {
    return sum + (account?.sources.reduce((part, source) => part + source.appended, 0) ?? 0);
  }, 0);
  const lanes = lanesTo(
    name,
    books.nodes.map(({ account }) => account),
  );
  const sum = (part: 'acknowledged' | 'had' | 'inDoubt') => {
    return lanes.reduce((total, lane) => total + (lane[part] ?? 0), 0);
  };
  const least = sum('acknowledged') + sum('had');
  const where = `${nodes[0]?.from ?? '?'} -> ${name}`;
  const holds = appended >= least && appended <= least + sum('inDoubt');
  const handed = { where, text: SHARED, left: least, right: appended, holds };
  if (verdict === null) return [handed];
  const text = "appended by the members = lines in the destination's files";
  return [handed, equation(`${name} -> verifier`, text, appended, linesOf(verdict))];
}

/** Within one process. */
function processEquations(id: string, account: NodeAccount): Equation[] {
  const sources = account.sources.map((source) => {
    const { read, appended, suppressed, quarantined, refused, held } = source;
    const right = appended + suppressed + quarantined + refused + held;
    return equation(`${id}, source ${source.name}`, READ, read, right);
  });
  const appended = account.sources.reduce((sum, source) => sum + source.appended, 0);
  const log = equation(`${id}, log`, 'log appended = appended by its sources', account.logAppended, appended);
  const destinations = account.destinations.map((destination) => {
    const { acknowledged, buffered, dropped, skipped } = destination;
    const right = acknowledged + buffered + dropped + skipped;
    return equation(`${id}, destination ${destination.name}`, SENT, destination.appended, right);
  });
  return [...sources, log, ...destinations];
}

const READ = 'read = appended + suppressed + quarantined + refused + held';
const SENT = 'appended = acknowledged + buffered + dropped + skipped';

const SHARED = 'acknowledged + had twice (+ at most what is in doubt) = appended by the members';
const ACKNOWLEDGED = 'acknowledged to the sender = appended by the receiver';
const HANDED_OVER = 'acknowledged + skipped + dropped by the sender = appended + skipped by the receiver';

/** Everybody's counts for the node of this name; several senders may feed one listener. */
export function lanesTo(
  id: string,
  accounts: readonly (NodeAccount | null)[],
): readonly DestinationAccount[] {
  return accounts.flatMap((account) => account?.destinations.filter(({ name }) => name === id) ?? []);
}

/** What the senders are done with, and what the receiver knows of; null where it keeps no count of gaps. */
export function handoverOf(
  { sources, skippedByPeers }: NodeAccount,
  lanes: readonly DestinationAccount[],
): { readonly given: number; readonly taken: number } | null {
  if (skippedByPeers === undefined) return null;
  const given = lanes.reduce(
    (sum, { acknowledged, skipped, dropped }) => sum + acknowledged + skipped + dropped,
    0,
  );
  return { given, taken: sources.reduce((sum, { appended }) => sum + appended, skippedByPeers) };
}

/** Between processes, and at the chain's two ends. */
function edgeEquations(books: Books, node: AccountedNode, account: NodeAccount): Equation[] {
  const read = account.sources.reduce((sum, source) => sum + source.read, 0);
  const appended = account.sources.reduce((sum, source) => sum + source.appended, 0);
  const edges: Equation[] = [];
  if (node.from === null) {
    const sent = sentEvents(books.manifests);
    edges.push(equation(`generator -> ${node.id}`, 'generated = read by the first instance', sent, read));
  } else {
    const where = `${node.from} -> ${node.id}`;
    const lanes = lanesTo(
      node.id,
      books.nodes.map((other) => other.account),
    );
    const acknowledged = lanes.reduce((sum, lane) => sum + lane.acknowledged, 0);
    edges.push(equation(where, ACKNOWLEDGED, acknowledged, appended));
    const handover = handoverOf(account, lanes);
    if (handover !== null) edges.push(equation(where, HANDED_OVER, handover.given, handover.taken));
  }
  if (node.verdict !== null) {
    const text = "appended = lines in the destination's files";
    edges.push(equation(`${node.id} -> verifier`, text, appended, linesOf(node.verdict)));
  }
  return edges;
}

/** For a tool without counters: what one side of a link has and the other has not is unaccounted for. */
function fileEquations(books: Books): Equation[] {
  const sent = sentEvents(books.manifests);
  const delivered = (id: string) => books.nodes.find((node) => node.id === id)?.verdict?.delivered ?? null;
  const compare = (from: string | null, name: string, right: number | null) => {
    const sender = books.nodes.find(({ id }) => id === from);
    const left = sender?.from === null ? sent : delivered(from ?? '');
    const where = `${from} -> ${name}`;
    if (left === null || right === null) return missing(where);
    return equation(where, 'distinct events before the hop = after it', left, right);
  };
  const ofNodes = books.nodes
    .filter(({ id, from }) => from !== null && !isMember(books, id))
    .map(({ id, from }) => compare(from, id, delivered(id)));
  const ofClusters = (books.clusters ?? []).map(({ name, members, verdict }) => {
    const from = books.nodes.find(({ id }) => members.includes(id))?.from ?? null;
    return compare(from, name, verdict?.delivered ?? null);
  });
  return [...ofNodes, ...ofClusters];
}

function sentEvents(manifests: readonly Manifest[]): number {
  return manifests.reduce((sum, manifest) => sum + manifest.events, 0);
}

/** Every line of a node's event files, whatever it is. */
export function linesOf(verdict: DestinationVerdict): number {
  return verdict.delivered + verdict.duplicated.events + verdict.torn + verdict.foreign;
}

function equation(where: string, text: string, left: number, right: number): Equation {
  return { where, text, left, right, holds: left === right };
}

function missing(where: string): Equation {
  return { where, text: 'no account could be read', left: 0, right: 0, holds: false };
}
