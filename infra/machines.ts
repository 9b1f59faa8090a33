// The machines: newest Amazon Linux 2023 for the type's architecture, one like the other. None refers to another, so
// all are made at the same time; they meet in etcd.

import { DataAwsSsmParameter } from '@cdktf/provider-aws/lib/data-aws-ssm-parameter/index.js';
import { Instance } from '@cdktf/provider-aws/lib/instance/index.js';
import type { ITerraformDependable, TerraformStack } from 'cdktf';
import { architectureOf, type MachineSettings, type RigSettings, tagsOf } from './settings.ts';
import { userDataOf } from './user-data.ts';

export const USER = 'ec2-user';
const IMAGE_PARAMETER = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-';

export interface Place {
  readonly subnetId: string;
  readonly groupId: string;
  /** Made before the machines, and gone after them: an address in use keeps its gateway. */
  readonly before: ITerraformDependable[];
}

export function makeMachines(
  scope: TerraformStack,
  settings: RigSettings,
  place: Place,
): ReadonlyMap<string, Instance> {
  const images = new Map(
    [...new Set(settings.machines.map(({ type }) => architectureOf(type)))].map((architecture) => {
      const name = `${IMAGE_PARAMETER}${architecture}`;
      const parameter = new DataAwsSsmParameter(scope, `image-${architecture.replace('_', '-')}`, { name });
      return [architecture, parameter.insecureValue] as const;
    }),
  );
  return new Map(
    settings.machines.map((machine) => {
      const ami = images.get(architectureOf(machine.type)) ?? '';
      return [machine.id, makeMachine(scope, settings, machine, place, ami)] as const;
    }),
  );
}

function makeMachine(
  scope: TerraformStack,
  settings: RigSettings,
  machine: MachineSettings,
  { subnetId, groupId, before }: Place,
  ami: string,
): Instance {
  const name = { Name: `spillway-${settings.run}-${machine.id}`, 'spillway:id': machine.id };
  return new Instance(scope, machine.id, {
    ami,
    instanceType: machine.type,
    subnetId,
    vpcSecurityGroupIds: [groupId],
    associatePublicIpAddress: true,
    instanceInitiatedShutdownBehavior: 'terminate',
    metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
    rootBlockDevice: {
      volumeType: 'gp3',
      volumeSize: machine.diskGiB,
      encrypted: true,
      deleteOnTermination: true,
      // The provider's default tags do not reach the disk.
      tags: { ...tagsOf(settings), ...name },
    },
    userData: userDataOf(settings, machine),
    tags: { ...name, 'spillway:role': machine.role },
    dependsOn: before,
    // A newer image, or the text of another create, is no reason to replace a machine that stands.
    lifecycle: { ignoreChanges: ['ami', 'user_data'] },
  });
}
