// What makes a judgement impossible: a missing file, a manifest that is not one, inputs that changed since the
// run. Ends the command with status 2, unlike a verdict, which ends it with 0 or 1.

export class VerifyError extends Error {
  override readonly name = 'VerifyError';
}
