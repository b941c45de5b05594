/** What every step of a leg is given beside it: one object, brought up to date for each step. */
import type { Millis } from '@holdfast/kernel';
import type { Surroundings } from '../dialog/leg.ts';
import { type SessionTimerOptions, TIMER } from '../dialog/session-timer.ts';
import { headerField } from '../message/header-names.ts';
import type { HeaderField } from '../message/message.ts';
import { timerValues } from '../transaction/timers.ts';
import { ALLOW_DEFAULT, type UserAgentOptions } from './user-agent-options.ts';

/** Option tags that we understand, and the field that says so. */
interface Known {
  readonly tags: readonly string[];
  readonly supported: HeaderField;
}

export class OwnSurroundings {
  readonly #options: UserAgentOptions;
  /** Session timers may be switched on and off while calls stand. */
  readonly #known: { readonly timed: Known; readonly untimed: Known };
  readonly #current: { -readonly [Key in keyof Surroundings]: Surroundings[Key] };

  constructor(options: UserAgentOptions) {
    this.#options = options;
    const tags = ['100rel', ...(options.extensions ?? [])];
    this.#known = { timed: known([...tags, TIMER]), untimed: known(tags) };
    const { T1, T2, giveUp } = timerValues(options.timers);
    this.#current = {
      ...{ now: 0, random: options.random, T1, T2, giveUp },
      allow: headerField('Allow', (options.allow ?? ALLOW_DEFAULT).join(', ')),
      supported: this.#known.untimed.supported,
      sessionTimer: undefined,
      out: [],
    };
  }

  at(now: Millis): Surroundings {
    const sessionTimer = this.sessionTimer;
    this.#current.now = now;
    this.#current.sessionTimer = sessionTimer;
    this.#current.supported = this.#knownWith(sessionTimer).supported;
    return this.#current;
  }

  get sessionTimer(): SessionTimerOptions | undefined {
    return this.#options.sessionTimer?.();
  }

  /** What an INVITE may require of us. */
  get tags(): readonly string[] {
    return this.#knownWith(this.sessionTimer).tags;
  }

  get giveUp(): Millis {
    return this.#current.giveUp;
  }

  get out(): Surroundings['out'] {
    return this.#current.out;
  }

  #knownWith(sessionTimer: SessionTimerOptions | undefined): Known {
    return sessionTimer === undefined ? this.#known.untimed : this.#known.timed;
  }
}

function known(tags: readonly string[]): Known {
  return { tags, supported: headerField('Supported', tags.join(', ')) };
}
