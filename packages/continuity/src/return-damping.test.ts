import { describe, expect, it } from 'vitest';
import { reportOf } from './desk-site-wait.ts';
import {
  isFlapping,
  LOSSES_COUNTED_MAX,
  NO_LOSSES,
  returnAt,
  type SiteHealth,
  stepReturnDamping,
} from './return-damping.ts';
import { by, moved, type Scene } from './test-desk-site.ts';

const STEADY_MS = 3_000;
const HALF_LIFE_MS = 300_000;
const policyOf = (lossesMax = 1, halfLifeMs = HALF_LIFE_MS) => ({
  steadyMs: { value: STEADY_MS, option: by('return-steady-time', 3) },
  halfLifeMs: { value: halfLifeMs, option: by('return-half-life', 300) },
  lossesMax: { value: lossesMax, option: by('return-losses-max', lossesMax) },
});
const damping = policyOf();

/** What is seen of the site at these instants. */
function seen(story: readonly (readonly [at: number, health: SiteHealth])[], policy = damping) {
  return story.reduce(
    (state, [at, health]) => stepReturnDamping(state, { health, slotMs: 0 }, at, policy),
    NO_LOSSES,
  );
}

describe('the sum of losses', () => {
  it('[RD2] is one for each loss, and halves with each half-life; at the limit nobody is held back', () => {
    const once = seen([
      [0, 'ready'],
      [10_000, 'away'],
      [20_000, 'ready'],
    ]);
    expect(returnAt(once, damping)).toBe(20_000 + STEADY_MS);
    const twice = stepReturnDamping(once, { health: 'away', slotMs: 0 }, 10_000 + HALF_LIFE_MS, damping);
    // A half is left of the first: 1.5 has to come down to 1.
    const calmAt = 10_000 + HALF_LIFE_MS + Math.ceil(HALF_LIFE_MS * Math.log2(1.5));
    const back = stepReturnDamping(twice, { health: 'ready', slotMs: 0 }, 11_000 + HALF_LIFE_MS, damping);
    expect(returnAt(back, damping)).toBe(calmAt);
    expect([isFlapping(back, calmAt - 1, damping), isFlapping(back, calmAt, damping)]).toEqual([true, false]);
    // With a higher limit the same story holds nobody back, nor where losses are forgotten at once.
    expect(isFlapping(back, 11_000 + HALF_LIFE_MS, policyOf(2))).toBe(false);
    const forgotten = policyOf(1, 0);
    const story = [0, 1, 2, 3, 4, 5].map((n) => [n * 1_000, n % 2 === 0 ? 'ready' : 'away'] as const);
    expect(returnAt(seen([...story, [9_000, 'ready']], forgotten), forgotten)).toBe(9_000 + STEADY_MS);
  });

  it('[RD2] counts once what falls together, and also a site that never got as far as the phone', () => {
    const together = seen([
      [0, 'ready'],
      [1_000, 'reachable'],
      [2_000, 'away'],
      [3_000, 'reachable'],
    ]);
    expect(together.losses).toBe(1);
    const never = stepReturnDamping(together, { health: 'away', slotMs: 0 }, 3_000, damping);
    expect(never.losses).toBeCloseTo(2, 1);
    expect(returnAt(never, damping)).toBe(Number.POSITIVE_INFINITY);
  });

  it('[RD2] is bounded: a site that has flapped all day is trusted after four half-lives', () => {
    let state = NO_LOSSES;
    for (let n = 0; n < 1_000; n++) {
      state = stepReturnDamping(state, { health: 'ready', slotMs: 0 }, n, damping);
      state = stepReturnDamping(state, { health: 'away', slotMs: 0 }, n, damping);
    }
    expect(state.losses).toBe(LOSSES_COUNTED_MAX);
    const back = stepReturnDamping(state, { health: 'ready', slotMs: 0 }, 1_000, damping);
    expect(returnAt(back, damping)).toBe(999 + 4 * HALF_LIFE_MS);
  });
});

/** The preferred site comes and is lost again, so often; then it is there. */
function flaps(scene: Scene, times: number): Scene {
  for (let n = 0; n < times; n++) {
    scene
      .at(scene.now + 2_000)
      .stamp('south')
      .restart('north')
      .on('north');
    scene.at(scene.now + 2_000).off('north');
  }
  return scene
    .at(scene.now + 2_000)
    .stamp('south')
    .restart('north')
    .on('north');
}

