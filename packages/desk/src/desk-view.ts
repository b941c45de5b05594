/**
 * What the agent sees. Plain data, drawn anew after each input; instants are the desk's own clock, so that whoever
 * shows them can count down without asking.
 */
import type { GoverningOption, LinkMove, RunningWait } from '@holdfast/continuity';
import type { Because, Millis } from '@holdfast/kernel';
import type {
  AgentStateName,
  AgentStatus,
  CallOnDN,
  DeskConfiguration,
  Reasons,
  WorkMode,
} from '@holdfast/protocol';
import type { AlarmName, LinkKind } from './desk-types.ts';

export interface LinkView {
  readonly kind: LinkKind;
  /** Telephony has one link to each site; the others stand at one site at a time. Empty before that is known. */
  readonly site: string;
  readonly state: 'on' | 'off' | 'connecting';
  readonly health: 'green' | 'yellow' | 'red';
  /** Since when in this state. */
  readonly since: Millis;
  /** DS7: telephony to the site with which the desk does not work now; shown, and attended to by no listener (DS17). */
  readonly isBasic: boolean;
  /** DS16: where the link goes by itself, while the time for it is running; never of telephony. */
  readonly move: LinkMove | null;
}

export interface CallView extends CallOnDN {
  readonly site: string;
  readonly since: Millis;
}

/** A time that runs, with what it is for in a few words. */
export interface WaitView extends RunningWait {
  readonly what: string;
}

/** The option that governs where the agent goes next: name, value, and in `source` the object that sets it. */
export interface GoverningView extends GoverningOption {
  /** The site for which it is set. */
  readonly site: string;
  /** In a few words for people. */
  readonly waitsFor: string;
  /** While its time is running: since when, and when it will have passed. */
  readonly from: Millis | null;
  readonly until: Millis | null;
}

export interface QueueView {
  /** `number@switch`. */
  readonly name: string;
  readonly callsWaiting: number;
  /** Since when the caller who has waited longest waits; null while nobody does. */
  readonly longestWaitFrom: Millis | null;
  readonly agentsLoggedIn: number;
  readonly agentsReady: number;
}

/** What the Stat Server of one site tells. */
export interface StatisticsView {
  readonly site: string;
  /** Since when the figures are no longer of now; null while they are current. */
  readonly staleSince: Millis | null;
  /** This agent, as that site sees them; null until told. */
  readonly agent: { readonly status: AgentStatus; readonly since: Millis | null } | null;
  readonly queues: readonly QueueView[];
}

export interface AlarmView {
  readonly name: AlarmName;
  readonly since: Millis;
  readonly because: Because;
  /** For the agent. */
  readonly text: string;
}

export interface DeskView {
  readonly user: string;
  readonly person: string | null;
  /** DS21: where the agent sits, by its name at the site where the agent works; empty until somebody has told. */
  readonly place: string;
  /** Whose options it follows (DS1); null before it is configured. */
  readonly family: DeskConfiguration['family'] | null;
  /** As the site of the login reports it; LoggedOut while there is no login that works. */
  readonly state: AgentStateName;
  readonly workMode: WorkMode;
  readonly reasons: Reasons;
  /** Since when in this state. */
  readonly since: Millis;
  /** Site of the login; null while there is none that works. */
  readonly site: string | null;
  /** What the agent is told now; empty when all is well. */
  readonly banner: string;
  /** The last request that was refused, with the remedy. */
  readonly notice: string | null;
  /** DS23: the desk waits for a new one (`setPassword`). */
  readonly isPasswordExpired: boolean;
  /** What endangers this agent's own move or work, each once: from the configuration (DS22) and of lost links (DS16). */
  readonly warnings: readonly string[];
  /** What the administrator has to mend, each with object, reason and remedy: what is behind the warnings of the configuration. */
  readonly problems: readonly string[];
  readonly because: Because | null;
  readonly wait: WaitView | null;
  readonly governing: GoverningView | null;
  /** The state that will be put back later is held back (DS13, DS14). */
  readonly isStateHeldBack: boolean;
  /** LL8. */
  readonly isUnconfirmed: boolean;
  readonly links: readonly LinkView[];
  /** Null where the configuration names no Stat Server, and before it is known. */
  readonly statistics: StatisticsView | null;
  readonly alarms: readonly AlarmView[];
  /** Sites that have the agent's phone in service. */
  readonly phoneAt: readonly string[];
  readonly calls: readonly CallView[];
  /** Open interaction windows. */
  readonly windows: readonly string[];
}
