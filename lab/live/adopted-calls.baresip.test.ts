/**
 * A site dies in calls of its agents: at baresip, at a robot, in a consultation, and while one is being transferred. Each is taken
 * over at the other site when its agent has logged in there, and is a call as any other: held and retrieved, transferred by the
 * phone (REFER) and by the desk, in one step and after the consultation, released. Who talk hear each other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DESK_APPLICATION } from '@holdfast/centre';
import type { DeskSession } from '@holdfast/shell';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Baresip } from './peers/baresip.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { GUEST_DN, PeerLab, PHONE_PASSWORD, REALM, robotTone } from './peers/peer-lab.ts';
import { LEASE, RECOVERY } from './peers/phone-story.ts';
import { until } from './peers/processes.ts';
import type { Robot } from './robot.ts';
import { pause } from './site-processes.ts';

/** Every phone has a tone of its own. */
const BARESIP_HZ = 620;
const OUTSIDE_HZ = 440;
/** Agents of north whose phone is ours, that of the second with two lines for a consultation. */
const AGENT = { number: '7007', user: 'agent7007', toneHz: 1_050 };
const CONSULTANT = { number: '7005', user: 'agent7005', toneHz: 1_150 };
const STEP_MAX_MS = 10_000;
const MOVED_MAX_MS = 40_000;
/** Nobody waits for the other site (LG4): by then it has what has just happened. */
const FOLLOWED_MS = 500;

let lab: PeerLab;
let baresip: Baresip;
let agentsDesk: DeskSession;
let consultantsDesk: DeskSession;
/** Customers: of baresip, of the agent, of the robot of north, of the consultant. */
let outside: LabPhone;
let first: LabPhone;
let second: LabPhone;
let third: LabPhone;
let agent: LabPhone;
let consultant: LabPhone;
let consulted: LabPhone;
/** Rings, and nobody answers. */
let target: LabPhone;

/** The first works at north, the second and the fourth at south. */
const robot = (index: number) => lab.robots[index] as Robot;
const callsOf = (who: { readonly view: DeskSession['view'] }) => who.view?.calls ?? [];
const connIdAt = (index: number) => callsOf(robot(index))[0]?.ConnID as string;
const hasNoCall = (who: { readonly view: DeskSession['view'] }) =>
  until('its desk has no call', STEP_MAX_MS, () => callsOf(who).length === 0);
const robotHears = (index: number, toneHz: number) =>
  until(`robot ${index} hears ${toneHz} Hz`, STEP_MAX_MS, () => robot(index).sound?.hears(toneHz) === true);

beforeAll(async () => {
  lab = await PeerLab.start({
    ...{ robots: 4, agents: 11 },
    options: () => ({
      [`Application/${DESK_APPLICATION}`]: { 'interaction-workspace': RECOVERY },
      'Application/sip-north': { holdfast: LEASE, TServer: { 'wrap-up-time': '0' } },
      'Application/sip-south': { holdfast: LEASE, TServer: { 'wrap-up-time': '0' } },
    }),
  });
  baresip = await Baresip.start({
    ...{ folder: join(lab.folder, 'peer'), number: GUEST_DN, password: PHONE_PASSWORD, realm: REALM },
    ...{ registrars: [lab.sipPorts.north, lab.sipPorts.south], toneHz: BARESIP_HZ, registerEveryS: 30 },
  });
  outside = await lab.caller(OUTSIDE_HZ);
  [agent, consultant, first, second, third, consulted, target] = await Promise.all([
    registered(AGENT.number, { toneHz: AGENT.toneHz }),
    registered(CONSULTANT.number, { toneHz: CONSULTANT.toneHz, lines: 2 }),
    registered('7006', { toneHz: 310 }),
    registered('7010', { toneHz: 530 }),
    registered('7008', { toneHz: 720 }),
    registered('7009', { toneHz: 820 }),
    registered('7011', { toneHz: 1_250, answerAfterMs: null }),
  ]);
  await baresip.registered();
  const guestsDesk = await lab.deskOf();
  agentsDesk = await lab.deskOf(AGENT.user);
  consultantsDesk = await lab.deskOf(CONSULTANT.user);
  await Promise.all([talks(), consults(), isBeingTransferred()]);
  await pause(FOLLOWED_MS);
  lab.sites.north.kill();
  await until('the agents have their calls at the other site', MOVED_MAX_MS, () => {
    const desks = [guestsDesk, agentsDesk, robot(0), consultantsDesk];
    const counts = desks.map((desk) => callsOf(desk).length).join();
    return counts === '1,1,1,2' && desks.every(({ view }) => view?.site === 'south');
  });
  const log = join(lab.folder, 'south', 'south.log');
  await until('both ends of each have said that it stands', STEP_MAX_MS, () => {
    return readFileSync(log, 'utf8').split('"what":"call adopted"').length > 5;
  });
}, 120_000);

afterAll(() => lab?.stop(), 20_000);

