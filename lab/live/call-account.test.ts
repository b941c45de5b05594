import { expect, test } from 'vitest';
import { CallAccount, callsBalance, type End, endOf } from './call-account.ts';

function dial(account: CallAccount, leg: string, site: string, port: number): void {
  account.offered(0, leg, { site, to: '8000', port });
}

function talking(account: CallAccount, number: number): void {
  dial(account, `c${number}`, 'north', 4000 + number);
  account.answered(0, `agent${number}`, `a${number}`, 4000 + number);
}

test('a call is kept only when both ends ended normally after the fault', () => {
  const account = new CallAccount();
  for (const number of [1, 2, 3, 4]) talking(account, number);
  account.fault();
  account.callerEnded(0, 'c1', 'told');
  account.agentEnded('agent1', 'a1', 'hung-up');
  account.callerEnded(0, 'c2', 'lost');
  account.agentEnded('agent2', 'a2', 'lost');
  account.agentEnded('agent3', 'a3', 'hung-up');
  account.callerEnded(0, 'c3', 'lost');
  expect(account.figures()).toMatchObject({ established: 4, kept: 1, lost: 2 });
  expect(account.openSinceFault).toBe(1);
  account.close();
  expect(account.figures()).toEqual({
    offered: 4,
    answered: 4,
    ended: { answered: 4, waiting: 0, gaveUp: 0, refused: 0, noSign: 0, lostInLine: 0 },
    established: 4,
    kept: 1,
    lost: 3,
    lostBy: { 'both-ends': 1, 'caller-end': 1, 'not-ended': 1 },
  });
});

test('a call whose two ends were both told has been ended by the site, and one that nobody knew is lost', () => {
  const account = new CallAccount();
  for (const number of [1, 2]) talking(account, number);
  account.fault();
  account.agentEnded('agent1', 'a1', 'told');
  account.callerEnded(0, 'c1', 'told');
  account.agentEnded('agent2', 'a2', 'unknown');
  account.callerEnded(0, 'c2', 'unknown');
  expect(account.figures()).toMatchObject({ kept: 0, lost: 2, lostBy: { 'cut-off': 1, 'both-ends': 1 } });
});

test('over several faults each call counts once, and established is kept and lost together', () => {
  const account = new CallAccount();
  for (const number of [1, 2]) talking(account, number);
  account.fault();
  account.agentEnded('agent1', 'a1', 'hung-up');
  account.callerEnded(0, 'c1', 'told');
  talking(account, 3);
  account.fault();
  account.close();
  expect(account.figures()).toMatchObject({ established: 3, kept: 1, lost: 2, lostBy: { 'not-ended': 2 } });
});

test('a phone has hung up when its BYE had a 2xx; when nobody there knew the call it was alone', () => {
  const ended = { name: 'ended', at: 0, leg: 'a', by: 'local', status: 0, wasEstablished: true } as const;
  expect(endOf(ended, 200)).toBe('hung-up');
  expect(endOf(ended, 481)).toBe('unknown');
  expect(endOf(ended, undefined)).toBe('unknown');
  expect(endOf({ ...ended, by: 'remote' }, undefined)).toBe('told');
  expect(endOf({ ...ended, by: 'lost', status: 408 }, undefined)).toBe('lost');
});

test('two ends that hang up each for itself were not kept together', () => {
  const account = new CallAccount();
  talking(account, 1);
  account.fault();
  account.agentEnded('agent1', 'a1', 'hung-up');
  account.callerEnded(0, 'c1', 'hung-up');
  expect(account.figures()).toMatchObject({ kept: 0, lost: 1, lostBy: { 'not-told': 1 } });
});

test('a caller who waits is no established call, and one answered after the fault is not counted', () => {
  const account = new CallAccount();
  dial(account, 'c1', 'north', 4001);
  expect(account.withoutSign).toBe(1);
  account.fault();
  account.answered(0, 'agent1', 'a1', 4001);
  expect(account.talking).toBe(1);
  account.callerEnded(0, 'c1', 'told');
  account.agentEnded('agent1', 'a1', 'hung-up');
  expect(account.figures()).toMatchObject({ answered: 1, established: 0, kept: 0, lost: 0 });
});

