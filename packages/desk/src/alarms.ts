/**
 * What whoever watches over the system is told of (S4, DS16): each beginning and end once, to the shell of the desk at
 * once, and to a SIP Server over whichever telephony link stands, now or later.
 */
import type { Because, Millis } from '@holdfast/kernel';
import type { AlarmName, DeskEffect } from './desk-types.ts';
import type { AlarmView } from './desk-view.ts';
import type { TelephonyLink } from './telephony-link.ts';

/** What is said of an alarm; `text` is for the agent. */
export type Told = Pick<Alarm, 'isRaised' | 'because' | 'text'>;

interface Alarm {
  readonly isRaised: boolean;
  readonly because: Because;
  readonly text: string;
  readonly since: Millis;
  /** A SIP Server has confirmed that it knows, or need not know. */
  isReported: boolean;
  /** The connection over which it was told and may still confirm it. */
  sentOver: string | undefined;
}

export class Alarms {
  readonly #emit: (effect: DeskEffect) => void;
  /** One for each name, the last that was said of it. */
  readonly #alarms = new Map<AlarmName, Alarm>();

  constructor(emit: (effect: DeskEffect) => void) {
    this.#emit = emit;
  }

  get raised(): AlarmView[] {
    return [...this.#alarms]
      .filter(([, alarm]) => alarm.isRaised)
      .map(([name, { since, because, text }]) => ({ name, since, because, text }));
  }

  tell(now: Millis, name: AlarmName, told: Told): void {
    const { isRaised, because } = told;
    const former = this.#alarms.get(name);
    if ((former?.isRaised ?? false) === isRaised) return;
    const isKnown = former?.isRaised === true && (former.isReported || former.sentOver !== undefined);
    // An end of what nobody upstream has heard of is no news there.
    this.#alarms.set(name, { ...told, since: now, isReported: !isRaised && !isKnown, sentOver: undefined });
    this.#emit({ type: 'alarm', name, isRaised, because });
  }

  /** Upstream, as far as a telephony link stands; the site of the login is asked first. */
  report(links: Iterable<TelephonyLink>, servingSite: string | undefined): void {
    if ([...this.#alarms.values()].every(({ isReported }) => isReported)) return;
    const standing = [...links].filter(({ link }) => link.isOn);
    const via = standing.find(({ site }) => site === servingSite) ?? standing[0];
    if (via === undefined) return;
    for (const [name, alarm] of this.#alarms) {
      const { isRaised, because, isReported, sentOver } = alarm;
      // What was sent over a connection that is gone may be lost with it, and is told again.
      if (isReported || standing.some(({ link }) => link.connection === sentOver)) continue;
      const { dn } = via;
      if (via.ask({ type: 'ReportAlarm', dn, name, isRaised, because: because.text }))
        alarm.sentOver = via.link.connection;
    }
  }

  /** A SIP Server has confirmed it. */
  reported(name: string, isRaised: boolean): void {
    for (const [one, alarm] of this.#alarms)
      if (one === name && alarm.isRaised === isRaised) alarm.isReported = true;
  }
}