/** A phone of ours at both sites. */
async function registered(
  number: string,
  more: { readonly toneHz: number; readonly lines?: number; readonly answerAfterMs?: number | null },
): Promise<LabPhone> {
  const own = { number, password: PHONE_PASSWORD, scheme: 'dual', port: 0, answerAfterMs: 0 } as const;
  const phone = await lab.phone({ ...own, ...more });
  phone.command({ name: 'register' });
  await until(`${number} is registered at both sites`, STEP_MAX_MS, () => {
    return phone.facts.filter(({ name }) => name === 'registered').length >= 2;
  });
  return phone;
}

async function talks(): Promise<void> {
  await outside.call(GUEST_DN, 'north');
  await outside.hears(BARESIP_HZ);
  await first.call(AGENT.number, 'north');
  await first.hears(AGENT.toneHz);
}

/** The customer is held, and the colleague has answered. */
async function consults(): Promise<void> {
  await third.call(CONSULTANT.number, 'north');
  await third.hears(CONSULTANT.toneHz);
  const { leg } = await consultant.fact('established');
  consultant.command({ name: 'hold', leg });
  await until('the desk shows that', STEP_MAX_MS, () => callsOf(consultantsDesk)[0]?.state === 'Held');
  const ConnID = callsOf(consultantsDesk)[0]?.ConnID as string;
  consultantsDesk.command({ type: 'consult', ConnID, destination: '7009' });
  await consulted.hears(CONSULTANT.toneHz, STEP_MAX_MS);
  await until('the desk shows both calls', STEP_MAX_MS, () =>
    callsOf(consultantsDesk).some(({ CallType, state }) => CallType === 'Consult' && state === 'Established'),
  );
}

/** The customer hears a tone while the target rings. */
async function isBeingTransferred(): Promise<void> {
  await second.call(robot(0).options.dn, 'north');
  await second.hears(robotTone(0));
  await until('the desk shows its call', STEP_MAX_MS, () => callsOf(robot(0))[0]?.state === 'Established');
  robot(0).command({ type: 'transfer', ConnID: connIdAt(0), destination: '7011' });
  await target.fact('ringing');
  await until('its agent is not heard', STEP_MAX_MS, () => !second.sound.hears(robotTone(0)));
}

test('[AD4] held and retrieved by baresip, and transferred by it: the caller is with the agent of the other site', async () => {
  const after = outside.facts.length;
  baresip.command('hold');
  expect(await outside.fact('held', { after })).toMatchObject({ by: 'remote' });
  baresip.command('resume');
  await outside.fact('retrieved', { after });
  await outside.hears(BARESIP_HZ);
  baresip.command('transfer', `sip:${robot(1).options.dn}@127.0.0.1:${lab.sipPorts.south}`);
  await until('baresip has let go', STEP_MAX_MS, () => baresip.calls === 0);
  await outside.hears(robotTone(1), STEP_MAX_MS);
  await robotHears(1, OUTSIDE_HZ);
  await outside.hangUp();
  await hasNoCall(robot(1));
}, 60_000);

test('[AD4] [SS86] held and retrieved by our phone, and transferred by the desk; the colleague releases it', async () => {
  const [after, at] = [first.facts.length, agent.facts.length];
  agent.command({ name: 'hold' });
  expect(await first.fact('held', { after })).toMatchObject({ by: 'remote' });
  await agent.fact('held', { after: at });
  agent.command({ name: 'retrieve' });
  await first.fact('retrieved', { after });
  await first.hears(AGENT.toneHz);
  const ConnID = callsOf(agentsDesk)[0]?.ConnID as string;
  agentsDesk.command({ type: 'transfer', ConnID, destination: robot(3).options.dn });
  await first.hears(robotTone(3), STEP_MAX_MS);
  await robotHears(3, 310);
  await hasNoCall(agentsDesk);
  expect(connIdAt(3)).toBe(ConnID);
  robot(3).command({ type: 'release', ConnID });
  expect(await first.fact('ended', { after })).toMatchObject({ by: 'remote', status: 0 });
}, 60_000);

test('[AD1] [SS86] in a consultation when the site died: the desk joins the two at the other site', async () => {
  const [call, consultation] = [false, true].map((isConsultation) =>
    callsOf(consultantsDesk).find(({ CallType }) => (CallType === 'Consult') === isConsultation),
  );
  expect([call?.state, consultation?.state]).toEqual(['Held', 'Established']);
  const [ConnID, consultConnID] = [call?.ConnID as string, consultation?.ConnID as string];
  consultantsDesk.command({ type: 'completeTransfer', ConnID, consultConnID });
  await third.hears(820, STEP_MAX_MS);
  await consulted.hears(720, STEP_MAX_MS);
  await hasNoCall(consultantsDesk);
  const after = consulted.facts.length;
  await third.hangUp();
  expect(await consulted.fact('ended', { after })).toMatchObject({ by: 'remote', status: 0 });
}, 60_000);

test('[AD12] in transfer when the site died: the agent has it as before, nothing rings, and the desk releases it', async () => {
  expect(await target.fact('ended')).toMatchObject({ by: 'remote', wasEstablished: false });
  await second.hears(robotTone(0), STEP_MAX_MS);
  await robotHears(0, 530);
  const after = second.facts.length;
  robot(0).command({ type: 'release', ConnID: connIdAt(0) });
  expect(await second.fact('ended', { after })).toMatchObject({ by: 'remote', status: 0 });
  await hasNoCall(robot(0));
}, 60_000);
