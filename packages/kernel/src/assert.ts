/**
 * Our own mistakes. An assertion says what can only be false when this code is wrong; bytes from outside may
 * never trip one.
 */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(claim: boolean, message: string): asserts claim {
  if (!claim) throw new AssertionError(message);
}

/** The value, which the caller knows to be there. */
export function must<T>(value: T | undefined | null, message: string): T {
  if (value === undefined || value === null) throw new AssertionError(message);
  return value;
}

/** Ends a switch over a union: the compiler proves that no variant was forgotten. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${JSON.stringify(value)}`);
}
