import type { AgentStatus, DNSnapshot, EventAttributes, EventName } from '@holdfast/protocol';
import { AGENT_STATUSES } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { type PartOfCall, statusOf } from './agent-status.ts';
import { CALLS_ON_DN_MAX, SiteView } from './site-view.ts';

const OBJECTS = {
  persons: new Set(['ann', 'bob']),
  extensions: new Map([
    ['1001', 'desk one'],
    ['1002', undefined],
  ]),
  queues: new Set(['6000', '6001']),
};

function viewAt(now: number, dns: DNSnapshot[] = [], waiting: Record<string, number[]> = {}): SiteView {
  const view = new SiteView();
  view.configure(OBJECTS);
  view.snapshot(dns, queuesOf(waiting), now);
  return view;
}

function queuesOf(waiting: Record<string, number[]>) {
  return Object.entries(waiting).map(([dn, waits]) => ({
    dn,
    waiting: waits.map((waitedMs, i) => ({ ConnID: `${dn} ${i}`, priority: 0, waitedMs })),
    agentsLoggedIn: 0,
    agentsReady: 0,
  }));
}

const tell = (view: SiteView, at: number, name: EventName, attributes: EventAttributes) =>
  view.event({ name, attributes }, at);

function login(view: SiteView, at: number, dn: string, person: string, queues = '6000'): void {
  const Extensions = { Person: person, Place: 'place', Epoch: 1, Desk: 'desk', Queues: queues };
  tell(view, at, 'EventAgentLogin', { ThisDN: dn, AgentID: `id-${person}`, WorkMode: 'Unknown', Extensions });
}

const callOf = (dn: string, ConnID: string, CallType: PartOfCall['CallType'] = 'Inbound') => ({
  ...{ ThisDN: dn, ConnID, CallType },
});

function snapshotOf(
  dn: string,
  agent: Partial<NonNullable<DNSnapshot['agent']>>,
  calls: DNSnapshot['calls'] = [],
) {
  return {
    dn,
    inService: true,
    agent: {
      ...{ AgentID: 'id-ann', person: 'ann', epoch: { number: 1, desk: 'desk' }, state: 'Ready' as const },
      ...{ workMode: 'AutoIn' as const, reasons: {}, queues: ['6000'], routable: true, sinceMs: 0 },
      ...agent,
    },
    calls,
  };
}

const READY = { state: 'Ready', workMode: 'AutoIn' } as const;
const BREAK = { state: 'NotReady', workMode: 'AuxWork' } as const;
const WORK = { state: 'NotReady', workMode: 'AfterCallWork' } as const;
const part = (state: PartOfCall['state'], CallType: PartOfCall['CallType'] = 'Inbound') => ({
  state,
  CallType,
});

test.each([
  ['WaitForNextCall', READY, []],
  ['CallDialing', READY, [part('Dialing', 'Outbound')]],
  ['CallRinging', READY, [part('Dialing', 'Outbound'), part('Ringing')]],
  ['NotReadyForNextCall', BREAK, [part('Ringing')]],
  ['AfterCallWork', WORK, [part('Ringing')]],
  ['CallOnHold', WORK, [part('Held')]],
  ['CallUnknown', READY, [part('Held'), part('Established', 'Unknown')]],
  ['CallConsult', READY, [part('Established', 'Consult'), part('Established', 'Unknown')]],
  ['CallInternal', READY, [part('Established', 'Consult'), part('Established', 'Internal')]],
  ['CallOutbound', READY, [part('Established', 'Outbound'), part('Established', 'Internal')]],
  ['CallInbound', BREAK, [part('Established', 'Outbound'), part('Established')]],
] as const)('[ST1] %s outranks what is lower', (status, standing, calls) => {
  expect(statusOf(standing, calls)).toBe(status);
  expect(statusOf(standing, [...calls].reverse())).toBe(status);
});

test('[ST1] whoever is logged out is that above all', () => {
  expect(AGENT_STATUSES.at(-1)).toBe<AgentStatus>('LoggedOut');
  const view = viewAt(0);
  login(view, 1, '1001', 'ann');
  tell(view, 2, 'EventEstablished', callOf('1001', 'k1'));
  tell(view, 3, 'EventAgentLogout', { ThisDN: '1001', Reasons: {} });
  expect(view.agent('ann').status).toBe('LoggedOut');
});

