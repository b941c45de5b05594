import { test } from 'vitest';
import { BOTH_REGISTRATIONS, timesOfWorkspace } from './good-worlds.ts';
import {
  all,
  application,
  connection,
  finds,
  generated,
  option,
  type Row,
  withPairs,
} from './test-worlds.ts';

const DR = 'interaction-workspace/disaster-recovery';
const WORKSPACE = 'Application/workspace';
const SIP_NORTH = 'Application/sip-north';
const promised = (recoveryTimeS: number) => ({ question: { promises: { recoveryTimeS } } });

test.each<Row>([
  [
    'more than the documents give, and nothing promised',
    timesOfWorkspace(generated(), 30, '61'),
    `${WORKSPACE} ${DR}.timeout`,
    { hasFix: true },
  ],
  [
    'a group waits longer',
    option(generated(), 'AgentGroup/team-north', `${DR}.timeout`, '200'),
    `AgentGroup/team-north ${DR}.timeout`,
    { hasFix: true },
  ],
  [
    'a third-party desktop against a promise',
    generated(),
    'Application/desktop-north agent-desktop/site-timeout',
    { ...promised(60), also: ['V51'], hasFix: true },
  ],
])('[V46] %s', finds('V46'));

const endpoint = (period: string) =>
  all(
    generated(),
    ...BOTH_REGISTRATIONS.map(
      (field) => (one: ReturnType<typeof generated>) => option(one, WORKSPACE, field, period),
    ),
  );

test.each<Row>([
  [
    'the desk waits for the phone too long',
    option(endpoint('60'), WORKSPACE, `${DR}.wait-for-sipphone-timeout`, '90'),
    `${WORKSPACE} ${BOTH_REGISTRATIONS[0]}`,
    { hasFix: true },
  ],
])('[V47] %s', finds('V47'));

test.each<Row>([
  [
    'an hour at the peer site',
    option(endpoint('60'), WORKSPACE, BOTH_REGISTRATIONS[1], '3600'),
    `${WORKSPACE} ${BOTH_REGISTRATIONS[1]}`,
    { hasFix: true },
  ],
  [
    'the default at the site for which nobody has set it',
    option(endpoint('60'), WORKSPACE, BOTH_REGISTRATIONS[0], undefined),
    `${WORKSPACE} ${BOTH_REGISTRATIONS[0]}`,
    { hasFix: true },
  ],
  [
    'every 10 s',
    option(endpoint('30'), WORKSPACE, BOTH_REGISTRATIONS[0], '10'),
    `${WORKSPACE} ${BOTH_REGISTRATIONS[0]}`,
    { hasFix: true },
  ],
])('[V48] %s', finds('V48'));

test.each<Row>([
  [
    'a lease that outlasts the site time-out',
    option(generated(), SIP_NORTH, 'holdfast/lease-length', '10000'),
    `${SIP_NORTH} holdfast/lease-length`,
  ],
  [
    'a group that leaves before its leases end',
    option(generated(), 'AgentGroup/team-north', `${DR}.timeout`, '5'),
    `AgentGroup/team-north ${DR}.timeout`,
  ],
])('[V49] %s', finds('V49'));

test.each<Row>([
  [
    'a lease of less than two stamps',
    option(generated(), SIP_NORTH, 'holdfast/lease-length', '3000'),
    `${SIP_NORTH} holdfast/lease-length`,
  ],
  [
    'no registration could be long enough',
    option(
      option(generated(), SIP_NORTH, 'holdfast/registrar-min-timeout', '100'),
      SIP_NORTH,
      'holdfast/registrar-max-timeout',
      '60',
    ),
    `${SIP_NORTH} holdfast/registrar-min-timeout`,
  ],
  [
    'a usual registration outside its limits',
    option(generated(), SIP_NORTH, 'TServer/registrar-default-timeout', '5'),
    `${SIP_NORTH} TServer/registrar-default-timeout`,
  ],
])('[V50] %s', finds('V50'));

test.each<Row>([
  [
    '[option holdfast/recovery-time] [C19] phones may be registered for an hour, and a minute and a half is promised',
    option(generated(), 'Tenant/holdfast', 'holdfast/recovery-time', '90'),
    `${SIP_NORTH} holdfast/registrar-max-timeout`,
    { hasFix: true },
  ],
  [
    'of a pair, both members are mended',
    option(withPairs(), 'Tenant/holdfast', 'holdfast/recovery-time', '90'),
    `${SIP_NORTH} holdfast/registrar-max-timeout`,
    { hasFix: true },
  ],
])('[V51] %s', finds('V51'));

test.each<Row>([
  [
    'a pair is tried again after its agents have left',
    application(withPairs(), 'sip-north', { reconnectTimeout: 10 }),
    `${SIP_NORTH} reconnectTimeout`,
  ],
  [
    'a server without a backup likewise',
    option(generated(), SIP_NORTH, 'interaction-workspace/warm-standby.retry-delay', '30'),
    `${SIP_NORTH} interaction-workspace/warm-standby.retry-delay`,
  ],
])('[V52] %s', finds('V52'));

test.each<Row>([
  [
    '[C76] the name of a gateway is kept for six hours',
    option(generated(), 'DN/trunk-north@north', 'TServer/contact', 'sip:gw.example.net'),
    'DN/trunk-north@north TServer/contact',
    { question: { outside: { names: [{ name: 'gw.example.net', ttlS: 21_600 }] } } },
  ],
])('[V53] %s', finds('V53'));

test.each<Row>([
  [
    '[option holdfast/agents-max] room for one agent less than there are',
    option(generated(), SIP_NORTH, 'holdfast/agents-max', '10'),
    `${SIP_NORTH} holdfast/agents-max`,
  ],
])('[V54] %s', finds('V54'));

test.each<Row>([
  [
    'the last of a thousand is let in too late',
    all(
      option(generated({ agents: 1_000, schemes: ['dual'] }), SIP_NORTH, 'holdfast/login-rate', '10'),
      (one) => connection(one, 'workspace', 'sip-north', {}),
      (one) =>
        one.map((object) =>
          object.objectType === 'Place'
            ? { ...object, options: { holdfast: { 'registration-scheme': 'dual' } } }
            : object,
        ),
    ),
    `${SIP_NORTH} holdfast/login-rate`,
    { ...promised(90), hasFix: true },
  ],
])('[V55] %s', finds('V55'));
