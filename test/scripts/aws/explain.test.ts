// The words of terraform 1.11, of the SDK that the provider uses, and of the AWS command line; and what is made of them.

import test from 'ava';
import { explain } from '../../../scripts/aws/explain.ts';

const SAID = [
  [
    'Error: Retrieving AWS account details: validating provider credentials: retrieving caller identity from STS: operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: 1, api error ExpiredToken: The security token included in the request is expired',
    /have expired: renew/,
  ],
  [
    'Error: creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 400, RequestID: 1, api error InsufficientInstanceCapacity: We currently do not have sufficient c6i.large capacity',
    /none of these machines now/,
  ],
  [
    "Error: creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 400, RequestID: 1, api error InvalidParameterValue: Invalid value 'c6i.huge' for InstanceType.",
    /no machines of this type/,
  ],
  [
    'Error: reading EC2 Instance Type (c6i.huge): operation error EC2: DescribeInstanceTypes, https response error StatusCode: 400, RequestID: 1, api error InvalidInstanceType: The following supplied instance types do not exist: [c6i.huge]',
    /no machines of this type/,
  ],
  [
    "Error: creating EC2 Instance: operation error EC2: RunInstances, api error InvalidSubnetID.NotFound: The subnet ID 'subnet-0a' does not exist",
    /machines\.network/,
  ],
  [
    'Error: reading EC2 VPC (vpc-1): operation error EC2: DescribeVpcs, exceeded maximum number of attempts, 25, https response error StatusCode: 503, RequestID: 1, api error RequestLimitExceeded: Request limit exceeded.',
    /fewer requests/,
  ],
  [
    'Error: Failed to query available provider packages\n\nCould not retrieve the list of available versions for provider hashicorp/aws: could not connect to registry.terraform.io',
    /could not be fetched from the registry/,
  ],
  [
    'Error: Retrieving AWS account details: validating provider credentials: retrieving caller identity from STS: operation error STS: GetCallerIdentity, exceeded maximum number of attempts, 25, https response error StatusCode: 0, RequestID: , request send failed, Post "http://127.0.0.1:9/": dial tcp 127.0.0.1:9: connect: connection refused',
    /cannot be reached/,
  ],
  ['Error: Saved plan is stale', /the same again/],
  ['Error: failed to get shared config profile, nobody', /AWS_PROFILE names a profile/],
  ['The config profile (nobody) could not be found', /AWS_PROFILE names a profile/],
  ['You must specify a region. You can also configure your region by running "aws configure".', /no region/],
] as const;

test('what AWS says is explained in a sentence, and stands below it', (t) => {
  for (const [said, told] of SAID) {
    const text = explain(`Acquiring state lock. This may take a few moments...\n${said}\n`) ?? '';
    t.regex(text, told, said);
    t.true(text.includes(said.split('\n')[0] ?? ''), said);
  }
});

test('what nobody knows is not explained', (t) => t.is(explain('Error: the moon is full'), null));

test('a sign that terraform broke over two lines is found', (t) => {
  const said = '╷\n│ Error: No\n│ valid credential\n│ sources found\n╵\n';
  t.regex(explain(said) ?? '', /^no AWS credentials/);
});
