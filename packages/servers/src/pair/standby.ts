/**
 * A member of a pair while it does not serve: it holds the records of its primary (LG1) and of the other site (SS54),
 * thinks nothing about either, and tells its primary whether it could take over (HR2).
 */
import { mayFollow, type PairMessage, type PairRole } from '@holdfast/continuity';
import type { LogLine, Millis } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { Readiness } from '../health/server-report.ts';
import { Following, type LogMessage } from '../mirror/following.ts';
import { withoutFigures } from './pair-report.ts';
import { StandbyPeer, type StandbyPeerPorts } from './standby-peer.ts';

export interface StandbyPorts extends StandbyPeerPorts {
  toMate(message: MirrorMessage): void;
  log(line: Omit<LogLine, 'site'>): void;
}

export class Standby {
  readonly #ports: StandbyPorts;
  /** The primary of this pair. */
  readonly primary = new Following();
  readonly peer: StandbyPeer;
  /** The epoch whose primary was asked for its log on this link. */
  #followed: number | undefined;
  /** HR2: what it has told its primary on this link. */
  #told: string | undefined;

  constructor(ports: StandbyPorts) {
    this.#ports = ports;
    this.peer = new StandbyPeer(ports);
  }

  mateLinked(): void {
    this.#told = undefined;
    this.primary.linked();
    this.#followed = undefined;
  }

  /** A late entry of a former primary changes nothing (PR9). */
  hear(now: Millis, message: LogMessage, pair: PairRole): void {
    const isLate = !mayFollow(pair, message.epoch);
    const { replies, line } = isLate
      ? this.primary.refuseLate(message.epoch, pair.highest)
      : this.primary.hear(now, message);
    if (!isLate) for (const reply of replies) this.#ports.toMate(reply);
    if (line !== undefined) this.#ports.log(line);
  }

  /** Whoever asks to be confirmed is primary: its log is followed from then on. */
  followPrimary(message: PairMessage, pair: PairRole): void {
    if (message.type !== 'confirm' || message.epoch === this.#followed) return;
    if (!mayFollow(pair, message.epoch)) return;
    this.#followed = message.epoch;
    this.#ports.toMate(this.primary.ask());
  }

  /** OP1: a role that is offered is taken when all that belongs to it has come, or not: until then it was not offered. */
  offeredWhole(message: PairMessage): PairMessage {
    if (message.type !== 'confirm' || !message.yields) return message;
    const { isComplete, epoch } = this.primary.store;
    return isComplete && epoch === message.epoch ? message : { ...message, yields: false };
  }

  /** HR2: at each change. A standby that says nothing counts as not ready; undefined: it is none, or has no link. */
  tell(readiness: Readiness | undefined): void {
    if (readiness === undefined) {
      this.#told = undefined;
      return;
    }
    const because = readiness.ok ? undefined : withoutFigures(readiness.because);
    if (this.#told === (because ?? '')) return;
    this.#told = because ?? '';
    this.#ports.toMate({
      type: 'standing',
      isReady: readiness.ok,
      ...(because !== undefined && { because }),
    });
  }
}
