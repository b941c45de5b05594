import type { AgentGroup, DN, ObjectOf } from '@holdfast/protocol';
import { test } from 'vitest';
import { placePerDN } from './good-worlds.ts';
import {
  all,
  application,
  copied,
  dn,
  edited,
  finds,
  generated,
  option,
  person,
  place,
  type Row,
  without,
} from './test-worlds.ts';

const PLACE = 'Place/place-7001';

test.each<Row>([
  [
    'a Place has the Extension of one site',
    place(generated(), 'place-7001', { dns: ['7001@north'] }),
    `${PLACE} dns`,
    { hasFix: true },
  ],
  [
    'a blended agent sits at one Extension and a port',
    all(generated(), (one) => place(one, 'place-7001', { dns: ['7001@north', '8900@north', '8900@south'] })),
    `${PLACE} dns`,
    { hasFix: true },
  ],
  [
    'the Extension of the other site is disabled',
    dn(generated(), '7001@south', { enabled: false }),
    `${PLACE} dns`,
    { hasFix: false, also: ['V41'] },
  ],
])('[V32] %s', finds('V32'));

test.each<Row>([
  [
    'the number is missing at the other Switch',
    all(without(generated(), 'DN/7001@south'), (one) => place(one, 'place-7001', { dns: ['7001@north'] })),
    'DN/7001@north ',
    { hasFix: true, also: ['V32'] },
  ],
  [
    'the number is a queue at the other Switch',
    all(
      edited<DN>(generated(), 'DN/7001@south', ({ digest: _, ...one }) => ({
        ...one,
        type: 'ACDQueue',
        options: {},
      })),
      (one) => place(one, 'place-7001', { dns: ['7001@north'] }),
    ),
    'DN/7001@north ',
    { hasFix: false, also: ['V32'] },
  ],
])('[V33] %s', finds('V33'));

test.each<Row>([
  [
    'a Place has two numbers',
    all(
      generated(),
      (one) => place(one, 'place-7001', { dns: ['7001@north', '7002@south'] }),
      (one) => place(one, 'place-7002', { dns: ['7002@north', '7001@south'] }),
    ),
    `${PLACE} dns.1`,
  ],
])('[V34] %s', finds('V34'));

test.each<Row>([
  [
    '[option holdfast/place-form] Places of both sites in one, where each has its own',
    option(generated(), 'Tenant/holdfast', 'holdfast/place-form', 'each'),
    `${PLACE} dns`,
  ],
  [
    'the Extension of the other site has no Place',
    without(placePerDN(generated()), 'Place/place-7001-south'),
    `${PLACE} dns`,
  ],
])('[V35] %s', finds('V35'));

test.each<Row>([
  [
    'a Place has two Extensions of one Switch',
    all(
      copied<DN>(generated(), 'DN/7001@north', { number: '7501' }),
      (one) => copied<DN>(one, 'DN/7001@south', { number: '7501' }),
      (one) => place(one, 'place-7001', { dns: ['7001@north', '7001@south', '7501@north'] }),
    ),
    `${PLACE} dns.2`,
    { hasFix: true },
  ],
])('[V36] %s', finds('V36'));

test.each<Row>([
  [
    'the SIP Server of the Switch is disabled',
    application(generated(), 'sip-south', { enabled: false }),
    `${PLACE} dns.1`,
    { also: ['V22', 'V29', 'V3'] },
  ],
  [
    'an Extension of a Switch that nobody controls',
    all(
      generated(),
      (one) => copied(one, 'Switch/north', { name: 'west' }),
      (one) => copied<DN>(one, 'DN/7001@north', { number: '7501', switch: 'west' }),
      (one) => place(one, 'place-7001', { dns: ['7001@north', '7001@south', '7501@west'] }),
    ),
    `${PLACE} dns.2`,
  ],
])('[V37] %s', finds('V37'));

test.each<Row>([
  [
    'an agent sits at ports alone',
    place(generated(), 'place-7001', { dns: ['8900@north', '8900@south'] }),
    `${PLACE} dns`,
  ],
  ['an agent sits nowhere', place(generated(), 'place-7001', { dns: [] }), `${PLACE} dns`],
])('[V38] %s', finds('V38'));

