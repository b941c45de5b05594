import { SALES_QUEUE } from '@holdfast/centre';
import type { LiveLab } from '../live-lab.ts';
import type { TakeoverTimes } from '../measures.ts';
import { isAlive } from '../process-tree.ts';
import type { Robot } from '../robot.ts';
import { siteLog } from '../site-log.ts';
import type { FailedMember } from '../site-processes.ts';
import { decisionsOf, inWords } from './reasons.ts';
import {
  allWorkAt,
  callersCome,
  callsAreAnswered,
  home,
  lineIsServedInOrder,
  SLACK_MS,
  stayed,
} from './scenario.ts';
import { calledFullSize, callsStand, lineIsEmpty, type StandingCalls } from './standing-calls.ts';

/** Between two attempts of whoever measures. */
const PROBE_EVERY_MS = 50;
/** All callers of the queue are served afterwards. */
const PROBES_A_QUEUE_CALL = 5;
const IN_STEP_MAX_MS = 20_000;
const GOES_ON_MAX_MS = 3 * SLACK_MS;
/** Of the agents, in calls that come afterwards. */
const OCCUPANCY_AFTER = 0.3;

/** The primary of the north's pair dies (SIGKILL). */
export async function pairTakeover(lab: LiveLab): Promise<void> {
  await takeover(lab, 'killed');
}

/**
 * The primary of the north's pair stands still (SIGSTOP) and goes on later, if it still lives: whoever grants the role kills
 * the former holder first (PR7), so that the one that is let go on is dead, and its place is a new standby's.
 */
export async function hungPrimary(lab: LiveLab): Promise<void> {
  const { failed, serving } = await takeover(lab, 'stopped');
  lab.sites.north.resumeServer(failed.pid);
  await lab.until(SLACK_MS, () => lab.sites.north.processes().every(({ pid }) => pid !== undefined));
  const now = await lab.sites.north.serving('sip-north');
  lab.check(
    'does-not-come-back',
    !isAlive(failed.pid) && now === serving && lab.sites.north.pidOf(failed.application) !== failed.pid,
    `${failed.application} was killed before ${serving} was granted the role, and another process has its name; ${now} serves`,
  );
}

/**
 * A member of the north's pair fails while nearly all agents talk: its mate goes on at the same address, no call and no place
 * in line is lost, nobody is logged out and no desk has a reason to move (SS50 to SS53).
 */
async function takeover(
  lab: LiveLab,
  how: 'killed' | 'stopped',
): Promise<{ readonly failed: FailedMember; readonly serving: string }> {
  const standing = await callsStand(lab, 'north');
  await mateInStep(lab);
  const failed = await lab.failPrimary('north', how);
  calledFullSize(lab, 'north', standing);
  await goesOn(lab, failed, standing);
  let serving = failed.application;
  // Until the kernel has taken it apart, the dead one's port still accepts.
  while (serving === failed.application && lab.now() < failed.at + 2 * SLACK_MS)
    serving = await lab.sites.north.serving('sip-north');
  lab.check(
    'mate-serves',
    serving !== failed.application,
    `${serving} serves in place of ${failed.application}`,
  );
  lab.nobodyHangsUp = false;
  callersCome(lab, OCCUPANCY_AFTER);
  await callsAreAnswered(lab, 6);
  await allWorkAt(lab, 'all-at-home', home);
  stayed(lab, 'nobody-moved', { robots: lab.robots, since: failed.at });
  const anew = lab.watch.logins.filter(({ at }) => at >= failed.at);
  lab.check(
    'nobody-logged-out',
    anew.length === 0,
    anew.length === 0
      ? 'every login stood'
      : anew
          .map(
            ({ agent, at }) =>
              `${agent} anew after ${Math.round(at - failed.at)} ms: ${toldOf(lab, agent, failed.at)}`,
          )
          .join('; '),
  );
  await lab.until(4 * lab.options.times.talkMs, () => lab.calls.openSinceFault === 0);
  const { established, kept, lost, lostBy, ended } = lab.calls.figures();
  lab.check(
    'every-call-kept',
    (established ?? 0) >= standing.wanted && kept === established && ended.lostInLine === 0,
    `of ${established} calls ${kept} were kept and ${lost} lost ${JSON.stringify(lostBy)}; ${ended.lostInLine} callers were lost in line`,
  );
  await lineIsEmpty(lab);
  await lineIsServedInOrder(lab, 'north');
  return { failed, serving };
}

/** A mate that was behind when its primary failed lacks what it lacked (LG2): that is not what is looked at here. */
async function mateInStep(lab: LiveLab): Promise<void> {
  const primary = await lab.sites.north.serving('sip-north');
  const said = () =>
    siteLog(lab.folder, 'north').findLast(
      ({ application, what }) => application === primary && what.includes('mate'),
    )?.what;
  await lab.until(IN_STEP_MAX_MS, () => said() === 'mate in step');
  lab.check('mate-in-step', said() === 'mate in step', `${primary} said last: ${said() ?? 'nothing'}`);
}

/** Until a newcomer is answered, at a phone and in the queue, and the first request in a call that stood is. */
async function goesOn(lab: LiveLab, { at }: FailedMember, { agents }: StandingCalls): Promise<void> {
  const times: { -readonly [Key in keyof TakeoverTimes]: TakeoverTimes[Key] } = {
    first_new_call_ms: null,
    first_queue_call_ms: null,
    first_in_dialog_ms: null,
  };
  const [talking, idle] = [true, false].map((talks) =>
    lab.robots.filter(({ name }) => agents.has(name) && lab.watch.callsOf(name).length > 0 === talks),
  ) as [Robot[], Robot[]];
  const called = idle[0]?.options.dn ?? '';
  lab.calls.onAnswered = (answeredAt, { agent, offeredAt, to }) => {
    if (offeredAt < at || !agents.has(agent)) return;
    if (to.startsWith(`sip:${SALES_QUEUE}@`)) times.first_queue_call_ms ??= answeredAt - at;
    else times.first_new_call_ms ??= answeredAt - at;
  };
  lab.watch.onPhone = (robot, fact) => {
    if (fact.name !== 'held' || fact.by !== 'local') return;
    times.first_in_dialog_ms ??= lab.now() - at;
    robot.phoneCommand({ name: 'retrieve', leg: fact.leg });
  };
  const isDone = () => Object.values(times).every((ms) => ms !== null);
  for (let probe = 0; !isDone() && lab.now() < at + GOES_ON_MAX_MS; probe++) {
    if (times.first_new_call_ms === null) lab.callers.call(called, 'north');
    if (probe % PROBES_A_QUEUE_CALL === 0 && times.first_queue_call_ms === null)
      lab.callers.call(SALES_QUEUE, 'north');
    if (times.first_in_dialog_ms === null) talking[probe]?.phoneCommand({ name: 'hold' });
    await lab.until(PROBE_EVERY_MS, isDone);
  }
  lab.measures = { ...lab.measures, takeover: times };
  const { first_new_call_ms, first_queue_call_ms, first_in_dialog_ms } = times;
  lab.check(
    'goes-on',
    isDone(),
    `a new call was answered after ${inMs(first_new_call_ms)}, one to the queue after ${inMs(first_queue_call_ms)}, a request in a call that stood after ${inMs(first_in_dialog_ms)}`,
  );
}

function toldOf(lab: LiveLab, agent: string, since: number): string {
  return decisionsOf(lab, lab.robot(agent), since).map(inWords).join(', ') || 'no decision';
}

function inMs(ms: number | null): string {
  return ms === null ? 'no time' : `${Math.round(ms)} ms`;
}
