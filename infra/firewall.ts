// Who may talk to the machines, and to whom they may talk: ssh from the networks that were named, the chain's ports
// among themselves, and https outward for what they install. One rule a resource, so that each can be read.

import { SecurityGroup } from '@cdktf/provider-aws/lib/security-group/index.js';
import { VpcSecurityGroupEgressRule } from '@cdktf/provider-aws/lib/vpc-security-group-egress-rule/index.js';
import { VpcSecurityGroupIngressRule } from '@cdktf/provider-aws/lib/vpc-security-group-ingress-rule/index.js';
import type { Construct } from 'constructs';
import type { RigSettings } from './settings.ts';

const SSH = 22;
const HTTPS = 443;
/** What the machines say to each other: hops, /metrics, etcd. */
export const CHAIN_PORTS = { hop: 4100, http: 8100, etcd: 2379 } as const;

/** Returns the group's id. */
export function makeFirewall(scope: Construct, { allow, run }: RigSettings, vpcId: string): string {
  const group = new SecurityGroup(scope, 'group', {
    vpcId,
    name: `spillway-${run}`,
    description: 'ssh from the caller, the chain among its machines',
    tags: { Name: `spillway-${run}` },
  });
  const rule = { securityGroupId: group.id, ipProtocol: 'tcp' };
  for (const [index, network] of allow.entries()) {
    new VpcSecurityGroupIngressRule(scope, `ssh-${index + 1}`, {
      ...{ ...rule, fromPort: SSH, toPort: SSH, description: 'ssh from the caller' },
      ...(network.includes(':') ? { cidrIpv6: network } : { cidrIpv4: network }),
    });
  }
  for (const [name, port] of Object.entries(CHAIN_PORTS)) {
    const within = { ...rule, fromPort: port, toPort: port, referencedSecurityGroupId: group.id };
    new VpcSecurityGroupIngressRule(scope, `${name}-in`, {
      ...within,
      description: `${name} within the chain`,
    });
    new VpcSecurityGroupEgressRule(scope, `${name}-out`, {
      ...within,
      description: `${name} within the chain`,
    });
  }
  new VpcSecurityGroupEgressRule(scope, 'https-out', {
    ...{ ...rule, fromPort: HTTPS, toPort: HTTPS, cidrIpv4: '0.0.0.0/0' },
    description: 'packages that the machines install',
  });
  return group.id;
}
