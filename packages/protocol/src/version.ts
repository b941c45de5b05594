/**
 * The version of everything that crosses a process. A change of a schema takes a new number, one line here, a
 * new hash in version.test.ts and a test for the oldest version that is still served.
 *
 * 1  first version
 */
export const PROTOCOL_VERSION = 1;
export const PROTOCOL_VERSION_OLDEST = 1;
