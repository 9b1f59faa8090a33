// Where the machines are: a VPC of the rig's own with one public subnet, or an existing subnet.

import { DefaultSecurityGroup } from '@cdktf/provider-aws/lib/default-security-group/index.js';
import { InternetGateway } from '@cdktf/provider-aws/lib/internet-gateway/index.js';
import { RouteTable } from '@cdktf/provider-aws/lib/route-table/index.js';
import { RouteTableAssociation } from '@cdktf/provider-aws/lib/route-table-association/index.js';
import { Subnet } from '@cdktf/provider-aws/lib/subnet/index.js';
import { Vpc } from '@cdktf/provider-aws/lib/vpc/index.js';
import type { ITerraformDependable } from 'cdktf';
import type { Construct } from 'constructs';
import type { RigSettings } from './settings.ts';

const VPC_RANGE = '10.77.0.0/24';
const EVERYWHERE = '0.0.0.0/0';

export interface Network {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly before: ITerraformDependable[];
}

export function makeNetwork(scope: Construct, { network, run }: RigSettings): Network {
  if (network !== null) return { vpcId: network.vpc, subnetId: network.subnet, before: [] };
  const name = `spillway-${run}`;
  const tags = { Name: name };
  const vpc = new Vpc(scope, 'vpc', {
    cidrBlock: VPC_RANGE,
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags,
  });
  // The group that AWS makes with every VPC lets its members talk to each other: emptied, so that nobody can use it.
  new DefaultSecurityGroup(scope, 'default-group', { vpcId: vpc.id, tags: { Name: `${name}-unused` } });
  const gateway = new InternetGateway(scope, 'gateway', { vpcId: vpc.id, tags });
  const subnet = new Subnet(scope, 'subnet', {
    vpcId: vpc.id,
    cidrBlock: VPC_RANGE,
    mapPublicIpOnLaunch: false,
    tags,
  });
  const routes = new RouteTable(scope, 'routes', {
    vpcId: vpc.id,
    route: [{ cidrBlock: EVERYWHERE, gatewayId: gateway.id }],
    tags,
  });
  const association = new RouteTableAssociation(scope, 'subnet-routes', {
    subnetId: subnet.id,
    routeTableId: routes.id,
  });
  return { vpcId: vpc.id, subnetId: subnet.id, before: [gateway, association] };
}
