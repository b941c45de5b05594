/**
 * A member of the simulated pair: the machine of `continuity` with the shell that it will have. It decides whatever
 * the outside asks of it while it may act, writes its epoch to a disk that takes its time, and keeps the log that its
 * mate's decisions make.
 */
import {
  mayAct,
  mayFollow,
  type PairRole,
  type PairRoleEffect,
  type PairRoleEvent,
  type PairRoleOptions,
  pairRoleDeadline,
  startPairRole,
  stepPairRole,
} from '@holdfast/continuity';
import { type Millis, type Random, unreachable } from '@holdfast/kernel';
import { PlantedPair } from './core-pair-defects.ts';
import {
  ARBITER_PORT,
  CALL_PORT,
  type FromArbiter,
  MATE_PORT,
  type MateMessage,
  type PairDefect,
} from './core-pair-messages.ts';
import type { Address, Process, Program } from './process.ts';

/** What survives the member's process. */
export interface MemberDisk {
  written: number | undefined;
}

export interface PairMemberOptions {
  readonly mate: string;
  readonly arbiter: string;
  readonly role: Partial<PairRoleOptions>;
  readonly disk: MemberDisk;
  readonly random: Random;
  /** A disk that neither fails nor takes long. */
  readonly isDiskSound: boolean;
  readonly defect: PairDefect | undefined;
  /** A decision as primary has been made. */
  decided(epoch: number): void;
  /** An entry of the mate has been taken (true) or refused. */
  followed(epoch: number, taken: boolean): void;
  performed(effect: PairRoleEffect): void;
}

const FSYNC_MAX_MS = 40;
/** A disk that is busy. */
const FSYNC_SLOW_MS = 1_500;
const FSYNC_SLOW_SHARE = 0.05;
const FSYNC_FAILED_SHARE = 0.02;

export class PairMemberProgram implements Program {
  readonly #process: Process;
  readonly #options: PairMemberOptions;
  readonly #planted: PlantedPair;
  readonly #life: string;
  #pair: PairRole;
  #writing: { readonly epoch: number; readonly doneAt: Millis; readonly fails: boolean } | undefined;
  #entries = 0;
  /** The last reading of the clock, for the mistake of reading it too early. */
  #readAt: Millis;

  constructor(process: Process, options: PairMemberOptions, now: Millis) {
    this.#process = process;
    this.#options = options;
    this.#planted = new PlantedPair(options.defect);
    this.#life = lifeOf(process);
    this.#readAt = now;
    process.listenDatagrams(MATE_PORT);
    process.listenDatagrams(ARBITER_PORT);
    process.listenDatagrams(CALL_PORT);
    const { state, effects } = startPairRole(
      {
        name: process.name,
        process: this.#life,
        epochLeast: process.wallMs(),
        written: options.disk.written,
        options: options.role,
      },
      now,
    );
    this.#pair = state;
    this.#perform(effects, now);
  }

  get pair(): PairRole {
    return this.#pair;
  }

  mayAct(now: Millis): boolean {
    return this.#options.defect === 'acts-by-timer' ? this.#pair.told === 'primary' : mayAct(this.#pair, now);
  }

  step(now: Millis, event: PairRoleEvent): void {
    const told = this.#planted.before(this.#pair, event, now);
    const { state, effects } = stepPairRole(told.pair, told.event, told.now);
    const done = this.#planted.after(state, effects, told.now);
    this.#pair = done.pair;
    this.#perform(done.effects, now);
    this.#readAt = now;
  }

  datagram(now: Millis, message: unknown, _source: Address, port: number): void {
    if (port === CALL_PORT) return this.#call(now);
    const at = this.#options.defect === 'now-before-message' ? this.#readAt : now;
    if (port === ARBITER_PORT) {
      const said = message as FromArbiter;
      if (said.type === 'watched') this.step(at, { type: 'keySeen', seen: said.seen });
      else if (said.to === this.#life) this.step(at, { type: 'arbiterAnswer', answer: said.answer });
      return;
    }
    const said = message as MateMessage;
    if (said.type === 'entry') return this.#follow(said.epoch);
    this.step(at, { type: 'message', message: said.message });
  }

  clockJumped(now: Millis): void {
    if (this.#options.defect !== 'sleep-unnoticed') this.step(now, { type: 'clockJumped' });
  }

  nextDeadline(): Millis {
    const due = pairRoleDeadline(this.#pair, this.#process.now());
    return this.#writing === undefined ? due : Math.min(due, this.#writing.doneAt);
  }

  expire(now: Millis): void {
    const writing = this.#writing;
    if (writing !== undefined && now >= writing.doneAt) {
      this.#writing = undefined;
      const { epoch } = writing;
      if (writing.fails) return this.step(now, { type: 'writeFailed', epoch, because: 'the disk is full' });
      this.#options.disk.written = epoch;
      return this.step(now, { type: 'wroteEpoch', epoch });
    }
    this.step(now, { type: 'expire' });
  }

  accepted(): void {}
  opened(): void {}
  message(): void {}
  closed(): void {}
  lookedUp(): void {}

  /** Something that only a primary decides; what it comes to goes to the mate's log. */
  #call(now: Millis): void {
    if (!this.mayAct(now)) return;
    const { role } = this.#pair;
    if (role.name !== 'primary') return;
    this.#options.decided(role.epoch);
    this.#send({ type: 'entry', epoch: role.epoch, number: ++this.#entries });
  }

  #follow(epoch: number): void {
    const taken = this.#options.defect === 'entries-of-any-epoch' || mayFollow(this.#pair, epoch);
    this.#options.followed(epoch, taken);
  }

  #perform(effects: readonly PairRoleEffect[], now: Millis): void {
    for (const effect of effects) {
      this.#options.performed(effect);
      switch (effect.type) {
        case 'sendToMate':
          this.#send({ type: 'pair', message: effect.message });
          break;
        case 'askArbiter':
          this.#process.sendDatagram(
            { from: this.#life, request: effect.request },
            { host: this.#options.arbiter, port: ARBITER_PORT },
            ARBITER_PORT,
          );
          break;
        case 'writeEpoch':
          this.#write(effect.epoch, now);
          break;
        case 'role':
          this.#process.world.note(
            this.#process.name,
            `is ${effect.role} in ${effect.epoch}`,
            effect.because,
          );
          break;
        case 'log':
          this.#process.world.note(this.#process.name, effect.line.what, effect.line.because);
          break;
        default:
          unreachable(effect);
      }
    }
  }

  #write(epoch: number, now: Millis): void {
    const { random, isDiskSound } = this.#options;
    const isSlow = !isDiskSound && random() < FSYNC_SLOW_SHARE;
    const doneAt = now + (isSlow ? FSYNC_SLOW_MS : FSYNC_MAX_MS) * random();
    this.#writing = { epoch, doneAt, fails: !isDiskSound && random() < FSYNC_FAILED_SHARE };
  }

  #send(message: MateMessage): void {
    this.#process.sendDatagram(message, { host: this.#options.mate, port: MATE_PORT }, MATE_PORT);
  }
}

/** Which life of a member this is: what its process id and start time are to a real one. */
export function lifeOf(process: Process): string {
  return `${process.name}#${process.life}`;
}