test('[ST2] a held call hides what it is, and shows it again when it is retrieved', () => {
  const view = viewAt(0);
  login(view, 1, '1001', 'ann');
  tell(view, 10, 'EventRinging', callOf('1001', 'k1'));
  tell(view, 20, 'EventEstablished', callOf('1001', 'k1'));
  tell(view, 30, 'EventHeld', callOf('1001', 'k1'));
  expect(view.agent('ann')).toMatchObject({ status: 'CallOnHold', since: 30 });
  tell(view, 40, 'EventRetrieved', callOf('1001', 'k1'));
  expect(view.agent('ann')).toMatchObject({ status: 'CallInbound', since: 40 });
  tell(view, 50, 'EventReleased', callOf('1001', 'k1'));
  expect(view.agent('ann')).toMatchObject({ status: 'NotReadyForNextCall', since: 50 });
});

test('[ST3] another reason, another call of the kind or a repeated word does not begin a status anew', () => {
  const view = viewAt(0);
  login(view, 1, '1001', 'ann');
  const notReady = (at: number, code: string) =>
    tell(view, at, 'EventAgentNotReady', {
      ThisDN: '1001',
      WorkMode: 'AuxWork',
      Reasons: { ReasonCode: code },
    });
  notReady(10, 'lunch');
  notReady(20, 'training');
  notReady(30, 'training');
  expect(view.agent('ann')).toMatchObject({
    status: 'NotReadyForNextCall',
    since: 1,
    reasons: { ReasonCode: 'training' },
  });
  tell(view, 40, 'EventAgentReady', { ThisDN: '1001', WorkMode: 'AutoIn', Reasons: {} });
  // The reason of the break is over with it.
  expect(view.agent('ann')).toMatchObject({ status: 'WaitForNextCall', since: 40, reasons: {} });
  tell(view, 50, 'EventEstablished', callOf('1001', 'k1'));
  tell(view, 60, 'EventEstablished', callOf('1001', 'k2'));
  tell(view, 70, 'EventReleased', callOf('1001', 'k1'));
  expect(view.agent('ann')).toMatchObject({ status: 'CallInbound', since: 50 });
});

test('[ST3] the same agent again on the same DN begins a login of its own', () => {
  const view = viewAt(0);
  login(view, 1, '1001', 'ann', '6000');
  login(view, 9, '1001', 'ann', '6001');
  expect(view.agent('ann')).toMatchObject({
    status: 'NotReadyForNextCall',
    since: 9,
    login: { queues: ['6001'] },
  });
  expect(view.queue('6000').agentsLoggedIn).toBe(0);
});

test('[ST4] a snapshot tells how long that lasts which makes the status', () => {
  const call = {
    ConnID: 'k1',
    CallType: 'Inbound',
    state: 'Established',
    UserData: {},
    sinceMs: 300,
  } as const;
  const ringing = { ...call, ConnID: 'k2', state: 'Ringing', sinceMs: 5 } as const;
  const view = viewAt(10_000, [snapshotOf('1001', { sinceMs: 4_000 }, [call, ringing])]);
  expect(view.agent('ann')).toMatchObject({ status: 'CallInbound', since: 9_700 });
  expect(viewAt(10_000, [snapshotOf('1001', { sinceMs: 4_000 })]).agent('ann')).toMatchObject({
    status: 'WaitForNextCall',
    since: 6_000,
  });
});

test('[ST4] what was seen live to begin later keeps its beginning, but no other login and no other status', () => {
  const view = viewAt(0);
  login(view, 1_000, '1001', 'ann');
  tell(view, 2_000, 'EventAgentReady', { ThisDN: '1001', WorkMode: 'AutoIn' });
  tell(view, 3_000, 'EventEstablished', callOf('1001', 'k1'));
  tell(view, 4_000, 'EventReleased', callOf('1001', 'k1'));
  view.snapshot([snapshotOf('1001', { sinceMs: 3_000 })], [], 5_000);
  expect(view.agent('ann')).toMatchObject({ status: 'WaitForNextCall', since: 4_000 });
  view.snapshot([snapshotOf('1001', { ...BREAK, sinceMs: 3_000 })], [], 6_000);
  expect(view.agent('ann')).toMatchObject({ status: 'NotReadyForNextCall', since: 3_000 });
  view.snapshot([snapshotOf('1001', { ...BREAK, person: 'bob', sinceMs: 5_000 })], [], 6_000);
  expect(view.agent('bob')).toMatchObject({ status: 'NotReadyForNextCall', since: 1_000 });
  expect(view.agent('ann')).toMatchObject({ status: 'LoggedOut', since: undefined });
});

