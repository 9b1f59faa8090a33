// What a user can get wrong: the spec, or a file it names. Ends the generator with status 2; anything else that
// fails (a full disk, ...) ends it with status 1.

export class SpecError extends Error {
  override readonly name = 'SpecError';
}