describe('a desk that works at the peer site', () => {
  it('[RD1] returns when its own site has been ready without a break for the steady time', () => {
    const scene = moved({ damping }).at(100_000).stamp('south').restart('north').on('north', false);
    scene.at(110_000).stamp('south').phone('north', true);
    expect(scene.stands).toBe('serving south');
    expect(reportOf(scene.desk)).toMatchObject({
      because: { rule: 'RD1', option: { name: 'return-steady-time' } },
      wait: { for: 'return', site: 'north', from: 110_000, until: 113_000 },
    });
    scene.at(112_999);
    expect(scene.stands).toBe('serving south');
    scene.at(113_000);
    expect(scene.stands).toBe('withdrawing');
    expect(scene.decisions('return')).toMatchObject([{ because: { rule: 'DS15' }, at: 113_000 }]);
  });

  it('[RD1] waits its part of the window that the site gives, and a break begins it all anew', () => {
    const scene = moved({ damping });
    scene.slots.set('north', 1_500);
    scene.at(100_000).stamp('south').restart('north').on('north').at(104_499);
    expect(scene.stands).toBe('serving south');
    scene.at(104_500);
    expect(scene.stands).toBe('withdrawing');
    const broken = moved({ damping: policyOf(15) })
      .at(100_000)
      .restart('north')
      .on('north');
    broken.at(102_000).phone('north', false).at(102_100).phone('north', true).at(105_099);
    expect(broken.stands).toBe('serving south');
    broken.at(105_100);
    expect(broken.decisions('return')).toMatchObject([{ at: 105_100 }]);
  });

  it('[RD1] is not held back where its phone is gone from the peer site, nor by a cause to leave that', () => {
    const scene = moved({ damping }).at(70_000).stamp('south').restart('north').on('north');
    scene.phone('south', false).loggedOut('south', 'phone');
    expect(scene.logins().at(-1)).toMatchObject({ site: 'north', at: 70_000 });
    const shut = moved({ damping }).at(70_000).stamp('south').restart('north').on('north');
    expect(shut.loggedOut('south', 'shutdown').logins().at(-1)).toMatchObject({ site: 'north', at: 70_000 });
  });

  it('[RD1] [DS17] goes at once when it is asked to', () => {
    const because = { rule: 'DS17', text: 'The agent asked for the move.' };
    const scene = flaps(moved({ damping }), 3).tell({ type: 'move', to: 'north', because });
    expect(scene.stands).toBe('withdrawing');
  });

  it('[RD2] stays while its own site comes and goes, says why once each time, and returns once it is steady', () => {
    const scene = flaps(moved({ damping }), 3);
    expect(scene.stands).toBe('serving south');
    expect(scene.decisions('return')).toEqual([]);
    expect(scene.decisions('stay').map(({ because }) => because.rule)).toEqual(['RD2', 'RD2', 'RD2']);
    const { wait, because } = reportOf(scene.desk);
    expect(because).toMatchObject({ rule: 'RD2', option: { name: 'return-half-life' } });
    const until = wait?.until ?? 0;
    // Four losses within seconds: two half-lives and a little less.
    expect(until - scene.now).toBeGreaterThan(1.9 * HALF_LIFE_MS);
    expect(scene.at(until - 1).stands).toBe('serving south');
    expect(scene.at(until).decisions('return')).toMatchObject([{ at: until }]);
  });

  it('[RD3] keeps to the turn that a site gives, twice in a row, and then pauses as after any refusal', () => {
    const turn = { name: 'later', text: 'many log in', retryAfterMs: 40 } as const;
    const scene = moved({ damping }).phone('south', false).loggedOut('south', 'phone').at(70_000);
    scene.restart('north').on('north').refuse(turn).at(70_039);
    expect(scene.decisions('refused')).toMatchObject([{ because: { rule: 'RD3' } }]);
    expect(scene.logins()).toHaveLength(3);
    scene.at(70_040).refuse(turn);
    scene.at(70_080).refuse(turn).at(74_079);
    expect(scene.logins()).toHaveLength(5);
    expect(scene.at(74_080).logins()).toHaveLength(6);
  });
});
