/**
 * The story of every telephone of others: it registers at both sites, is called, both hear each other; the primary of its
 * site's pair is killed in the middle of a call, then its whole site, and it is called again through the other one.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DESK_APPLICATION } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import { expect } from 'vitest';
import type { Robot } from '../robot.ts';
import type { LabPhone } from './lab-phone.ts';
import { GUEST_DN, PeerLab, PHONE_PASSWORD, QUEUE_WITH_RINGING, REALM, robotTone } from './peer-lab.ts';
import type { PeerPhone, PeerPhoneOptions } from './peer-phone.ts';
import { until } from './processes.ts';
import { hasHeard } from './recorded-tone.ts';

/** Far from each other, and each call has its own, so that a recording tells which was heard. */
const PHONE_HZ = 620;
const CALLER_HZ = 440;
const LATER_CALLER_HZ = 310;
/** Three seconds, 20 ms each. */
const PACKETS_ENOUGH = 150;
const TAKEOVER_MAX_MS = 15_000;
const MOVED_MAX_MS = 30_000;
/** An agent at the guest extension moves soon, and its lease is short. */
export const RECOVERY = {
  'disaster-recovery.enabled': 'true',
  'disaster-recovery.timeout': '2',
  'disaster-recovery.wait-for-sipphone-timeout': '2',
};
export const LEASE = { 'stamp-period': '400', 'lease-length': '1600' };

export interface PhoneStory {
  readonly lab: PeerLab;
  readonly phone: PeerPhone;
}

export async function beginStory(
  start: (options: PeerPhoneOptions) => Promise<PeerPhone>,
  algorithms: 'sha-256-then-md5' | 'md5',
): Promise<PhoneStory> {
  const holdfast = { 'digest-algorithms': algorithms };
  const lab = await PeerLab.start({
    ...{ robots: 1, pairs: true },
    options: () => ({
      [`DN/${GUEST_DN}@north`]: { holdfast },
      [`DN/${GUEST_DN}@south`]: { holdfast },
      [`Application/${DESK_APPLICATION}`]: { 'interaction-workspace': RECOVERY },
      'Application/sip-north': { holdfast: LEASE },
      'Application/sip-south': { holdfast: LEASE },
    }),
  });
  try {
    const phone = await start({
      folder: join(lab.folder, 'peer'),
      number: GUEST_DN,
      password: PHONE_PASSWORD,
      registrars: [lab.sipPorts.north, lab.sipPorts.south],
      realm: REALM,
      toneHz: PHONE_HZ,
      registerEveryS: 30,
    });
    return { lab, phone };
  } catch (error) {
    // Nobody has the lab yet who could end it.
    await lab.stop();
    throw error;
  }
}

/** It is called at a site; both hear each other for three seconds. Who called hangs up. */
export async function isCalledAndHears({ lab, phone }: PhoneStory): Promise<void> {
  const before = phone.heard();
  await withCaller(lab, CALLER_HZ, async (caller) => {
    await caller.call(GUEST_DN, 'north');
    await talk(caller);
    expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0, wasEstablished: true });
  });
  await until('the phone has hung up too', 5_000, () => phone.calls === 0);
  await hasHeard(phone, CALLER_HZ, before);
}

/** It dials a queue, proves who it is, an agent answers, and both hear each other. */
export async function dialsAQueue({ lab, phone }: PhoneStory): Promise<void> {
  const before = phone.heard();
  const [robot] = lab.robots as [Robot];
  const sound = must(robot.sound, 'robots of this lab have sound');
  phone.dial(`sip:${QUEUE_WITH_RINGING}@127.0.0.1:${lab.sipPorts.north}`);
  await until('the agent hears the phone', 10_000, () => sound.hears(PHONE_HZ));
  const { received } = sound.figures;
  await until('three seconds of sound', 8_000, () => sound.figures.received >= received + PACKETS_ENOUGH);
  expect(robot.view?.calls).toMatchObject([{ ANI: GUEST_DN }]);
  phone.hangUp();
  await until('the agent has no call any more', 5_000, () => robot.view?.calls.length === 0);
  await hasHeard(phone, robotTone(0), before);
}