test('[ST5] nobody is monitored before the first snapshot, and a logout says since when and why', () => {
  const fresh = new SiteView();
  fresh.configure(OBJECTS);
  expect(fresh.agent('ann')).toMatchObject({ status: 'NotMonitored', since: undefined, login: undefined });
  const view = viewAt(0);
  expect(view.agent('ann')).toMatchObject({ status: 'LoggedOut', since: undefined, reasons: {} });
  login(view, 1, '1001', 'ann');
  tell(view, 9, 'EventAgentLogout', { ThisDN: '1001', Reasons: { LogoutReason: 'dr-force_logout' } });
  expect(view.agent('ann')).toEqual({
    ...{ status: 'LoggedOut', since: 9, login: undefined },
    reasons: { LogoutReason: 'dr-force_logout' },
  });
});

test('[ST6] the first in line has waited longest, with what was waited before', () => {
  const view = viewAt(1_000, [], { '6000': [400, 100] });
  expect(view.queue('6000')).toMatchObject({ callsWaiting: 2, waitingSince: 600 });
  tell(view, 1_100, 'EventQueued', { ThisDN: '6000', ConnID: 'k9', Extensions: { WaitedMs: 1_000 } });
  expect(view.queue('6000')).toMatchObject({ callsWaiting: 3, waitingSince: 100 });
  tell(view, 1_200, 'EventDiverted', { ThisDN: '6000', ConnID: 'k9' });
  tell(view, 1_300, 'EventAbandoned', { ThisDN: '6000', ConnID: '6000 0' });
  expect(view.queue('6000')).toMatchObject({ callsWaiting: 1, waitingSince: 900 });
  tell(view, 1_400, 'EventDiverted', { ThisDN: '6000', ConnID: '6000 1' });
  expect(view.queue('6000')).toMatchObject({ callsWaiting: 0, waitingSince: undefined });
});

test('[ST7] a queue counts the agents whose login names it', () => {
  const view = viewAt(0);
  login(view, 1, '1001', 'ann', '6000,6001');
  login(view, 2, '1002', 'bob', '6001');
  tell(view, 3, 'EventAgentReady', { ThisDN: '1002', WorkMode: 'AutoIn' });
  expect(view.queue('6000')).toMatchObject({ agentsLoggedIn: 1, agentsReady: 0 });
  expect(view.queue('6001')).toMatchObject({ agentsLoggedIn: 2, agentsReady: 1 });
  expect(view.takeTouched()).toMatchObject({
    queues: new Set(['6000', '6001']),
    agents: new Set(['ann', 'bob']),
  });
  expect(view.takeTouched().agents.size).toBe(0);
});

test('[ST8] what is not configured is not followed, and what is over leaves nothing', () => {
  const view = viewAt(0, [snapshotOf('9999', {})], { '9000': [1] });
  login(view, 1, '9998', 'ann');
  tell(view, 1, 'EventQueued', { ThisDN: '9000', ConnID: 'k1' });
  expect(view.agent('ann').status).toBe('LoggedOut');
  for (let i = 0; i < 2 * CALLS_ON_DN_MAX; i++) tell(view, 2, 'EventRinging', callOf('1001', `k${i}`));
  for (let i = 0; i < 2 * CALLS_ON_DN_MAX; i++) tell(view, 3, 'EventReleased', callOf('1001', `k${i}`));
  login(view, 4, '1001', 'ann');
  tell(view, 5, 'EventQueued', { ThisDN: '6000', ConnID: 'k1' });
  tell(view, 6, 'EventAbandoned', { ThisDN: '6000', ConnID: 'k1' });
  tell(view, 7, 'EventAgentLogout', { ThisDN: '1001' });
  expect(view.sizes()).toEqual({ dns: 0, logouts: 1, waiting: 0 });
  login(view, 8, '1002', 'bob');
  view.configure({ persons: new Set(), extensions: new Map(), queues: new Set() });
  expect(view.sizes()).toEqual({ dns: 0, logouts: 0, waiting: 0 });
});
