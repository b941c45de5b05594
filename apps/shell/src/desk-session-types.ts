/** What whoever runs a desk gives it, hears of it and can do with it. */
import type {
  Bootstrap,
  CallView,
  DeskCommand,
  DeskEffect,
  DeskView,
  Endpoint,
  LinkReply,
  LinkRequest,
  LinkView,
  SeatToday,
} from '@holdfast/desk';
import type { LogLine, Random } from '@holdfast/kernel';
import type { EventMessage, LoginEpoch } from '@holdfast/protocol';
import type { ProcessClock } from './clock.ts';

type Told<Type extends DeskEffect['type']> = Omit<Extract<DeskEffect, { type: Type }>, 'type'>;

/** Each is called within the desk's turn: commands that it gives are taken in afterwards. */
export interface DeskListeners {
  /** What the agent sees, each time that something in it changes. */
  view?(view: DeskView, before: DeskView | undefined): void;
  /**
   * S4: the link to configuration, to statistics, or to telephony at the site with which the desk works has another
   * state, or is to another site.
   */
  link?(link: LinkView): void;
  /** T-Library: the session with the SIP Server of that site stands, or its connection is lost; also at a takeover in a pair. */
  session?(event: Told<'session'>): void;
  /** S4: an event of the agent's DN at the site with which the desk works, as its SIP Server has sent it. */
  dn?(event: EventMessage, kind: { readonly site: string }): void;
  /** The calls on the agent's DNs, when they have changed. */
  calls?(calls: readonly CallView[]): void;
  decision?(decision: Told<'decision'>): void;
  alarm?(alarm: Told<'alarm'>): void;
  fact?(fact: Told<'fact'>): void;
  /** The agent answers: only the phone can do it. */
  answerPhone?(ConnID: string): void;
  /** DS18, for a phone that is part of the program. */
  restartPhone?(order: Told<'restartPhone'>): void;
  phoneSettings?(settings: Told<'phoneSettings'>): void;
  log?(line: LogLine): void;
}

/** Where a desk keeps what has to outlive it. */
export interface DeskMemory {
  /** The highest login epoch that was ever stored, 0 for none. */
  readonly epochStored: number;
  /** LL7: is stored when this returns. */
  storeLogin(site: string, epoch: LoginEpoch): void;
  storeBootstrap(bootstrap: Bootstrap): void;
}

/** For whoever measures or disturbs what goes between a desk and its servers. */
export interface DeskTap {
  /** Where to connect in order to reach that server. */
  through?(server: Endpoint): Endpoint;
  received?(connection: string, server: Endpoint, message: LinkReply): void;
  sent?(connection: string, server: Endpoint, message: LinkRequest): void;
  closed?(connection: string): void;
}

export interface DeskSessionOptions {
  readonly user: string;
  readonly password: string;
  readonly place?: SeatToday;
  readonly bootstrap: Bootstrap;
  /** The file, where that is its renewed copy (DS20). */
  readonly delivered?: Bootstrap;
  /** Unlike that of any other run of any desk (LL7). */
  readonly desk: string;
  readonly firstLogin: 'wait' | 'nothingBefore';
  readonly addpTimeoutMs: number;
  readonly memory: DeskMemory;
  readonly listeners: DeskListeners;
  readonly clock: ProcessClock;
  readonly random: Random;
  readonly tap?: DeskTap;
}

export interface DeskSession {
  /** Undefined before the first one is drawn. */
  readonly view: DeskView | undefined;
  command(command: DeskCommand): void;
  /**
   * Logs the agent out and closes the connections in order; those that do not close in time are cut. Listeners hear
   * nothing of it: whoever asks for it knows.
   */
  stop(): Promise<void>;
  /** Cuts the connections and says nothing to anybody, as if the process had died. */
  cut(): void;
}
