import { describe, expect, it } from 'vitest';
import type { SipPerson } from './configuration.ts';
import { centreWorld } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { configurationOf, Site, WALL } from './testing/server-site.ts';

type Changed = { readonly [Field in keyof SipPerson]?: SipPerson[Field] | undefined };

/** As the site is configured, but for one person; null: there is none. */
function configuredWith(name: string, changed: Changed | null) {
  const persons = configurationOf().persons.flatMap((person) => {
    if (person.name !== name) return [person];
    return changed === null ? [] : [{ ...person, ...changed } as SipPerson];
  });
  return { type: 'configuration', configuration: configurationOf({ revision: 'r2', persons }) } as const;
}

/** Ada and Bob at work, by tokens of WALL and of WALL plus 5 s. */
function atWork() {
  const centre = centreWorld();
  const desks = ['7001', '7002'].map((dn, i) => {
    centre.phone(dn);
    const person = ['ada', 'bob'][i] as string;
    const token = `token ${person} ${WALL + 5_000 * i}`;
    const desk = new Desk(centre.site, person);
    desk.register({ token });
    desk.ask({ type: 'RegisterAddress', dn });
    expect(desk.login(dn, { token })).toBe('EventAgentLogin');
    return desk;
  });
  for (const desk of [centre.board, ...desks]) desk.news();
  return { ...centre, ada: desks[0] as Desk, bob: desks[1] as Desk };
}

const LOGGED_OUT = { type: 'Event', name: 'EventAgentLogout' } as const;

describe('[ID3] a new configuration ends what stands by a token that counts no more', () => {
  it.each([
    ['who is disabled or deleted', null, 'account-disabled'],
    ['whose tokens of then are revoked', { tokensNotBefore: WALL + 1 }, 'token-revoked'],
  ] as const)('%s is logged out, hears why, and is cut off', (_who, changed, code) => {
    const { world, site, ada, bob, board } = atWork();
    site.input(configuredWith('ada', changed));
    world.run(10);
    expect(ada.events.at(-1)).toMatchObject({
      ...LOGGED_OUT,
      attributes: { ThisDN: '7001', Reasons: { LogoutReason: 'login-revoked' } },
    });
    expect(ada.replies.at(-1)).toMatchObject({ type: 'Error', code });
    expect(ada.closedBecause).toBeDefined();
    expect(board.news().at(-1)).toBe('EventAgentLogout 7001');
    expect(bob.closedBecause).toBeUndefined();
    expect(site.node.parts.centre.agents().map(({ person }) => person)).toEqual(['bob']);
    const again = new Desk(site, 'ada', 'session-again');
    expect(again.register({ token: `token ada ${WALL}` })).toMatchObject({ type: 'Error', code });
  });

  it('a token that was made later, or in that ms, is not concerned', () => {
    const { world, site, ada, bob } = atWork();
    site.input(configuredWith('bob', { tokensNotBefore: WALL + 5_000 }));
    world.run(10);
    expect([ada.closedBecause, bob.closedBecause]).toEqual([undefined, undefined]);
    expect(site.node.parts.centre.agents()).toHaveLength(2);
    site.input(configuredWith('bob', { tokensNotBefore: WALL + 5_001 }));
    expect(bob.closedBecause).toContain('revoked');
    expect(site.node.parts.centre.agents()).toHaveLength(1);
  });

  it('a call that is answered goes on', () => {
    const { world, site, ada, caller, phone } = atWork();
    const seat = phone('7001', { answerAfterMs: 100 });
    caller.tell({ name: 'call', to: '8000' });
    world.run(2_000);
    expect(ada.news()).toContain('EventEstablished 7001');
    site.input(configuredWith('ada', null));
    world.run(1_000);
    expect(ada.news()).toEqual(['EventAgentLogout 7001']);
    expect(seat.news().join()).not.toContain('ended');
    expect(site.node.sizes().calls).toBe(1);
  });

  it('also what another server had held, when it is taken over', () => {
    const { world, site } = atWork();
    const holding = site.node.holding(world.now);
    const records = new Map([...holding.records].map(([key, value]) => [key, { value, heldAt: world.now }]));
    const { configuration } = configuredWith('ada', { tokensNotBefore: WALL + 1 });
    const next = new Site(world, configuration);
    next.node.takeOver(world.now, { records, events: [...holding.events], positions: holding.positions });
    expect(next.node.parts.centre.agents().map(({ person }) => person)).toEqual(['bob']);
  });

  it('who watched all DNs as a supervisor, and is none any more, watches no longer', () => {
    const { world, site, board, ada } = atWork();
    site.input(configuredWith('sue', { rank: 'agent' }));
    world.run(10);
    expect(board.replies.at(-1)).toMatchObject({ type: 'Error', code: 'not-allowed' });
    expect(board.closedBecause).toContain('supervisors only');
    ada.outcome({ type: 'AgentNotReady', dn: '7001' });
    expect(board.events).toEqual([]);
  });
});

it('[ID1] an auditor watches no calls and takes none', () => {
  const { site, phone } = centreWorld();
  phone('7001');
  site.input(configuredWith('ada', { rank: 'auditor' }));
  const auditor = new Desk(site, 'ada');
  expect(auditor.register()).toMatchObject({ type: 'ServerInfo' });
  expect(auditor.login('7001')).toBe('not-allowed');
  expect(auditor.outcome({ type: 'RegisterAll' })).toBe('not-allowed');
  expect(auditor.outcome({ type: 'AgentLogout', dn: '7002' })).toBe('not-allowed');
  expect(auditor.outcome({ type: 'AskToMove', dn: '7002', to: 'south' })).toBe('not-allowed');
  expect(auditor.outcome({ type: 'GracefulShutdown', on: true })).toBe('not-allowed');
});
