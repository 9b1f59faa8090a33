// Where "AWS" is, when it is not AWS: the variables by which the provider, and the command line, ask something else.

/** Nothing, or the line that says so. */
export function describeEndpoint(environment: NodeJS.ProcessEnv = process.env): readonly string[] {
  if (environment['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return [];
  const set = ['AWS_ENDPOINT_URL_EC2', 'AWS_ENDPOINT_URL'].find((name) => environment[name]);
  if (set === undefined) return [];
  return [`${set} is set: not AWS is asked, but ${environment[set]}; nothing is made on AWS itself`];
}
