/** Something the user can mend: command lines print the message as one line and exit with status 2. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** Throws when an invariant does not hold; the message states the op, what must hold and what was found. */
export function check(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new Error(typeof message === 'string' ? message : message());
}
