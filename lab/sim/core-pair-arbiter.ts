/**
 * The arbiter of the simulated pair: one key with a compare-and-set, on a disk that outlives it. Its revisions grow
 * for ever (as those of etcd) or begin again with each of its lives (as those of the supervisor, PR7).
 */
import { type ArbiterAnswer, compareRevisions, type KeySeen, type Revision } from '@holdfast/continuity';
import { ARBITER_PORT, type FromArbiter, type PairDefect, type ToArbiter } from './core-pair-messages.ts';
import type { Address, Process, Program } from './process.ts';

/** What survives the arbiter's process. */
export interface ArbiterDisk {
  seen: KeySeen;
  starts: number;
}

export interface PairArbiterOptions {
  readonly disk: ArbiterDisk;
  /** PR7: its revisions begin again, under a higher start, with each life. */
  readonly isSupervisor: boolean;
  /** The hosts of members that are told of changes without asking. */
  readonly watchers: readonly string[];
  readonly defect: PairDefect | undefined;
}

export class PairArbiter implements Program {
  readonly #process: Process;
  readonly #options: PairArbiterOptions;

  constructor(process: Process, options: PairArbiterOptions) {
    this.#process = process;
    this.#options = options;
    const { disk, isSupervisor } = options;
    disk.starts++;
    if (isSupervisor) disk.seen = { ...disk.seen, revision: { start: disk.starts, count: 0 } };
    process.listenDatagrams(ARBITER_PORT);
  }

  datagram(_now: number, message: unknown, source: Address): void {
    const { from, request } = message as ToArbiter;
    const answer = this.#answer(request);
    const reply: FromArbiter = { type: 'answer', to: from, answer };
    this.#process.sendDatagram(reply, source, ARBITER_PORT);
    if (answer.type !== 'swapped') return;
    for (const host of this.#options.watchers) {
      const watched: FromArbiter = { type: 'watched', seen: answer.seen };
      this.#process.sendDatagram(watched, { host, port: ARBITER_PORT }, ARBITER_PORT);
    }
  }

  #answer(request: ToArbiter['request']): ArbiterAnswer {
    const { disk, defect } = this.#options;
    const { n } = request;
    if (request.type === 'read') return { type: 'stands', n, seen: disk.seen };
    const { revision } = disk.seen;
    if (compareRevisions(revision, request.ifRevision) !== 0 && defect !== 'no-compare-and-set')
      return { type: 'not-swapped', n, seen: disk.seen };
    const next: Revision = { start: revision.start, count: revision.count + 1 };
    disk.seen = { revision: next, key: request.key };
    return { type: 'swapped', n, seen: disk.seen };
  }

  nextDeadline(): undefined {
    return undefined;
  }
  expire(): void {}
  accepted(): void {}
  opened(): void {}
  message(): void {}
  closed(): void {}
  lookedUp(): void {}
  clockJumped(): void {}
}
