/**
 * The story of every telephone of others: it registers at both sites, is called, both hear each other, its site
 * is killed in the middle of a call, and it is called again through the other site.
 */
import { join } from 'node:path';
import { must } from '@holdfast/kernel';
import { SAMPLE_RATE } from '@holdfast/server';
import { expect } from 'vitest';
import type { Robot } from '../robot.ts';
import type { LabPhone } from './lab-phone.ts';
import { GUEST_DN, PeerLab, PHONE_PASSWORD, QUEUE_WITH_RINGING, REALM, robotTone } from './peer-lab.ts';
import type { PeerPhone, PeerPhoneOptions } from './peer-phone.ts';
import { until } from './processes.ts';
import { dominantTone } from './tone.ts';

/** Far from each other, and each call has its own, so that a recording tells which was heard. */
const PHONE_HZ = 620;
const CALLER_HZ = 440;
const LATER_CALLER_HZ = 310;
/** Three seconds, 20 ms each. */
const PACKETS_ENOUGH = 150;
const TONE_SLACK_HZ = 15;
const RECORDING_MAX_MS = 10_000;

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
    robots: 1,
    options: () => ({ [`DN/${GUEST_DN}@north`]: { holdfast }, [`DN/${GUEST_DN}@south`]: { holdfast } }),
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

/** The site dies in a call: the two ends go on hearing each other, and the next call comes through the other site. */
export async function survivesItsSite({ lab, phone }: PhoneStory): Promise<void> {
  await withCaller(lab, CALLER_HZ, async (caller) => {
    await caller.call(GUEST_DN, 'north');
    await talk(caller);
    lab.sites.north.kill();
    const { received } = caller.sound.figures;
    await until('sound still comes', 5_000, () => caller.sound.figures.received >= received + PACKETS_ENOUGH);
    await caller.hears(PHONE_HZ);
    // Nobody is there to pass a BYE on: each end hangs up for itself.
    expect(await caller.hangUp()).toMatchObject({ by: 'lost', wasEstablished: true });
    phone.hangUp();
  });
  await until('the phone has hung up too', 5_000, () => phone.calls === 0);
  const before = phone.heard();
  await withCaller(lab, LATER_CALLER_HZ, async (caller) => {
    await caller.call(GUEST_DN, 'south');
    await talk(caller);
    expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0, wasEstablished: true });
  });
  await until('the phone has hung up too', 5_000, () => phone.calls === 0);
  await hasHeard(phone, LATER_CALLER_HZ, before);
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

/** In what it has recorded since then there is a second of that tone, once its recorder has finished the file. */
async function hasHeard(phone: PeerPhone, toneHz: number, { length }: Int16Array): Promise<void> {
  await until(`the phone has recorded ${toneHz} Hz`, RECORDING_MAX_MS, () => {
    const heard = phone.heard().subarray(length);
    for (let at = 0; at + SAMPLE_RATE <= heard.length; at += SAMPLE_RATE / 4) {
      const hz = dominantTone(heard.subarray(at, at + SAMPLE_RATE));
      if (hz !== undefined && Math.abs(hz - toneHz) <= TONE_SLACK_HZ) return true;
    }
    return false;
  });
}
