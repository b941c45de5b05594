/** Options about legs that are lost, each from its object to a message or to what becomes of a caller. */
import { headerValue } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { CALLER_NUMBER, centreWorld } from './testing/centre-world.ts';
import { configured } from './testing/configured-site.ts';
import { callerAt, Peer } from './testing/people.ts';
import { GATEWAY } from './testing/server-site.ts';

/** With music on 8000, so that whoever waits there is answered. */
const centreWith = (holdfast: Record<string, string> = {}) =>
  centreWorld(
    configured({ server: { holdfast }, 'DN/8000@switch-north': { holdfast: { treatment: 'music' } } }),
  );

/** What the answer to a call that proposes so many seconds says of them, or with what it is refused. */
function answerTo(proposedS: number, holdfast: Record<string, string> = {}): string | number | undefined {
  const { world } = centreWith(holdfast);
  const caller = new Peer(world, CALLER_NUMBER, GATEWAY);
  const headers = [
    ['Supported', 'timer'],
    ['Session-Expires', String(proposedS)],
  ] as const;
  caller.call('8900', { headers });
  world.run(1_000);
  const failed = caller.events.find((event) => event.type === 'failed');
  if (failed?.type === 'failed') return failed.status;
  const { response } = caller.last('answered');
  return headerValue(response, 'session-expires');
}

describe('a call that proposes a session timer', () => {
  it('[option holdfast/session-timer] has one with us, or none', () => {
    expect(answerTo(600)).toBe('600;refresher=uas');
    expect(answerTo(600, { 'session-timer': 'false' })).toBeUndefined();
  });

  it('[option holdfast/session-expires] has ours where that is shorter', () => {
    expect(answerTo(86_400)).toBe('1800;refresher=uas');
    expect(answerTo(86_400, { 'session-expires': '300' })).toBe('300;refresher=uas');
  });

  it('[option holdfast/session-min-se] is refused when it is shorter than that', () => {
    expect(answerTo(120)).toBe('120;refresher=uas');
    expect(answerTo(120, { 'session-min-se': '200' })).toBe(422);
  });
});

describe('a caller whose leg was lost in line', () => {
  /** For how long whoever has waited 10 s, and dials again so long after the loss, has waited a second later, s. */
  function waitedAfter(lossMs: number, holdfast: Record<string, string> = {}): number {
    const { world, site, caller } = centreWith(holdfast);
    caller.tell({ name: 'call', to: '8000' });
    world.run(10_000);
    // Its phone has forgotten the call without a word.
    world.remove(caller.host);
    // It is asked twice a minute, and given half a minute for its answer.
    world.run(80_000);
    expect(site.node.parts.calls.size).toBe(0);
    world.run(lossMs);
    callerAt(world, '10.0.9.2', CALLER_NUMBER).tell({ name: 'call', to: '8000' });
    world.run(1_000);
    const queue = site.node.parts.centre.queueSnapshots(world.now).find(({ dn }) => dn === '8000');
    return Math.round((queue?.waiting[0]?.waitedMs ?? 0) / 1_000);
  }

  it('[option holdfast/lost-place-window] keeps the place for so long, or not at all', () => {
    expect(waitedAfter(60_000)).toBeGreaterThan(10);
    expect(waitedAfter(200_000)).toBe(1);
    expect(waitedAfter(200_000, { 'lost-place-window': '300' })).toBeGreaterThan(10);
    expect(waitedAfter(1_000, { 'lost-place-window': '0' })).toBe(1);
  });
});
