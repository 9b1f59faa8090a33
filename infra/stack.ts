// The rig as a Terraform stack: network, firewall, machines; and as its outputs what the next step needs of them.

import { DataAwsCallerIdentity } from '@cdktf/provider-aws/lib/data-aws-caller-identity/index.js';
import { DataAwsRegion } from '@cdktf/provider-aws/lib/data-aws-region/index.js';
import { AwsProvider } from '@cdktf/provider-aws/lib/provider/index.js';
import { type App, LocalBackend, TerraformOutput, TerraformStack } from 'cdktf';
import { makeFirewall } from './firewall.ts';
import { makeMachines } from './machines.ts';
import { makeNetwork } from './network.ts';
import { type RigSettings, tagsOf } from './settings.ts';

export const STACK = 'spillway';
/** infra/terraform.tfstate, as seen from the folder that the stack is written into (see synth.ts). */
const STATE = '../../../terraform.tfstate';

export class RigStack extends TerraformStack {
  constructor(app: App, settings: RigSettings) {
    super(app, STACK);
    new LocalBackend(this, { path: STATE });
    new AwsProvider(this, 'aws', {
      ...(settings.region !== null && { region: settings.region }),
      ...(settings.account !== null && { allowedAccountIds: [settings.account] }),
      defaultTags: [{ tags: tagsOf(settings) }],
    });
    const caller = new DataAwsCallerIdentity(this, 'caller', {});
    const region = new DataAwsRegion(this, 'region', {});
    const network = makeNetwork(this, settings);
    const groupId = makeFirewall(this, settings, network.vpcId);
    const machines = makeMachines(this, settings, { ...network, groupId });
    const hosts = [...machines].map(([id, machine]) => [
      id,
      { address: machine.publicIp, inside: machine.privateIp },
    ]);
    this.#output('account', caller.accountId);
    this.#output('region', region.region);
    this.#output('hosts', Object.fromEntries(hosts));
  }

  #output(name: string, value: unknown): void {
    new TerraformOutput(this, `output-${name}`, { value }).overrideLogicalId(name);
  }
}
