import { describe, expect, it } from 'vitest';
import { REPEATED_WITHIN_MS } from './telephony-link.ts';
import { World } from './test-world.ts';

/** Logged in at north, whose SIP Server answers no request about calls. */
function working(): World {
  const world = new World({ options: { 'disaster-recovery.timeout': '60' } })
    .tell({ type: 'ready' })
    .run(1_000);
  expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  return world;
}

/** The SIP Server of north is gone for so long. */
function lose(world: World, ms: number): void {
  world.kill('north', 'sip').run(ms);
  world.start('north', 'sip').run(5_000);
}

describe('requests without an answer when the link is lost', () => {
  it('[LG3] are sent again under their numbers once the link is on, in their order, and each once', () => {
    const world = working();
    world.tell({ type: 'call', destination: '1002' }).run(100);
    world.tell({ type: 'release', ConnID: 'c1' }).run(100);
    lose(world, 2_000);
    const [first, again, ...more] = world.north.requests('MakeCall');
    expect(again).toEqual(first);
    expect(more).toEqual([]);
    const released = world.north.requests('ReleaseCall');
    expect(released).toHaveLength(2);
    expect(released[1]).toEqual(released[0]);
    const types = world.north.heard.map(({ type }) => type);
    expect(types.lastIndexOf('MakeCall')).toBeGreaterThan(types.lastIndexOf('RegisterAddress'));
    expect(types.lastIndexOf('ReleaseCall')).toBeGreaterThan(types.lastIndexOf('MakeCall'));
  });

  it('[LG3] of a transfer too: in one step, or a consultation and what makes one of the two', () => {
    const world = working();
    const userData = { Why: 'claim' };
    world.tell({ type: 'transfer', ConnID: 'c1', destination: '1002', userData }).run(100);
    world.tell({ type: 'consult', ConnID: 'c2', destination: '1003' }).run(100);
    world.tell({ type: 'completeTransfer', ConnID: 'c2', consultConnID: 'c3' }).run(100);
    lose(world, 2_000);
    const asked = (['SingleStepTransfer', 'InitiateTransfer', 'CompleteTransfer'] as const).map((type) => {
      const [first, again, ...more] = world.north.requests(type);
      expect(again).toEqual(first);
      expect(more).toEqual([]);
      return first;
    });
    expect(asked).toMatchObject([
      { ConnID: 'c1', destination: '1002', userData },
      { ConnID: 'c2', destination: '1003' },
      { ConnID: 'c2', consultConnID: 'c3' },
    ]);
  });

  it('[LG3] are told as unanswered, and not sent again, when the link was lost for longer', () => {
    const world = working();
    world.tell({ type: 'call', destination: '1002' }).run(100);
    lose(world, REPEATED_WITHIN_MS + 5_000);
    expect(world.north.requests('MakeCall')).toHaveLength(1);
    expect(world.effects.filter(({ type }) => type === 'log')).toContainEqual(
      expect.objectContaining({
        line: expect.objectContaining({
          what: 'request refused',
          because: expect.stringContaining('lost before the answer'),
        }),
      }),
    );
  });

  it('[LG3] but for log-ins and states, which are decided anew', () => {
    const world = working();
    world.cut('north', 'down');
    world.tell({ type: 'notReady' }).run(100);
    const numbers = () => world.north.requests('AgentNotReady').map(({ ReferenceID }) => ReferenceID);
    expect(numbers()).toHaveLength(1);
    world.heal('north');
    lose(world, 1_000);
    expect(new Set(numbers()).size).toBe(numbers().length);
  });
});
