// What Terraform, the provider and AWS say when they fail, in one sentence with a remedy. Their own words follow below
// it, always: a sign may be read wrongly.

const LINES_SHOWN = 12;

const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [
    /ExpiredToken|RequestExpired|token (included in the request )?is expired|SSO session [^.]*expired|InvalidGrantException/i,
    'the AWS credentials have expired: renew them (aws sso login, or export new ones)',
  ],
  [
    /failed to get shared config profile|config profile \(.*\) could not be found/i,
    'AWS_PROFILE names a profile that ~/.aws/config and ~/.aws/credentials do not have',
  ],
  [
    /No valid credential sources|failed to refresh cached credentials, no EC2 IMDS role|NoCredentialProviders|Unable to locate credentials/i,
    'no AWS credentials: export AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
  [
    /InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure|UnrecognizedClientException/i,
    'AWS does not know these credentials: check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and whether the account has this region enabled',
  ],
  [/AWS account ID not allowed/i, 'these are credentials of another account than the one that the rig is in'],
  [/UnauthorizedOperation|AccessDenied/i, 'the credentials may not do this; AWS names the action below'],
  [
    /VcpuLimitExceeded|InstanceLimitExceeded|VpcLimitExceeded|MaxSpotInstanceCountExceeded/i,
    'the account has no quota left for this: use smaller or fewer machines (configs/chain/aws.yaml), or ask AWS for more',
  ],
  [
    /InsufficientInstanceCapacity|Unsupported: [^.]*instance type|not supported in your requested Availability Zone/i,
    'the region has none of these machines now: try again, another type, or another region',
  ],
  [
    /invalid AWS Region|Invalid region|no such host.{0,40}amazonaws|invalid provider configuration.{0,80}region|Missing Region|must specify a region/i,
    'no region, or none of that name: export AWS_REGION=us-east-1, for example',
  ],
  [
    /InvalidInstanceType|Invalid value '[^']*' for InstanceType|supplied instance types? do(es)? not exist/i,
    'the region has no machines of this type: another type (configs/chain/aws.yaml), or another region',
  ],
  [
    /Invalid(Subnet|Vpc)ID\.NotFound|InvalidGroup\.NotFound/i,
    'the network is not there: machines.network in the chain configuration names a VPC and a subnet of this account and region',
  ],
  [
    /ParameterNotFound/i,
    'no Amazon Linux image is published for this region and architecture: another region',
  ],
  [
    /RequestLimitExceeded|Throttling|ThrottlingException|Too Many Requests/i,
    'AWS wants fewer requests from this account: try again in a minute',
  ],
  [
    /Failed to query available provider packages|Failed to install provider|could not connect to registry|registry service is unreachable/i,
    'the AWS provider could not be fetched from the registry: check the network, or give a mirror (provider_installation in the CLI configuration)',
  ],
  [
    /dial tcp|connection refused|no such host|TLS handshake timeout|i\/o timeout|Could not connect to the endpoint/i,
    'AWS cannot be reached: check the network, a proxy (HTTPS_PROXY), and AWS_ENDPOINT_URL if it is set',
  ],
  [
    /DependencyViolation/i,
    'something that this state does not know still uses it: ./destroy.sh --find --list shows what carries the tags of a rig',
  ],
  [/Saved plan is stale/i, 'somebody changed the rig meanwhile: the same again'],
  [/Error acquiring the state lock/i, 'another create or destroy is at work on this state: wait for its end'],
];

/** null: nothing that we know. */
export function explain(said: string): string | null {
  // Terraform breaks its lines anywhere, and draws a bar before them.
  const text = said.replace(/[│╷╵\s]+/g, ' ');
  const found = EXPLANATIONS.find(([sign]) => sign.test(text));
  return found === undefined ? null : `${found[1]}\n${errorsOf(said)}`;
}

/** The errors among all it said. */
export function errorsOf(said: string): string {
  const lines = said.split('\n').map((line) => line.replace(/^[│╷╵\s]+/, ''));
  const from = lines.findIndex((line) => line.startsWith('Error'));
  return (
    lines
      .slice(Math.max(0, from === -1 ? lines.length - LINES_SHOWN : from))
      // Where in the JSON, which nobody has written, says nothing.
      .filter((line) => line !== '' && !/^on cdk\.tf\.json line|^\d+: |^with provider/.test(line))
      .slice(0, LINES_SHOWN)
      .map((line) => `  ${line}`)
      .join('\n')
  );
}
