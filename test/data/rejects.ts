import * as assert from 'uvu/assert';
import { UserError } from '../../engine/errors.ts';

/** Asserts that a promise fails with a one-line UserError that matches. */
export async function rejects(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  const error = await promise.then(() => null, (reason: unknown) => reason);
  assert.instance(error, UserError, String(error));
  const { message } = error as UserError;
  assert.match(message, pattern);
  assert.not.match(message, /\n/);
}
