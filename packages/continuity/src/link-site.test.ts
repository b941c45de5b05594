import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LinkSite,
  type LinkSiteEffect,
  type LinkSiteEvent,
  type LinkSitePolicy,
  linkSiteDeadline,
  startLinkSite,
  stepLinkSite,
} from './link-site.ts';

const TIMEOUT_MS = 60_000;

const WORKSPACE: LinkSitePolicy = {
  link: 'statistics',
  sites: ['north', 'south'],
  moveAfterMs: {
    value: TIMEOUT_MS,
    option: { name: 'disaster-recovery.timeout', value: '60 s', source: 'Application/workspace' },
  },
  follows: 'returns',
};
const THIRD_PARTY: LinkSitePolicy = {
  ...WORKSPACE,
  link: 'configuration',
  moveAfterMs: { value: 'never', option: { name: 'site-timeout', value: '30 s', source: 'the family' } },
  follows: 'everyMove',
};

class Desk {
  state: LinkSite;
  readonly effects: LinkSiteEffect[] = [];

  constructor(policy: LinkSitePolicy, standsAt?: string) {
    const { state, effects } = startLinkSite(policy, standsAt);
    this.state = state;
    this.effects.push(...effects);
  }

  tell(event: LinkSiteEvent, now = 0): this {
    const { state, effects } = stepLinkSite(this.state, event, now);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  /** What has been ordered since the last question. */
  get ordered(): string[] {
    return this.effects
      .splice(0)
      .map((effect) =>
        effect.type === 'moveTo' ? `to ${effect.site} (${effect.because.rule})` : effect.type,
      );
  }
}

describe('link site', () => {
  it('[DS5] at the start the preferred site is tried, then the other, without a pause', () => {
    const desk = new Desk(WORKSPACE);
    expect(desk.state.site).toBe('north');
    expect(desk.tell({ type: 'off', since: 5 }, 5).ordered).toEqual(['to south (DS5)']);
    expect(desk.tell({ type: 'on', site: 'south' }, 6).ordered).toEqual([]);
    expect(linkSiteDeadline(desk.state)).toBeUndefined();
  });

  it('[DS5] neither answers at the start: that is told, and the preferred one has its turn after the time-out', () => {
    const desk = new Desk(WORKSPACE).tell({ type: 'off', since: 5 }, 5);
    expect(desk.tell({ type: 'off', since: 9 }, 9).ordered).toEqual(['to south (DS5)', 'warn']);
    expect(linkSiteDeadline(desk.state)).toBe(9 + TIMEOUT_MS);
    expect(desk.tell({ type: 'expire' }, 9 + TIMEOUT_MS).ordered).toEqual(['to north (DS16)']);
  });

  it('[DS5] a link that came to stand at the other site goes to the preferred one, and back if nobody answers there', () => {
    const desk = new Desk(THIRD_PARTY, 'south');
    expect(desk.ordered).toEqual(['to north (DS5)']);
    expect(desk.tell({ type: 'off', since: 3 }, 3).ordered).toEqual(['to south (DS5)']);
    expect(desk.tell({ type: 'on', site: 'south' }, 4).ordered).toEqual([]);
    expect(new Desk(THIRD_PARTY, 'north').ordered).toEqual([]);
  });

  it('[DS16] Workspace: the link that is lost alone moves after the whole time-out, and no sooner', () => {
    const desk = new Desk(WORKSPACE, 'north').tell({ type: 'off', since: 1_000 }, 1_200);
    expect(desk.ordered).toEqual(['warn']);
    expect(desk.tell({ type: 'expire' }, 1_000 + TIMEOUT_MS - 1).ordered).toEqual([]);
    expect(desk.tell({ type: 'expire' }, 1_000 + TIMEOUT_MS).ordered).toEqual(['to south (DS16)']);
    expect(desk.tell({ type: 'on', site: 'south' }).ordered).toEqual(['endWarning']);
  });

  it('[DS16] a loss that ends in time moves nothing, and the next one is waited for anew', () => {
    const desk = new Desk(WORKSPACE, 'north')
      .tell({ type: 'off', since: 0 }, 0)
      .tell({ type: 'on', site: 'north' });
    expect(desk.ordered).toEqual(['warn', 'endWarning']);
    desk.tell({ type: 'off', since: 50_000 }, 50_000);
    expect(desk.tell({ type: 'expire' }, TIMEOUT_MS).ordered).toEqual(['warn']);
    expect(linkSiteDeadline(desk.state)).toBe(50_000 + TIMEOUT_MS);
  });

  it('[DS16] third-party: a loss is warned of once and moves nothing, however long it lasts', () => {
    const desk = new Desk(THIRD_PARTY, 'north')
      .tell({ type: 'off', since: 0 }, 0)
      .tell({ type: 'off', since: 9 }, 9);
    expect(desk.ordered).toEqual(['warn']);
    expect(linkSiteDeadline(desk.state)).toBeUndefined();
    expect(desk.tell({ type: 'expire' }, 1e9).ordered).toEqual([]);
    expect(desk.tell({ type: 'on', site: 'north' }).ordered).toEqual(['endWarning']);
  });

  it('[DS15] Workspace: the link follows the voice back, and not away', () => {
    const desk = new Desk(WORKSPACE, 'north');
    expect(desk.tell({ type: 'voice', site: 'south', isReturn: false }).ordered).toEqual([]);
    desk
      .tell({ type: 'off', since: 0 }, 0)
      .tell({ type: 'expire' }, TIMEOUT_MS)
      .tell({ type: 'on', site: 'south' });
    expect(desk.ordered).toEqual(['warn', 'to south (DS16)', 'endWarning']);
    expect(desk.tell({ type: 'voice', site: 'north', isReturn: true }).ordered).toEqual(['to north (DS15)']);
    // A site whose servers do not answer yet keeps the link no longer than an attempt.
    expect(desk.tell({ type: 'off', since: 1 }, 1).ordered).toEqual(['to south (DS5)']);
  });

  it('[DS17] third-party: a switchover of the voice takes the link along', () => {
    const desk = new Desk(THIRD_PARTY, 'north').tell({ type: 'off', since: 0 }, 0);
    expect(desk.tell({ type: 'voice', site: 'south', isReturn: false }).ordered).toEqual([
      'warn',
      'to south (DS17)',
    ]);
    // The old site was off: there is nothing to go back to.
    expect(desk.tell({ type: 'off', since: 2 }, 2).ordered).toEqual([]);
    expect(desk.state.site).toBe('south');
  });

  it('[DS2] a link that came in at a site which is none of the agent’s goes home when it is lost there', () => {
    const desk = new Desk({ ...WORKSPACE, sites: ['north'] }, 'south');
    expect(desk.ordered).toEqual(['to north (DS5)']);
    expect(desk.tell({ type: 'off', since: 1 }, 1).tell({ type: 'on', site: 'south' }).ordered).toEqual([
      'to south (DS5)',
    ]);
    expect(desk.tell({ type: 'off', since: 9 }, 9).ordered).toEqual(['to north (DS2)']);
    expect(desk.tell({ type: 'off', since: 12 }, 12).ordered).toEqual(['warn']);
    expect(desk.tell({ type: 'on', site: 'north' }).ordered).toEqual(['endWarning']);
  });

  it('[DS24] another time-out counts for a loss that is waited for, and at once where it has passed', () => {
    const within = (value: number) => ({
      ...WORKSPACE,
      moveAfterMs: { ...WORKSPACE.moveAfterMs, value },
    });
    const desk = new Desk(WORKSPACE, 'north').tell({ type: 'off', since: 1_000 }, 1_200);
    expect(desk.tell({ type: 'policy', policy: within(90_000) }, 2_000).ordered).toEqual(['warn']);
    expect(linkSiteDeadline(desk.state)).toBe(91_000);
    expect(desk.tell({ type: 'policy', policy: within(1_500) }, 3_000).ordered).toEqual(['to south (DS16)']);
  });

  it('[DS24] a site that is none of the agent’s any more is left; one that never was is not by that', () => {
    const desk = new Desk(WORKSPACE, 'north').tell({ type: 'on', site: 'north' });
    const only = (site: string) => ({ type: 'policy', policy: { ...WORKSPACE, sites: [site] } }) as const;
    expect(desk.tell(only('south')).ordered).toEqual(['to south (DS24)']);
    expect(desk.tell({ type: 'on', site: 'south' }).tell(only('south')).ordered).toEqual([]);
    const guest = new Desk({ ...WORKSPACE, sites: ['north'] }, 'south');
    guest.tell({ type: 'off', since: 1 }, 1).tell({ type: 'on', site: 'south' });
    expect(guest.ordered).toEqual(['to north (DS5)', 'to south (DS5)']);
    expect(guest.tell(only('north')).ordered).toEqual([]);
  });

  it('[DS16] whatever happens: told once when off, once when on again, and never at an unknown site', () => {
    const event = fc.oneof(
      fc.constantFrom<LinkSiteEvent>(
        { type: 'expire' },
        { type: 'on', site: 'north' },
        { type: 'on', site: 'south' },
      ),
      fc.nat(200_000).map((since): LinkSiteEvent => ({ type: 'off', since })),
      fc.record({
        type: fc.constant('voice' as const),
        site: fc.constantFrom('north', 'south', 'elsewhere'),
        isReturn: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(WORKSPACE, THIRD_PARTY),
        fc.array(event, { maxLength: 40 }),
        (policy, events) => {
          const desk = new Desk(policy, 'north');
          let isWarned = false;
          events.forEach((one, index) => {
            desk.tell(one, 10_000 * index);
            for (const effect of desk.effects.splice(0)) {
              if (effect.type === 'moveTo') expect(policy.sites).toContain(effect.site);
              else {
                expect(effect.type).toBe(isWarned ? 'endWarning' : 'warn');
                isWarned = !isWarned;
              }
            }
            if (desk.state.isOn) expect(isWarned).toBe(false);
          });
        },
      ),
      { numRuns: 300, seed: 16 },
    );
  });
});
