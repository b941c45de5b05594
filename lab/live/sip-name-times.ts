/**
 * How long phones are not served when the primary of a pair without a virtual IP dies: of each transport by itself, since
 * those over a connection must connect and register again first. Persons measure: whoever is refused tries again at once.
 */
import type { TransportName } from '@holdfast/sip';
import { PairLog } from './pair-log.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';
import { send } from './process-tree.ts';
import type { SipNameSite } from './sip-name-site.ts';
import { pause } from './site-processes.ts';

export interface SipNameTimes {
  /** From the fault until a hold in a call that stood was answered, which both phones have heard of. */
  readonly inDialogMs: number;
  /** From the fault until a call that was dialled after it was answered. */
  readonly newCallMs: number;
  /** From the fault until all four phones were registered over a new connection; null over UDP, where nothing is lost. */
  readonly registeredMs: number | null;
}

/** Between two attempts of a person who is refused: how exact the figures are. */
const AGAIN_MS = 20;
/** Generous: the machine may be busy with other things. */
const TAKEOVER_MAX_MS = 40_000;

/** Two phones are in a call when the primary is killed, and two call each other after it. */
export async function sipNameTimes(
  named: SipNameSite,
  transport: TransportName,
  numbers: readonly [string, string, string, string],
): Promise<SipNameTimes> {
  const { site } = named;
  const pair = new PairLog(site.logFile);
  const [caller, called, second, secondCalled] = (await Promise.all(
    numbers.map((number) => named.registeredPhone(number, { transport })),
  )) as [LabPhone, LabPhone, LabPhone, LabPhone];
  const phones = [caller, called, second, secondCalled];
  await until('the mate is in step', TAKEOVER_MAX_MS, () => pair.mateIs() === 'mate in step');
  await caller.call(numbers[1], 'north');
  const [at, calledAt] = [caller.facts.length, called.facts.length];
  const registrations = phones.map((phone) => ({ phone, after: phone.facts.length }));
  const pid = site.processes.pidOf(pair.primary);
  const from = performance.now();
  const since = () => Math.round(performance.now() - from);
  send(pid, 'SIGKILL');
  const [inDialogMs, newCallMs, registeredMs] = await Promise.all([
    holdAgainAndAgain(caller, at)
      .then(() => called.fact('held', { after: calledAt, withinMs: TAKEOVER_MAX_MS }))
      .then(since),
    callAgainAndAgain(second, numbers[3])
      .then(since)
      .catch((error: Error) => {
        const [from, to] = [second, secondCalled].map((phone) => JSON.stringify(phone.facts.slice(-5)));
        const site = `${pair.primary} serves, ${pair.mateIs()}`;
        throw new Error(`${error.message}; ${site}; the caller's last: ${from}; the called one's: ${to}`);
      }),
    transport === 'UDP'
      ? null
      : Promise.all(
          registrations.map(({ phone, after }) =>
            phone.fact('registered', { after, withinMs: TAKEOVER_MAX_MS }),
          ),
        ).then(since),
  ]);
  caller.command({ name: 'hangup' });
  await called.fact('ended', { after: calledAt, withinMs: TAKEOVER_MAX_MS });
  await second.hangUp();
  return { inDialogMs, newCallMs, registeredMs };
}

/** What a standby refuses changes nothing; a person presses the key again. */
async function holdAgainAndAgain(phone: LabPhone, after: number): Promise<void> {
  const isHeld = () => phone.facts.slice(after).some(({ name }) => name === 'held');
  for (const giveUpAt = performance.now() + TAKEOVER_MAX_MS; !isHeld() && performance.now() < giveUpAt; ) {
    phone.command({ name: 'hold' });
    await pause(AGAIN_MS);
  }
  await phone.fact('held', { after });
}

/** Whose phone is registered nowhere, and who is refused, dials again. */
async function callAgainAndAgain(phone: LabPhone, to: string): Promise<void> {
  const giveUpAt = performance.now() + TAKEOVER_MAX_MS;
  while (performance.now() < giveUpAt) {
    const after = phone.facts.length;
    const hasCome = (...names: readonly string[]) =>
      phone.facts.slice(after).some(({ name }) => names.includes(name));
    phone.command({ name: 'call', to, site: 'north' });
    await until('the call is answered or refused', TAKEOVER_MAX_MS, () =>
      hasCome('established', 'ended', 'refusedCommand'),
    );
    if (hasCome('established')) return;
    await pause(AGAIN_MS);
  }
  throw new Error(`${to} was not reached within ${TAKEOVER_MAX_MS} ms`);
}
