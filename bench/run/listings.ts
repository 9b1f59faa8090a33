// The commands that only look: scenarios, tools, reports and comparisons of earlier runs.

import { resolve } from 'node:path';
import { loadComparison } from '../compare/comparison-file.ts';
import { readScorecard, writeScorecardPages } from '../compare/store.ts';
import { refuseStrangers, renderComparison, worseFigures } from '../report/compare.ts';
import { compareScorecards } from '../report/scorecard/compare.ts';
import { BenchError } from '../run-error.ts';
import { listScenarios, scenarioNames } from '../scenario-file.ts';
import { loadSuite } from '../suite-file.ts';
import { knownTools } from '../tools/registry.ts';
import type { ToolFeatures } from '../tools/tool.ts';
import { readResult, writeReport } from './output.ts';

const NAME_WIDTH = 22;

type Say = (line: string) => void;

export async function listCommand(root: string, say: Say): Promise<number> {
  for (const { scenario } of await listScenarios(root)) {
    say(`${scenario.name.padEnd(NAME_WIDTH)} ${scenario.description}`);
  }
  for (const name of await scenarioNames(root)) {
    const suite = await loadSuite(root, name);
    const several = suite ?? (await loadComparison(root, name));
    if (several !== null) say(`${several.name.padEnd(NAME_WIDTH)} ${several.description}`);
  }
  return 0;
}

export async function toolsCommand(root: string, say: Say): Promise<number> {
  for (const tool of knownTools()) {
    const found = await tool.locate(root);
    const where = found.found ? `${found.version}  ${shortened(root, found.binary)}` : 'not here';
    say(`${tool.name.padEnd(NAME_WIDTH)} ${where}`);
    const indent = ' '.repeat(NAME_WIDTH);
    say(`${indent} ${tool.summary}`);
    say(`${indent} ${featureText(tool.features)}`);
    if (!found.found) say(`${indent} to get it: ${found.howToGet}`);
    else if ((found.abilities ?? []).length > 0)
      say(`${indent} this one can: ${found.abilities?.join(', ')}`);
  }
  return 0;
}

function shortened(root: string, path: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}

export async function reportCommand(dirs: readonly string[], say: Say): Promise<number> {
  for (const dir of dirs.map((given) => resolve(given))) {
    const card = await readScorecard(dir);
    say(card === null ? await writeReport(dir, await readResult(dir)) : await writeScorecardPages(dir, card));
  }
  return 0;
}

/** @returns 1 where something of a later one is worse than of the first */
export async function compareCommand(dirs: readonly string[], say: Say): Promise<number> {
  const folders = dirs.map((dir) => resolve(dir));
  const cards = await Promise.all(folders.map(readScorecard));
  const whole = cards.filter((card) => card !== null);
  if (whole.length > 0 && whole.length < dirs.length) {
    const kinds = dirs.map((dir, index) => `${dir} is a ${cards[index] === null ? 'run' : 'comparison'}`);
    throw new BenchError(
      'usage',
      `${kinds.join(', ')}: a comparison is compared with comparisons, a run with runs`,
    );
  }
  if (whole.length > 0) {
    const { text, worse } = compareScorecards(whole);
    say(text.trimEnd());
    return worse > 0 ? 1 : 0;
  }
  const results = await Promise.all(folders.map(readResult));
  refuseStrangers(results);
  say(renderComparison(results).trimEnd());
  return worseFigures(results).length > 0 ? 1 : 0;
}

function featureText(features: ToolFeatures): string {
  const { fsync, os } = features.acknowledgedAfter;
  const classes = features.durabilities.map((each) => `${each}: ${each === 'fsync' ? fsync : os}`);
  const parts = [
    features.acknowledges ? `acknowledges (${classes.join(', ')})` : 'no acknowledgements',
    features.buffersOnDisk ? 'buffers on disk' : 'no buffer on disk',
    ...(features.capsBuffer ? ['with a cap'] : []),
    ...(features.balances ? ['knows clusters'] : []),
    ...(features.keepsOrder ? ['keeps order'] : []),
    features.rollsEventFiles ? 'rolls its files' : 'files do not roll',
    `durability ${features.durabilities.join(' or ')}`,
  ];
  return parts.join(', ');
}
