// The stack as Terraform's JSON: infra/cdktf.out/stacks/spillway/cdk.tf.json. Needs neither credentials nor network.

import { join } from 'node:path';
import { App } from 'cdktf';
import type { RigSettings } from './settings.ts';
import { RigStack, STACK } from './stack.ts';

const OUT = join(import.meta.dirname, 'cdktf.out');
/** The folder for `terraform -chdir`. */
export const STACK_FOLDER = join(OUT, 'stacks', STACK);
export const STATE_FILE = join(import.meta.dirname, 'terraform.tfstate');

export function synth(settings: RigSettings): void {
  process.noDeprecation = true; // cdktf is archived, and says util.isArray
  // No telemetry, no search for a newer version: this must work without a network.
  process.env['CHECKPOINT_DISABLE'] = '1';
  const app = new App({ outdir: OUT, skipValidation: false });
  new RigStack(app, settings);
  app.synth();
}

/** For tests: the same, as an object. */
export function describeStack(settings: RigSettings): unknown {
  const app = new App({ outdir: OUT });
  return new RigStack(app, settings).toTerraform();
}
