/**
 * baresip transfers a call by REFER, as a person at its menu would. Who remains and whoever answers hear each other, also where
 * the primary of the pair is killed (SIGKILL) while the target rings.
 */
import { join } from 'node:path';
import { GUEST, SALES_QUEUE } from '@holdfast/centre';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { killPrimary, mateInStep } from './kill-primary.ts';
import { PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { OneSite } from './one-site.ts';
import { PairLog } from './pair-log.ts';
import { Baresip } from './peers/baresip.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { stopPrograms, until } from './peers/processes.ts';

/** What our phones send, and what baresip sends. */
const OURS_HZ = 440;
const THEIRS_HZ = 1_000;
const TARGET = '7001';

let site: OneSite;
let pair: PairLog;
let baresip: Baresip;
let customer: LabPhone;
let target: LabPhone;

beforeAll(async () => {
  site = await OneSite.make({ agents: 4, restarts: true, isPair: true });
  pair = new PairLog(site.logFile);
  await site.processes.start();
  customer = await site.registeredPhone('7003', 0);
  target = await site.registeredPhone(TARGET, 0);
  baresip = await Baresip.start({
    ...{ folder: join(site.folder, 'baresip'), number: GUEST.dn, password: PHONE_PASSWORD, realm: REALM },
    ...{ registrars: [site.ports.sip[0]], registerEveryS: 30, toneHz: THEIRS_HZ },
  });
  await baresip.registered();
}, 60_000);

beforeEach(async () => {
  target.command({ name: 'answerAfter', ms: null });
  await mateInStep(pair);
}, 30_000);

afterAll(async () => {
  await baresip?.stop();
  await stopPrograms();
  await site.end();
  site.remove();
}, 20_000);

const uriOf = (number: string) => `sip:${number}@127.0.0.1:${site.ports.sip[0]}`;

/** The customer talks with baresip, which then transfers the call. */
async function transfers(
  number: string,
): Promise<{ readonly customerAt: number; readonly targetAt: number }> {
  await customer.call(GUEST.dn, 'north');
  await customer.hears(THEIRS_HZ);
  await until('baresip has its call', 5_000, () => baresip.calls === 1);
  const at = { customerAt: customer.facts.length, targetAt: target.facts.length };
  baresip.command('transfer', uriOf(number));
  return at;
}

async function areTogether(): Promise<void> {
  await until('baresip has let go', 8_000, () => baresip.calls === 0);
  await customer.hears(OURS_HZ);
  await target.hears(OURS_HZ);
}

test('[SS81] who is transferred is with whoever answers, and baresip is told and let go', async () => {
  const { customerAt, targetAt } = await transfers(TARGET);
  await target.fact('ringing', { after: targetAt });
  target.command({ name: 'answer' });
  await areTogether();
  expect(baresip.program.lines.some((line) => line.startsWith('SIP/2.0 202 '))).toBe(true);
  await target.hangUp();
  expect(await customer.fact('ended', { after: customerAt })).toMatchObject({ by: 'remote', status: 0 });
}, 40_000);

test('[SS85] the primary is killed while the target rings: the transfer comes about at its mate', async () => {
  const { customerAt, targetAt } = await transfers(TARGET);
  await target.fact('ringing', { after: targetAt });
  await killPrimary(site, pair);
  target.command({ name: 'answer' });
  await areTogether();
  customer.command({ name: 'hangup' });
  await customer.fact('ended', { after: customerAt });
  expect(await target.fact('ended', { after: targetAt })).toMatchObject({ by: 'remote', status: 0 });
}, 60_000);

test('[SS81] a queue takes it at once: the customer is in line, and baresip is let go', async () => {
  const { customerAt } = await transfers(SALES_QUEUE);
  await until('baresip has let go', 8_000, () => baresip.calls === 0);
  expect(customer.facts.slice(customerAt).map(({ name }) => name)).not.toContain('ended');
  await customer.hangUp();
}, 40_000);

test('[SS82] [SS85] nobody takes it at the mate: baresip is told why, and hangs up as it always does then', async () => {
  const { customerAt, targetAt } = await transfers(TARGET);
  await target.fact('ringing', { after: targetAt });
  await killPrimary(site, pair);
  target.command({ name: 'reject', status: 486 });
  const failures = () => baresip.events.filter(({ type }) => type === 'TRANSFER_FAILED');
  await until('baresip is told', 8_000, () => failures().length > 0);
  expect(failures()).toMatchObject([{ param: '486 Busy Here' }]);
  expect(await customer.fact('ended', { after: customerAt })).toMatchObject({ by: 'remote', status: 0 });
}, 60_000);

test('[SS87] [SS86] the desk of its agent has it call the target, and joins the two: baresip is let go', async () => {
  const { customerAt, targetAt } = { customerAt: customer.facts.length, targetAt: target.facts.length };
  target.command({ name: 'answerAfter', ms: 0 });
  const desk = await site.desk(GUEST.user, {});
  try {
    await until('the agent is logged in', 15_000, () => desk.view?.site === 'north');
    await customer.call(GUEST.dn, 'north');
    await customer.hears(THEIRS_HZ);
    const stands = (isConsultation: boolean) =>
      desk.view?.calls.find(
        ({ CallType, state }) => (CallType === 'Consult') === isConsultation && state === 'Established',
      )?.ConnID;
    await until('the desk shows the call', 5_000, () => stands(false) !== undefined);
    const ConnID = stands(false) as string;
    desk.command({ type: 'consult', ConnID, destination: TARGET });
    await until('the target has answered', 8_000, () => stands(true) !== undefined);
    await target.hears(THEIRS_HZ);
    desk.command({ type: 'completeTransfer', ConnID, consultConnID: stands(true) as string });
    await areTogether();
    expect(desk.view?.calls).toEqual([]);
    await target.hangUp();
    expect(await customer.fact('ended', { after: customerAt })).toMatchObject({ by: 'remote', status: 0 });
    expect(target.facts.slice(targetAt).map(({ name }) => name)).toEqual(['ringing', 'established', 'ended']);
  } finally {
    await desk.stop();
  }
}, 60_000);
