/** One desk's decisions in virtual time, for the tests: what two sites say to it, and what it orders. */
import { assert } from '@holdfast/kernel';
import { deskSiteDeadline, startDeskSite, stepDeskSite } from './desk-site.ts';
import type {
  Decision,
  DeskSite,
  DeskSiteEffect,
  DeskSiteEvent,
  DeskSitePolicy,
  LogoutReason,
  SiteTimeouts,
} from './desk-site-types.ts';
import type { LoginEpoch } from './login-lease.ts';

export const by = (name: string, value: unknown) => ({ name, value: String(value), source: 'test' });
export function timeouts(changes: Partial<SiteTimeouts> = {}): DeskSitePolicy['timeouts'] {
  const both: SiteTimeouts = {
    siteTimeoutMs: { value: 60_000, option: by('disaster-recovery.timeout', 60) },
    phoneTimeoutMs: { value: 30_000, option: by('disaster-recovery.wait-for-sipphone-timeout', 30) },
    ...changes,
  };
  return { north: both, south: both };
}
export const POLICY: DeskSitePolicy = {
  enabled: { value: true, option: by('disaster-recovery.enabled', true) },
  preferredSite: 'north',
  peerSite: 'south',
  timeouts: timeouts(),
  autoRestore: { value: true, option: by('disaster-recovery.auto-restore', true) },
  damping: {
    steadyMs: { value: 0, option: by('return-steady-time', 0) },
    halfLifeMs: { value: 0, option: by('return-half-life', 0) },
    lossesMax: { value: 1, option: by('return-losses-max', 1) },
  },
  loginAnswerMaxMs: 3_000,
  refusedPauseMs: 1_000,
};
export const LENGTH = 8_000;
export const WALL = 1_000_000;
export const NEVER = { value: 'never', option: by('time-out', 'never') } as const;

/** One desk and what two sites say to it, in virtual time: `at` runs every deadline up to that instant. */
export class Scene {
  desk: DeskSite;
  now = 0;
  /** Sites that say at each connection that they are shutting down. */
  readonly closing = new Set<string>();
  /** Sites that say that they put log-ins to the other one. */
  readonly asking = new Set<string>();
  /** The parts of their windows that the desk has drawn. */
  readonly slots = new Map<string, number>();
  readonly effects: (DeskSiteEffect & { at: number })[] = [];
  #stamps = 0;
  #epochs: Record<string, number> = { north: 1, south: 1 };

  constructor(policy: Partial<DeskSitePolicy> = {}, firstLogin: 'wait' | 'nothingBefore' = 'nothingBefore') {
    const start = {
      policy: { ...POLICY, ...policy },
      desk: 'd1',
      wallOffsetMs: WALL,
      epochHighest: 0,
      firstLogin,
    };
    this.desk = startDeskSite(start, 0);
  }

  tell(event: DeskSiteEvent): this {
    const { state, effects } = stepDeskSite(this.desk, event, this.now);
    this.desk = state;
    this.effects.push(...effects.map((effect) => ({ ...effect, at: this.now })));
    return this;
  }

  at(now: number): this {
    for (
      let due = deskSiteDeadline(this.desk);
      due !== undefined && due <= now;
      due = deskSiteDeadline(this.desk)
    ) {
      assert(due >= this.now, 'a deadline lies in the past');
      this.now = due;
      this.tell({ type: 'expire' });
    }
    this.now = now;
    return this;
  }

  on(site: string, phoneInService = true, held?: LoginEpoch, isLive = true): this {
    const pairEpoch = this.#epochs[site] ?? 1;
    const login = held && { epoch: held, isLive };
    const isClosing = this.closing.has(site);
    const returnSlotMs = this.slots.get(site) ?? 0;
    const found = { phoneInService, isClosing, login, peerAsked: this.asking.has(site), returnSlotMs };
    const leaseSource = `Application/sip-${site}`;
    this.tell({ type: 'telephonyOn', site, pairEpoch, leaseLengthMs: LENGTH, leaseSource, ...found });
    return this.stamp(site);
  }

  off(site: string): this {
    return this.tell({ type: 'telephonyOff', site, since: this.now });
  }

  /** The site has lost its memory: its next connection is of a new pair epoch. */
  restart(site: string): this {
    this.#epochs[site] = (this.#epochs[site] ?? 1) + 1;
    return this;
  }

  stamp(site: string): this {
    const stamp = { pairEpoch: this.#epochs[site] ?? 1, number: ++this.#stamps, at: 0 };
    return this.tell({ type: 'stamp', site, stamp });
  }

  phone(site: string, inService: boolean): this {
    return this.tell({ type: 'phone', site, inService });
  }

  /** The site admits the log-in that was sent last. */
  admit(isConfirmed = false): this {
    const login = this.logins().at(-1);
    if (login === undefined) throw new Error('no log-in was sent');
    return this.tell({ type: 'loggedIn', site: login.site, epoch: login.epoch, isConfirmed });
  }

  loggedOut(site: string, reason: LogoutReason, pairEpoch = this.#epochs[site] ?? 1): this {
    return this.tell({ type: 'loggedOut', site, pairEpoch, reason, text: reason });
  }

  refuse(refusal: Extract<DeskSiteEvent, { type: 'loginRefused' }>['refusal']): this {
    const login = this.logins().at(-1);
    if (login === undefined) throw new Error('no log-in was sent');
    return this.tell({ type: 'loginRefused', site: login.site, epoch: login.epoch, refusal });
  }

  logins() {
    return this.effects.filter((effect) => effect.type === 'logIn');
  }

  decisions(what?: Decision) {
    const all = this.effects.filter((effect) => effect.type === 'decide');
    return what === undefined ? all : all.filter((effect) => effect.what === what);
  }

  answers(site: string) {
    return this.effects.filter((effect) => effect.type === 'answerStamp' && effect.site === site).length;
  }

  get stands(): string {
    const { situation } = this.desk;
    return 'site' in situation ? `${situation.name} ${situation.site}` : situation.name;
  }
}

/** Working at north; south is connected, with or without the phone. */
export function working(policy: Partial<DeskSitePolicy> = {}, phoneAtSouth = true): Scene {
  const scene = new Scene(policy).on('north').on('south', phoneAtSouth).tell({ type: 'logIn' }).admit();
  assert(scene.stands === 'serving north', `it stands ${scene.stands}`);
  return scene;
}

/** Working at south after the loss of north. */
export function moved(policy: Partial<DeskSitePolicy> = {}): Scene {
  const scene = working(policy).off('north').at(60_000).admit();
  assert(scene.stands === 'serving south', `it stands ${scene.stands}`);
  return scene;
}