test.each<Row>([
  [
    'an Extension has no digest',
    edited<DN>(generated(), 'DN/7001@south', ({ digest: _, ...one }) => one),
    'DN/7001@south digest',
    { hasFix: true },
  ],
  [
    'the digests of the two sites differ',
    dn(generated(), '7001@south', {
      digest: { realm: 'holdfast', md5: '1'.repeat(32), sha256: '1'.repeat(64) },
    }),
    'DN/7001@south digest',
    { hasFix: false },
  ],
])('[V39] %s', finds('V39'));

test.each<Row>([
  [
    'an agent has an Agent Login at one site',
    all(without(generated(), 'AgentLogin/7001@south'), (one) =>
      person(one, 'agent7001', { agentLogins: ['7001@north'] }),
    ),
    'Person/agent7001 agentLogins',
    { hasFix: true },
  ],
  [
    'one exists and is not given',
    person(generated(), 'agent7001', { agentLogins: ['7001@north'] }),
    'Person/agent7001 agentLogins',
    { hasFix: false },
  ],
  [
    'it is disabled',
    edited<ObjectOf<'AgentLogin'>>(generated(), 'AgentLogin/7001@south', (one) => ({
      ...one,
      enabled: false,
    })),
    'AgentLogin/7001@south enabled',
    { hasFix: true },
  ],
])('[V40] %s', finds('V40'));

test.each<Row>([
  [
    'an Extension is forwarded at one site only',
    option(generated(), 'DN/7001@south', 'TServer/dr-forward', undefined),
    'DN/7001@south TServer/dr-forward',
    { hasFix: true },
  ],
  [
    'callers wait longer at one site',
    option(generated(), 'DN/8000@south', 'holdfast/wait-max', '300'),
    'DN/8000@south holdfast/wait-max',
    { hasFix: true },
  ],
  [
    'a queue is disabled at one site',
    dn(generated(), '8000@south', { enabled: false }),
    'DN/8000@south enabled',
    { hasFix: true },
  ],
])('[V41] %s', finds('V41'));

const without8001 = all(without(generated(), 'DN/8001@south'), (one) =>
  edited<AgentGroup>(one, 'AgentGroup/support', (group) => ({
    ...group,
    originationDNs: group.originationDNs.filter((name) => name !== '8001@south'),
  })),
);

test.each<Row>([
  ['a queue is missing at one site', without8001, 'DN/8001@north ', { hasFix: true }],
  [
    'a Routing Point is missing at one site',
    without(generated(), 'DN/8500@south'),
    'DN/8500@north ',
    { hasFix: true },
  ],
])('[V42] %s', finds('V42'));

test.each<Row>([
  [
    'a group serves a queue at one site',
    edited<AgentGroup>(generated(), 'AgentGroup/support', (group) => ({
      ...group,
      originationDNs: ['8001@north', '8009@north', '8009@south'],
    })),
    'AgentGroup/support originationDNs',
    { hasFix: true },
  ],
])('[V43] %s', finds('V43'));

const SCHEME = 'holdfast/registration-scheme';

test.each<Row>([
  ['a phone that stays where it is', option(generated(), PLACE, SCHEME, 'fixed'), `${PLACE} ${SCHEME}`],
])('[V44] %s', finds('V44'));

test.each<Row>([
  [
    '[option holdfast/keep-calls] a phone at one site at a time, where calls are kept',
    option(
      all(
        generated().map((object) =>
          object.objectType === 'Place'
            ? { ...object, options: { holdfast: { 'registration-scheme': 'dual' } } }
            : object,
        ),
        (one) => option(one, PLACE, SCHEME, 'active-backup'),
      ),
      'Tenant/holdfast',
      'holdfast/keep-calls',
      'true',
    ),
    `${PLACE} ${SCHEME}`,
  ],
  [
    'the same, as promised elsewhere',
    generated(),
    `${PLACE} ${SCHEME}`,
    { question: { promises: { areCallsKept: true } } },
  ],
])('[V45] %s', finds('V45'));