test('a caller who goes on at the next site is one call', () => {
  const account = new CallAccount();
  dial(account, 'c1', 'north', 4001);
  dial(account, 'c1b', 'south', 4001);
  account.answered(0, 'agent1', 'a1', 4001);
  account.callerEnded(0, 'c1b', 'hung-up');
  expect(account.figures()).toMatchObject({ offered: 1, answered: 1, established: null });
});

test('a caller is served when the phone begins to ring, and a site that dies loses those who wait there', () => {
  const account = new CallAccount();
  const arrive = (at: number, port: number) => {
    account.offered(at, `c${port}`, { site: 'north', to: '8000', port });
    account.taken(at, `c${port}`);
  };
  arrive(0, 1);
  arrive(200, 2);
  arrive(400, 3);
  account.ringing(1000, 'agent1', 'a1');
  account.ringing(1200, 'agent2', 'a2');
  // Who rang first answers last.
  account.answered(1400, 'agent2', 'a2', 2);
  account.answered(1900, 'agent1', 'a1', 1);
  expect(account.line(2000)).toEqual({ waiting: 1, served: 2, inversions: 0, lost: 0 });
  expect(account.siteGone('north')).toEqual(['c3']);
  account.callerEnded(3000, 'c3', 'lost');
  expect(account.line(4000)).toEqual({ waiting: 0, served: 2, inversions: 0, lost: 1 });
});

test('everybody who dialled ends in exactly one account, whatever became of the call', () => {
  const account = new CallAccount();
  const come = (port: number, site: string, hasSign: boolean) => {
    dial(account, `c${port}`, site, port);
    if (hasSign) account.taken(0, `c${port}`);
  };
  const end = (port: number, how: End) => account.callerEnded(1000, `c${port}`, how);
  for (const port of [1, 2, 3, 4, 5, 6]) come(port, 'south', true);
  account.answered(500, 'agent1', 'a1', 1);
  end(1, 'told');
  end(2, 'cancelled');
  end(3, 'hung-up');
  end(4, 'refused');
  end(5, 'told');
  for (const port of [7, 8]) come(port, 'south', false);
  end(7, 'lost');
  for (const port of [9, 10, 11]) come(port, 'north', true);
  account.siteGone('north');
  end(9, 'cancelled');
  account.answered(2000, 'agent2', 'a2', 10);
  // It dials again at the other site, under another leg.
  account.offered(3000, 'c11 again', { site: 'south', to: '8000', port: 11 });
  const figures = account.figures();
  expect(figures).toMatchObject({
    offered: 11,
    ended: { answered: 2, waiting: 1, gaveUp: 2, refused: 2, noSign: 3, lostInLine: 1 },
  });
  expect(callsBalance(figures).ok).toBe(true);
});

test('a caller without an account is found', () => {
  const ended = { answered: 6, waiting: 0, gaveUp: 0, refused: 0, noSign: 0, lostInLine: 0 };
  expect(callsBalance({ offered: 29, ended })).toEqual({
    ok: false,
    detail: '29 offered, 6 accounted for: 6 answered, 0 waiting, 0 gaveUp, 0 refused, 0 noSign, 0 lostInLine',
  });
});

test('a scenario hears who answers whom, and of each caller how long the first sign took', () => {
  const account = new CallAccount();
  const heard: unknown[] = [];
  account.onAnswered = (at, answer) => heard.push({ at, ...answer });
  account.offered(10, 'c1', { site: 'north', to: 'sip:8000@holdfast', port: 4001 });
  account.offered(20, 'c2', { site: 'north', to: 'sip:8000@holdfast', port: 4002 });
  account.taken(25, 'c1');
  account.taken(40, 'c1');
  // The second goes on at the other site; what that took is in it.
  account.offered(1_520, 'c3', { site: 'south', to: 'sip:8000@holdfast', port: 4002 });
  account.taken(1_530, 'c3');
  expect(account.signsSince(0)).toEqual([
    { offeredAt: 10, afterMs: 15 },
    { offeredAt: 20, afterMs: 1_510 },
  ]);
  expect(account.signsSince(15)).toHaveLength(1);
  account.answered(50, 'agent7001', 'a1', 4001);
  expect(heard).toEqual([{ at: 50, agent: 'agent7001', offeredAt: 10, to: 'sip:8000@holdfast' }]);
  expect(account.talkingOf(new Set(['agent7001']))).toBe(1);
  expect(account.talkingOf(new Set(['agent7002']))).toBe(0);
});
