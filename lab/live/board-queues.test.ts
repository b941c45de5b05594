import type { DNSnapshot } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { boardQueuesOf } from './board-queues.ts';
import type { SiteSnapshot } from './site-observer.ts';

const agent: NonNullable<DNSnapshot['agent']> = {
  AgentID: '7001',
  person: 'agent7001',
  epoch: { number: 1, desk: 'd' },
  state: 'Ready',
  workMode: 'AutoIn',
  reasons: {},
  queues: ['8000'],
  routable: true,
  sinceMs: 0,
};
const call: DNSnapshot['calls'][number] = {
  ConnID: 'c1',
  CallType: 'Inbound',
  state: 'Established',
  UserData: {},
  sinceMs: 5,
};
const seat = (dn: string, more: Partial<DNSnapshot> = {}): DNSnapshot => ({
  dn,
  inService: true,
  agent,
  calls: [],
  ...more,
});
const site = (dns: readonly DNSnapshot[]): SiteSnapshot => ({
  dns: [...dns],
  queues: [{ dn: '8000', waiting: [], agentsLoggedIn: dns.length, agentsReady: dns.length }],
});
const only = (dns: readonly DNSnapshot[]) => {
  const [queue] = boardQueuesOf(site(dns), 0);
  return [queue?.agentsFree, queue?.agentsInCall, queue?.agentsLoggedIn];
};

test('free is who could be given the next caller; who is Ready and in a call is counted apart', () => {
  const notReady = { ...agent, state: 'NotReady', workMode: 'AfterCallWork' } as const;
  expect(only([seat('7001'), seat('7002', { calls: [call] }), seat('7003', { agent: notReady })])).toEqual([
    1, 1, 3,
  ]);
});

test.each([
  ['whose lease has ended', { agent: { ...agent, routable: false } }],
  ['whose phone is lost', { inService: false }],
  ['whose phone rings', { calls: [{ ...call, state: 'Ringing' }] }],
  ['who serves another queue', { agent: { ...agent, queues: ['8001'] } }],
] as const)('nobody is free %s', (_, more) => {
  expect(only([seat('7001', more as Partial<DNSnapshot>)])[0]).toBe(0);
});

test('a queue has its name, and its callers with the moment since which they wait', () => {
  const waiting = [
    { ConnID: 'c', ANI: '+49301', priority: 0, waitedMs: 400 },
    { ConnID: 'd', priority: 0, waitedMs: 100 },
  ];
  const queues = ['8000', '9999'].map((dn) => ({ dn, waiting, agentsLoggedIn: 0, agentsReady: 0 }));
  const [sales, other] = boardQueuesOf({ dns: [], queues }, 1_000);
  expect(sales?.name).toBe('Sales');
  expect(sales?.waiting).toEqual([
    { ani: '+49301', since: 600 },
    { ani: '', since: 900 },
  ]);
  expect(other?.name).toBe('9999');
});
