import type { EventMessage } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { type Calls, callsAfter, NO_CALLS } from './calls.ts';

const NOW = 100_000;

function after(calls: Calls, name: EventMessage['name'], Extensions: Record<string, number>): Calls {
  const position = { epoch: 1, number: 1 };
  const attributes = { Server: 'sip-south', ThisDN: '7001', ConnID: 'c1', Extensions };
  return callsAfter(calls, 'south', { type: 'Event', time: 0, name, position, attributes }, NOW);
}

it('[DS14] a call that was taken over on hold is shown as held, since when the agent had put it there (AD1)', () => {
  const established = after(NO_CALLS, 'EventEstablished', { EstablishedMs: 60_000 });
  expect([...established.values()]).toMatchObject([{ state: 'Established', since: NOW - 60_000 }]);
  const held = after(established, 'EventHeld', { HeldMs: 20_000 });
  expect([...held.values()]).toMatchObject([{ state: 'Held', since: NOW - 20_000 }]);
  // As anywhere else.
  expect([...after(established, 'EventHeld', {}).values()]).toMatchObject([{ since: NOW }]);
});
