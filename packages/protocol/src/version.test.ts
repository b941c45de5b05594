import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { pairRecord, supervisorReply, supervisorRequest } from './arbiter-link.ts';
import { boardCommand, boardMessage } from './board.ts';
import { configReply, configRequest } from './config-link.ts';
import { deskReply, deskRequest } from './desk-link.ts';
import { mirrorMessage } from './mirror-link.ts';
import { operatorReply, operatorRequest } from './operator-link.ts';
import { statReply, statRequest } from './stat-link.ts';
import { PROTOCOL_VERSION, PROTOCOL_VERSION_OLDEST } from './version.ts';

/** Every message that crosses a process, by the link on which it travels. */
const WIRE = {
  deskRequest,
  deskReply,
  configRequest,
  configReply,
  statRequest,
  statReply,
  boardMessage,
  boardCommand,
  mirrorMessage,
  supervisorRequest,
  supervisorReply,
  operatorRequest,
  operatorReply,
  pairRecord,
};

/** Of the messages of each version that is still served, the newest last. */
const HASHES: Readonly<Record<number, string>> = {
  2: '5c371ff468f82d7848b3ff558ff31aede01a0aa2eee847e0de89fd989475eb44',
};

/** As they stand on the wire: before a reader turns text into values. */
function hashOf(schemas: Readonly<Record<string, z.ZodType>>): string {
  const described = Object.entries(schemas).map(([name, schema]) => [
    name,
    z.toJSONSchema(schema, { io: 'input' }),
  ]);
  return createHash('sha256').update(JSON.stringify(described)).digest('hex');
}

test('the messages are those of the present version', () => {
  const hash = hashOf(WIRE);
  expect(
    hash,
    [
      `A message that crosses a process has changed since version ${PROTOCOL_VERSION} was written down.`,
      'Was that version ever released? Then add 1 to PROTOCOL_VERSION, a line to the history in version.ts,',
      'and a test that the oldest version served is still understood. In either case put the new hash here:',
      hash,
    ].join('\n'),
  ).toBe(HASHES[PROTOCOL_VERSION]);
});

test('a field more, also an optional one, makes another hash', () => {
  const before = z.object({ type: z.literal('Ping'), n: z.number() });
  const after = before.extend({ why: z.string().optional() });
  expect(hashOf({ ping: after })).not.toBe(hashOf({ ping: before }));
  expect(hashOf({ ping: before })).toBe(hashOf({ ping: before }));
});

test('the versions that are served have their hashes, from the oldest on', () => {
  const served = Object.keys(HASHES).map(Number);
  expect(served).toContain(PROTOCOL_VERSION);
  expect(Math.min(...served)).toBe(PROTOCOL_VERSION_OLDEST);
  expect(Math.max(...served)).toBe(PROTOCOL_VERSION);
  expect(PROTOCOL_VERSION_OLDEST).toBeLessThanOrEqual(PROTOCOL_VERSION);
});
