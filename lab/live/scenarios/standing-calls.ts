/** What scenarios share that break something under many calls: one queue for all agents, and calls in which nobody hangs up. */
import { SALES_QUEUE } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { type LiveLab, SITES, type SiteName } from '../live-lab.ts';
import { restMax } from './scenario.ts';

/** Nearly all agents prefer north, so that the half that nothing happens to is small: of sixteen one is at south. */
export const MOSTLY_NORTH = Array.from({ length: 16 }, (_, index): 0 | 1 => (index === 15 ? 1 : 0));
/** Of the agents of a site, in a call; the others are there for those who call meanwhile. */
const TALKING_SHARE = 15 / 16;
/** The servers are not what is measured while the calls are set up. */
const DIALS_PER_S = 25;
/** The last that was answered is known wherever it has to be, on a busy machine too. */
const FOLLOWED_MS = 2_000;
const WAITING_MAX = 10_000;

/** Every agent serves the queue that is called, and nobody who waits in it is sent on. */
export function oneQueueForAll(object: ConfigObject): ConfigObject {
  if (object.objectType === 'AgentGroup' && object.name === 'support') {
    const sales = SITES.map((site) => `${SALES_QUEUE}@${site}`);
    return { ...object, originationDNs: [...object.originationDNs, ...sales] };
  }
  if (object.objectType !== 'DN' || object.number !== SALES_QUEUE) return object;
  const holdfast = { treatment: 'music', 'waiting-max': String(WAITING_MAX) };
  return { ...object, options: { ...object.options, holdfast } };
}

export interface StandingCalls {
  readonly wanted: number;
  readonly agents: ReadonlySet<string>;
  /** Calls of these agents in which both ends talk, now. */
  count(): number;
}

/** All but a few agents of that site come into a call, and nobody hangs up until `nobodyHangsUp` is taken back. */
export async function callsStand(lab: LiveLab, site: SiteName): Promise<StandingCalls> {
  await lineIsEmpty(lab);
  lab.nobodyHangsUp = true;
  const agents = new Set(lab.robots.filter((robot) => robot.view?.site === site).map(({ name }) => name));
  const wanted = Math.floor(TALKING_SHARE * agents.size);
  for (let call = 0; call < wanted; call++) {
    lab.callers.call(SALES_QUEUE, site);
    await lab.until(1000 / DIALS_PER_S, () => false);
  }
  const count = () => lab.calls.talkingOf(agents);
  await lab.until(restMax(lab), () => count() >= wanted);
  // The other site follows a moment behind (LG4): what was answered just now is not what is looked at here.
  await lab.until(FOLLOWED_MS, () => false);
  return { wanted, agents, count };
}

/** No more callers come, and all who were there have been served and have gone. */
export async function lineIsEmpty(lab: LiveLab): Promise<void> {
  lab.callers.stop();
  const isEmpty = () => lab.calls.talking === 0 && lab.calls.line(lab.now()).waiting === 0;
  await lab.until(2 * restMax(lab), isEmpty);
}

/** The size that the scenario promises, seen at the fault (ME3). */
export function calledFullSize(lab: LiveLab, site: SiteName, { wanted, count }: StandingCalls): void {
  const stood = count();
  lab.check(
    'calls-stood',
    wanted > 0 && stood >= wanted,
    `${stood} calls stood at ${site} at the fault, ${wanted} wanted`,
  );
}
