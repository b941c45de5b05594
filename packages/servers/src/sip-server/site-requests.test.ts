import { describe, expect, it } from 'vitest';
import { MOVE_ANSWER_MAX_MS, MOVE_ASKS_MAX } from './move-asks.ts';
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
  const accepted = { outcome: 'accepted', text: 'ada moves to site south.' } as const;
  const declined = { outcome: 'declined', text: 'ada has to finish the call first.' } as const;

  it('[SS44] is told by whom and to where, nobody else who listens to its DN is, and its answer goes back', () => {
    const { world, site, board, ada } = atWork();
    const other = new Desk(site, 'bob');
    other.register();
    other.ask({ type: 'RegisterAddress', dn: '7001' });
    const answers = board.begin(ask);
    world.run(10);
    expect(asked(ada)).toEqual([{ type: 'MoveAsked', ask: 1, dn: '7001', to: 'south', by: 'sue' }]);
    expect([other, board].flatMap(asked)).toEqual([]);
    expect(site.node.parts.centre.agentOn('7001')?.person).toBe('ada');
    expect(answers()).toEqual([]);
    // Only the word of who was asked counts, and once.
    other.send({ type: 'MoveAnswer', dn: '7001', ask: 1, ...declined });
    ada.send({ type: 'MoveAnswer', dn: '7001', ask: 2, ...declined });
    world.run(10);
    expect(answers()).toEqual([]);
    for (const answer of [accepted, declined])
      ada.send({ type: 'MoveAnswer', dn: '7001', ask: 1, ...answer });
    world.run(MOVE_ANSWER_MAX_MS);
    expect(answers()).toMatchObject([{ type: 'Done' }]);
  });

  it('[SS44] declines, or has nobody logged in, and says so; one that says nothing is a time-out', () => {
    const { world, board, ada } = atWork();
    const cases = [
      [declined, 'declined', declined.text],
      [{ outcome: 'not-logged-in', text: 'ada is not logged in.' }, 'not-logged-in', 'ada is not logged in.'],
    ] as const;
    for (const [index, [answer, code, text]] of cases.entries()) {
      const answers = board.begin(ask);
      world.run(10);
      ada.send({ type: 'MoveAnswer', dn: '7001', ask: index + 1, ...answer });
      world.run(10);
      expect(answers()).toMatchObject([{ type: 'Error', code, text }]);
    }
    const answers = board.begin(ask);
    world.run(MOVE_ANSWER_MAX_MS - 100);
    expect(answers()).toEqual([]);
    world.run(200);
    expect(answers()).toMatchObject([{ type: 'Error', code: 'timeout' }]);
    ada.send({ type: 'MoveAnswer', dn: '7001', ask: 3, ...accepted });
    world.run(10);
    expect(answers()).toHaveLength(1);
  });

  it('[SS44] with nobody logged in: whoever has registered for the DN is asked, one that accepts is enough', () => {
    const { world, site, board } = atWork();
    const desks = ['ada', 'bob'].map((person) => {
      const desk = new Desk(site, person, `session-${person}-2`);
      desk.register();
      desk.ask({ type: 'RegisterAddress', dn: '7002' });
      return desk;
    });
    const [ada, bob] = desks;
    // To this site too: the desk may wait at another one, that is lost.
    const answers = board.begin({ ...ask, dn: '7002', to: 'north' });
    world.run(10);
    expect(desks.flatMap(asked)).toHaveLength(2);
    bob?.send({ type: 'MoveAnswer', dn: '7002', ask: 1, ...declined });
    world.run(10);
    expect(answers()).toEqual([]);
    ada?.send({ type: 'MoveAnswer', dn: '7002', ask: 1, ...accepted });
    world.run(10);
    expect(answers()).toMatchObject([{ type: 'Done' }]);
  });

  it('[SS44] is asked by supervisors only, where it is connected, to another site, and not too many at once', () => {
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
    for (let n = 0; n < MOVE_ASKS_MAX; n++) board.begin(ask);
    expect(board.outcome(ask)).toBe('overloaded');
    world.run(MOVE_ANSWER_MAX_MS + 100);
    ada.drop();
    // The login still stands, and nobody is there to hear it.
    expect(board.outcome(ask)).toBe('wrong-state');
    for (const reply of [...board.replies, ...bob.replies])
      if (reply.type === 'Error') expect(reply.text).toMatch(/^[^.;]+([.;]\d)?[^.;]*[.;] [^.]+\.$/);
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
