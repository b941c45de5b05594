import { describe, expect, it } from 'vitest';
import { ALARM_PERIOD_MS, ALARMS_MAX } from './site-requests.ts';
import { centreWorld } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { WALL } from './testing/server-site.ts';

/** Ada at work on 7001. */
function atWork() {
  const centre = centreWorld();
  centre.phone('7001');
  const ada = centre.agent('ada', '7001');
  return { ...centre, ada };
}

function asked(desk: Desk) {
  return desk.replies.filter(({ type }) => type === 'MoveAsked');
}

describe('a desk that is asked to move', () => {
  const ask = { type: 'AskToMove', dn: '7001', to: 'south' } as const;

  it('[SS44] is told by whom and to where; nobody else who listens to its DN is', () => {
    const { world, site, board, ada } = atWork();
    const other = new Desk(site, 'bob');
    other.register();
    other.ask({ type: 'RegisterAddress', dn: '7001' });
    expect(board.outcome(ask)).toBe('Done');
    world.run(10);
    expect(asked(ada)).toEqual([{ type: 'MoveAsked', dn: '7001', to: 'south', by: 'sue' }]);
    expect([other, board].flatMap(asked)).toEqual([]);
    expect(site.node.parts.centre.agentOn('7001')?.person).toBe('ada');
  });

  it('[SS44] is asked by supervisors only, by the site where it is logged in, and to another site', () => {
    const { world, site, board, ada, phone } = atWork();
    phone('7002');
    const bob = new Desk(site, 'bob');
    bob.register();
    expect(bob.outcome(ask)).toBe('not-allowed');
    expect(ada.outcome(ask)).toBe('not-allowed');
    expect(board.outcome({ ...ask, dn: '7777' })).toBe('unknown-dn');
    expect(board.outcome({ ...ask, dn: '7002' })).toBe('not-logged-in');
    expect(board.outcome({ ...ask, to: 'north' })).toBe('wrong-state');
    world.run(10);
    expect(asked(ada)).toEqual([]);
    ada.drop();
    // The login still stands, and nobody is there to hear it.
    expect(board.outcome(ask)).toBe('wrong-state');
    for (const reply of [...board.replies, ...bob.replies])
      if (reply.type === 'Error') expect(reply.text).toMatch(/^[^.;]+[.;] [^.]+\.$/);
  });
});

describe('an alarm that a desk reports', () => {
  const report = {
    type: 'ReportAlarm',
    dn: '7001',
    name: 'configuration-link',
    isRaised: true,
    because: 'No Configuration Server of site north answers.',
  } as const;

  it('[SS45] is a line in the log, at error level while it is raised, and reaches whoever has registered for all', () => {
    const { world, site, board, ada } = atWork();
    const bob = new Desk(site, 'bob');
    bob.register();
    bob.ask({ type: 'RegisterAddress', dn: '7001' });
    expect(ada.outcome(report)).toBe('Done');
    const at = WALL + world.now;
    expect(ada.outcome({ ...report, isRaised: false, because: 'One answers again.' })).toBe('Done');
    world.run(10);
    const who = { dn: '7001', person: 'ada', application: 'desk', name: 'configuration-link' };
    const alarms = board.replies.filter(({ type }) => type === 'Alarm');
    expect(alarms).toMatchObject([
      { type: 'Alarm', ...who, isRaised: true, because: report.because },
      { type: 'Alarm', ...who, isRaised: false, because: 'One answers again.' },
    ]);
    const [first] = alarms;
    expect(Math.abs((first?.type === 'Alarm' ? first.time : 0) - at)).toBeLessThan(100);
    expect([...bob.replies, ...ada.replies].filter(({ type }) => type === 'Alarm')).toEqual([]);
    const detail = { alarm: 'configuration-link', person: 'ada', application: 'desk' };
    expect(site.logs.filter(({ what }) => what.startsWith('alarm'))).toEqual([
      {
        ...{ level: 'error', what: 'alarm raised by a desk', because: report.because },
        ...{ dn: '7001', site: 'north', detail },
      },
      {
        ...{ level: 'info', what: 'alarm cleared by a desk', because: 'One answers again.' },
        ...{ dn: '7001', site: 'north', detail },
      },
    ]);
  });

  it('[SS45] may come over the basic connection, of a DN for which the client has registered', () => {
    const { site } = atWork();
    const bob = new Desk(site, 'bob');
    bob.register();
    expect(bob.outcome({ ...report, dn: '7002' })).toBe('not-registered');
    bob.ask({ type: 'RegisterAddress', dn: '7002' });
    expect(bob.outcome({ ...report, dn: '7002' })).toBe('Done');
  });

  it('[SS45] is refused when one client reports too many, with the time to wait', () => {
    const { world, board, ada } = atWork();
    const outcomes = Array.from({ length: ALARMS_MAX + 1 }, () => ada.outcome(report));
    expect(outcomes.slice(0, -1)).toEqual(Array(ALARMS_MAX).fill('Done'));
    expect(outcomes.at(-1)).toBe('overloaded');
    const [refused] = ada.replies.slice(-1);
    const wait = refused?.type === 'Error' ? (refused.retryAfterMs ?? 0) : 0;
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(ALARM_PERIOD_MS);
    world.run(10);
    expect(board.replies.filter(({ type }) => type === 'Alarm')).toHaveLength(ALARMS_MAX);
    world.run(wait);
    expect(ada.outcome(report)).toBe('Done');
  });
});
