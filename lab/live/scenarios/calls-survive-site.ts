import { percentiles } from '../../src/ledger.ts';
import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import type { SoundFigures } from '../rtp-stream.ts';
import { heardBetween } from '../sound-account.ts';
import { callersCome, callsAreAnswered, home, SLACK_MS, stayed } from './scenario.ts';
import { calledFullSize, callsStand } from './standing-calls.ts';

/** AD8: of the calls whose two ends the other site can reach, so many are kept. */
const KEPT_MIN = 0.99;
/** Beyond what the options, the phone and the lease allow. */
const CONTROL_MAX_MS = 3_000;
/** ME6: so many calls have sound, where there are as many. */
const WITH_SOUND_MIN = 30;
/** After the takeover, and of the fifty packets of each second so many at least, on a busy machine too. */
const LISTENED_MS = 2_000;
const HEARD_PACKETS_MIN = 50;
const OCCUPANCY_AFTER = 0.3;

/**
 * A site dies while nearly all of its agents talk: each desk logs in at the other site, which takes the call over, and the two
 * people talk on until one of them hangs up (AD1, AD4). Nobody hangs up before: a call whose own people end it while nobody
 * is in control says nothing about ours. Both ends of each call are reached from the other site, because the phone of
 * whoever talks is registered there, or registers there before the desk may log in (DS9).
 */
export async function callsSurviveSite(lab: LiveLab): Promise<void> {
  const { siteTimeoutS, phoneTimeoutS, talkMs } = lab.options.times;
  const movers = lab.robots.filter((robot) => home(robot) === 'north');
  const standing = await callsStand(lab, 'north');
  const talking = movers.filter(({ name }) => lab.watch.callsOf(name).length > 0);
  const since = lab.now();
  const sample = lab.sound.standing();
  lab.kill('north');
  calledFullSize(lab, 'north', standing);
  const patienceMs = 1000 * (siteTimeoutS + phoneTimeoutS) + 2 * SLACK_MS;
  const controlledAt = await underControl(lab, talking, patienceMs);
  // In a call or not: logged in at the other site.
  const isThere = ({ view }: Robot) => view?.site === 'south' && view.state !== 'LoggedOut';
  await lab.until(patienceMs, () => movers.every(isThere));
  const away = movers.filter((robot) => !isThere(robot));
  lab.check(
    'all-logged-in',
    movers.length > 0 && away.length === 0,
    `${movers.length - away.length} of ${movers.length} are logged in at south`,
  );
  controlInTime(lab, { since, talking, controlledAt });
  await soundStands(lab, sample, standing.wanted);
  lab.nobodyHangsUp = false;
  await lab.until(4 * talkMs, () => lab.calls.openSinceFault === 0 && lab.ledger.waiting === 0);
  keptWhereReachable(lab, talking);
  const stayers = lab.robots.filter((robot) => home(robot) !== 'north');
  stayed(lab, 'nobody-else-moved', { robots: stayers, since });
  callersCome(lab, OCCUPANCY_AFTER);
  await callsAreAnswered(lab, 4);
}

/** When the desk of each had the call again, at the other site. */
export async function underControl(
  lab: LiveLab,
  talking: readonly Robot[],
  patienceMs: number,
): Promise<ReadonlyMap<Robot, number>> {
  const controlledAt = new Map<Robot, number>();
  await lab.until(patienceMs, () => {
    for (const robot of talking) {
      const { view } = robot;
      if (!controlledAt.has(robot) && view?.site === 'south' && view.calls.length > 0)
        controlledAt.set(robot, lab.now());
    }
    return controlledAt.size === talking.length;
  });
  return controlledAt;
}

/** AD8: allowed is what the time-out, the phone's registration at the other site and the former lease cost (ME1). */
function controlInTime(
  lab: LiveLab,
  {
    since,
    talking,
    controlledAt,
  }: {
    readonly since: number;
    readonly talking: readonly Robot[];
    readonly controlledAt: ReadonlyMap<Robot, number>;
  },
): void {
  const allowedAt = ({ name }: Robot) =>
    Math.max(
      since + 1000 * lab.options.times.siteTimeoutS,
      lab.watch.phoneAt(name, 'south') ?? since,
      lab.watch.leaseEndAt(name) ?? since,
    );
  const ends = [...controlledAt];
  const afterFault = percentiles(ends.map(([, at]) => at - since));
  const afterAllowed = percentiles(ends.map(([robot, at]) => Math.max(0, at - allowedAt(robot))));
  lab.measures = {
    ...lab.measures,
    control: { calls: ends.length, after_fault_ms: afterFault, after_allowed_ms: afterAllowed },
  };
  lab.check(
    'control-in-time',
    ends.length === talking.length && (afterAllowed?.max ?? Number.POSITIVE_INFINITY) <= CONTROL_MAX_MS,
    `${ends.length} of ${talking.length} desks had their call again, the last ${Math.round(afterAllowed?.max ?? 0)} ms after it was allowed and ${Math.round(afterFault?.max ?? 0)} ms after the fault`,
  );
}

function keptWhereReachable(lab: LiveLab, talking: readonly Robot[]): void {
  const { established, kept, lost, lostBy } = lab.calls.figures();
  const unreachable = talking.filter(({ name }) => lab.watch.phoneAt(name, 'south') === undefined).length;
  const reachable = (established ?? 0) - unreachable;
  lab.check(
    'calls-kept',
    reachable > 0 && (kept ?? 0) >= KEPT_MIN * reachable,
    `of ${established} calls, ${unreachable} with a phone that the other site could not reach, ${kept} were kept and ${lost} lost ${JSON.stringify(lostBy)}`,
  );
}

/** ME6: after the takeover each call of the sample is heard at both ends, as it was before the fault. */
async function soundStands(
  lab: LiveLab,
  sample: ReadonlyMap<string, readonly SoundFigures[]>,
  wanted: number,
): Promise<void> {
  const before = lab.sound.standing();
  await lab.until(LISTENED_MS, () => false);
  const after = lab.sound.standing();
  const heard = heardBetween(sample.keys(), { before, after }, HEARD_PACKETS_MIN);
  const gaps = [...sample.keys()].flatMap((key) => after.get(key)?.map(({ gapMaxMs }) => gapMaxMs) ?? []);
  lab.check(
    'sound-on-a-sample',
    sample.size >= Math.min(wanted, WITH_SOUND_MIN) && heard === sample.size,
    `${heard} of ${sample.size} calls with sound at the fault are heard at both ends after the takeover; the longest gap was ${Math.max(0, ...gaps)} ms`,
  );
}
