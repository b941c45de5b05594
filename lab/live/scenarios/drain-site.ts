import type { ConfigObject } from '@holdfast/protocol';
import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { SiteOperator } from '../site-operator.ts';
import { decidedBecause, decisionsOf } from './reasons.ts';
import { callsAreAnswered, describe, home, moveMax, SLACK_MS, stayed } from './scenario.ts';

const WAVE = 2;
const WAVE_EVERY_MS = 1_000;
/** Logouts of one wave reach their desks within this. */
const TOGETHER_MS = 0.8 * WAVE_EVERY_MS;

/** The gateway of the callers tries the other site where this one is not available, as gateways do, and needs no change. */
export function withoutNewCalls(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'Application' || object.type !== 'SIPServer') return object;
  const TServer = { ...object.options.TServer, 'shutdown-sip-reject-code': '503' };
  return { ...object, options: { ...object.options, TServer } };
}

/**
 * A site is taken out of service under load: its agents go in waves, whoever is in a call when that and the after-call work
 * have ended; their phones are sent to the other site (PQ5), new calls go there by the gateway, and no call is cut.
 */
export async function drainSite(lab: LiveLab): Promise<void> {
  const operator = await SiteOperator.logIn(lab.clientAddress('north'), lab.administratorAccess());
  try {
    const movers = lab.robots.filter((robot) => home(robot) === 'north');
    const isIdle = ({ view }: Robot) =>
      view?.calls.length === 0 && view.state === 'Ready' && view.workMode !== 'AfterCallWork';
    const idle = movers.filter(isIdle);
    const since = lab.now();
    lab.calls.fault();
    const answer = await operator.ask({
      type: 'GracefulShutdown',
      on: true,
      wave: WAVE,
      waveEveryMs: WAVE_EVERY_MS,
    });
    const isThere = (robot: Robot) => lab.worksAt(robot, 'south');
    const waves = (movers.length / WAVE) * WAVE_EVERY_MS;
    await lab.until(moveMax(lab) + waves, () => movers.every(isThere));
    const late = movers.filter((robot) => !isThere(robot));
    const schemes = [...new Set(movers.map(({ options }) => options.scheme))].sort();
    lab.check(
      'all-moved',
      answer === 'done' && movers.length > 0 && late.length === 0 && schemes.length === 3,
      late.length === 0
        ? `${movers.length} work at south, with phones of the schemes ${schemes.join(', ')}`
        : `${answer}; ${late.map(describe).join('; ')}`,
    );
    const who = { robots: movers, since, at: 'north' };
    decidedBecause(lab, 'because-of-the-drain', who, { what: 'leave', rule: 'DS8c' });
    inWaves(lab, { movers, idle, since });
    const stayers = lab.robots.filter((robot) => !movers.includes(robot));
    stayed(lab, 'nobody-else-moved', { robots: stayers, since });
    await callsAreAnswered(lab, 4);
    await noCallIsLost(lab);
    await lab.until(SLACK_MS, () => operator.shutdown?.isDrained === true);
    const { agents, calls, isDrained } = operator.shutdown ?? {};
    lab.check('drained', isDrained === true, `north says: ${agents} agents and ${calls} calls left`);
  } finally {
    operator.close();
  }
}

interface Movers {
  readonly movers: readonly Robot[];
  /** Of these, at the beginning. */
  readonly idle: readonly Robot[];
  readonly since: number;
}

/** AG24: never more idle agents at once than a wave has; the others come between, each when its work is done. */
function inWaves(lab: LiveLab, { movers, idle, since }: Movers): void {
  const leftAt = (robot: Robot) => decisionsOf(lab, robot, since).find(({ what }) => what === 'leave')?.at;
  const times = idle.flatMap((robot) => leftAt(robot) ?? []).sort((a, b) => a - b);
  // Who was given a call while waiting for a wave leaves by itself, at the end of it.
  const tooMany = times.filter(
    (at) => times.filter((other) => other >= at && other < at + TOGETHER_MS).length > WAVE + 1,
  );
  const told = [...movers]
    .map((robot) => ({ robot, at: leftAt(robot) }))
    .sort((a, b) => (a.at ?? 0) - (b.at ?? 0))
    .map(({ robot, at }) =>
      at === undefined
        ? `${robot.name} never`
        : `${robot.name} ${((at - since) / 1000).toFixed(1)} s${idle.includes(robot) ? '' : ' (was at work)'}`,
    );
  lab.check('in-waves', idle.length > WAVE && tooMany.length === 0, told.join(', '));
}

async function noCallIsLost(lab: LiveLab): Promise<void> {
  await lab.until(4 * lab.options.times.talkMs, () => lab.calls.openSinceFault === 0);
  const { established, kept, lost } = lab.calls.figures();
  lab.check(
    'no-call-lost',
    established !== null && established > 0 && lost === 0 && kept === established,
    `${kept} of ${established} calls that stood went on to their own end`,
  );
}