/** The primary is killed in a call: its mate passes on what either end wants, at the same address. */
export async function survivesATakeover({ lab, phone }: PhoneStory): Promise<void> {
  const before = phone.heard();
  await withCaller(lab, CALLER_HZ, async (caller) => {
    await caller.call(GUEST_DN, 'north');
    await talk(caller);
    const former = await lab.sites.north.serving('sip-north');
    lab.sites.north.killServer(former);
    await until('the mate serves', TAKEOVER_MAX_MS, async () => {
      return (await lab.sites.north.serving('sip-north')) !== former;
    });
    await talk(caller);
    tellGap('primary killed in a call', phone, caller);
    await holdsAndRetrieves(caller);
    expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0, wasEstablished: true });
  });
  await until('the phone has hung up too', 5_000, () => phone.calls === 0);
  await hasHeard(phone, CALLER_HZ, before, 'at the end');
}

/**
 * The site dies in a call of an agent: the two ends go on hearing each other, the agent's desk logs in at the other site,
 * which takes the call over, so that hold and BYE go through again; and the next call comes through that site.
 */
export async function survivesItsSite({ lab, phone }: PhoneStory): Promise<void> {
  const desk = await lab.deskOf();
  const beforeLoss = phone.heard();
  await withCaller(lab, CALLER_HZ, async (caller) => {
    await caller.call(GUEST_DN, 'north');
    await talk(caller);
    lab.sites.north.kill();
    await talk(caller);
    const log = join(lab.folder, 'south', 'south.log');
    await until('the other site has taken the call over', MOVED_MAX_MS, () =>
      readFileSync(log, 'utf8').includes('"what":"call adopted"'),
    );
    await until('its desk shows the call', MOVED_MAX_MS, () => {
      return desk.view?.site === 'south' && desk.view.calls.length === 1;
    });
    await talk(caller);
    tellGap('site killed in a call', phone, caller);
    await holdsAndRetrieves(caller);
    // Its BYE goes to the site that has told it where the call is now.
    const after = caller.facts.length;
    phone.hangUp();
    expect(await caller.fact('ended', { after })).toMatchObject({ by: 'remote', wasEstablished: true });
  });
  await until('the phone has hung up too', 5_000, () => phone.calls === 0);
  await hasHeard(phone, CALLER_HZ, beforeLoss, 'at the end');
  const before = phone.heard();
  await withCaller(lab, LATER_CALLER_HZ, async (caller) => {
    await caller.call(GUEST_DN, 'south');
    await talk(caller);
    expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0, wasEstablished: true });
  });
  await until('the phone has hung up too', 5_000, () => phone.calls === 0);
  await hasHeard(phone, LATER_CALLER_HZ, before);
}

/** Both changes of the session pass from end to end, and the sound comes back. */
async function holdsAndRetrieves(caller: LabPhone): Promise<void> {
  const after = caller.facts.length;
  caller.command({ name: 'hold' });
  await caller.fact('held', { after });
  caller.command({ name: 'retrieve' });
  await caller.fact('retrieved', { after });
  await talk(caller);
}

function tellGap(fault: string, phone: PeerPhone, { sound }: LabPhone): void {
  const { gapMaxMs } = sound.figures;
  console.log(JSON.stringify({ phone: phone.constructor.name, fault, rtpGapMs: gapMaxMs }));
}

/** The gateway has one port: whoever calls gives it back, also when the test fails. */
async function withCaller(
  lab: PeerLab,
  toneHz: number,
  act: (caller: LabPhone) => Promise<void>,
): Promise<void> {
  const caller = await lab.caller(toneHz);
  try {
    await act(caller);
  } finally {
    await caller.close();
  }
}

async function talk(caller: LabPhone): Promise<void> {
  await caller.hears(PHONE_HZ);
  const { received } = caller.sound.figures;
  await until(
    'two seconds of sound',
    8_000,
    () => caller.sound.figures.received >= received + PACKETS_ENOUGH,
  );
}
