/**
 * Why somebody moved: the rule, and the option that governed, as the desk of that family must have read it (ME3). What
 * is expected comes from the waits of the run and the configuration, never from what the desk says.
 */
import { DESK_APPLICATION, thirdPartyName } from '@holdfast/centre';
import type { LabDecision } from '../lab-watch.ts';
import type { LiveLab } from '../live-lab.ts';
import type { Robot } from '../robot.ts';

/** What such a decision must rest on. */
export interface ExpectedReason {
  readonly what: string;
  readonly rule: string;
  /** The time-out of the option; undefined for a rule without one. */
  readonly wait?: 'site' | 'phone';
}

/**
 * Each of these made such a decision since then, and rests it on the option of its family. `or`: what some of them may
 * rest it on instead.
 */
export function decidedBecause(
  lab: LiveLab,
  name: string,
  who: { readonly robots: readonly Robot[]; readonly since: number; readonly at: string },
  expected: ExpectedReason,
  or: (robot: Robot) => ExpectedReason | undefined = () => undefined,
): void {
  const wrong = who.robots.flatMap((robot) => {
    const made = decisionsOf(lab, robot, who.since).filter(({ what }) => what === expected.what);
    const reasons = [expected, or(robot)].filter((reason) => reason !== undefined);
    return made.some((decision) => reasons.some((reason) => rests(lab, robot, who.at, decision, reason)))
      ? []
      : [`${robot.name}: ${made.map(inWords).join('; ') || 'no decision'}`];
  });
  const sorts = new Set(who.robots.map((robot) => optionOf(lab, robot, who.at, expected.wait)));
  lab.check(
    name,
    who.robots.length > 0 && wrong.length === 0,
    wrong.length === 0
      ? `${who.robots.length} by ${expected.rule}${[...sorts].map((option) => (option === undefined ? '' : `, ${option}`)).join('')}`
      : wrong.join('; '),
  );
}

export function decisionsOf(lab: LiveLab, robot: Robot, since: number): LabDecision[] {
  return lab.watch.decisions.filter(({ at, agent }) => at >= since && agent === robot.name);
}

function rests(
  lab: LiveLab,
  robot: Robot,
  at: string,
  { because }: LabDecision,
  { rule, wait }: ExpectedReason,
): boolean {
  const { option } = because;
  const told = option === undefined ? undefined : `${option.name} = ${option.value} of ${option.source}`;
  return because.rule === rule && (wait === undefined || told === optionOf(lab, robot, at, wait));
}

function optionOf(lab: LiveLab, robot: Robot, at: string, wait: ExpectedReason['wait']): string | undefined {
  if (wait === undefined) return undefined;
  const { siteTimeoutS, phoneTimeoutS } = lab.options.times;
  const seconds = wait === 'site' ? siteTimeoutS : phoneTimeoutS;
  const [name, application] =
    robot.options.family === 'agent-desktop'
      ? [wait === 'site' ? 'site-timeout' : 'site-sip-register-timeout', thirdPartyName(at)]
      : [`disaster-recovery.${wait === 'site' ? 'timeout' : 'wait-for-sipphone-timeout'}`, DESK_APPLICATION];
  return `${name} = ${seconds} s of Application/${application}`;
}

export function inWords({ what, because }: LabDecision): string {
  const { rule, text, option } = because;
  return `${what} by ${rule}: ${text}${option === undefined ? '' : ` (${option.name} = ${option.value} of ${option.source})`}`;
}
