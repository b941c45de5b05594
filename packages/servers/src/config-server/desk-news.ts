/**
 * Desks are told when their configuration is another (CS17): not at their next log-in, but as soon as it is. Whoever a
 * revision may concern is worked out anew and told if there is a difference.
 *
 *     revision ──▶ who is concerned ──▶ open ──▶ so many now, the others by turns ──▶ DeskConfiguration
 *
 * A turn is short, so that log-ins and polls of two thousand clients are answered between two of them; a revision that
 * comes meanwhile is waited for by nobody, because each desk is worked out from what holds when its turn comes.
 */
import { type Changes, type Configuration, deskConfiguration } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { ConfigReply, DeskConfiguration } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import { concernOf, type DeskAtWork, isConcerned } from './desk-concern.ts';

/** Desks that are worked out in one turn. */
export const DESKS_A_TURN = 64;
/** From one turn to the next; 2,000 desks are told within half a second and what the work itself takes. */
export const TURN_PAUSE_MS = 10;

export interface DeskNewsPorts {
  send(connection: string, message: ConfigReply): void;
  /** So many desks of a turn go on with what they have, because nothing can be worked out for them; of the first, why. */
  notMade(because: string, desks: number): void;
}

interface Told extends DeskAtWork {
  /** Of the configuration that it was told last. */
  digest: string;
}

export class DeskNews {
  readonly #hashes: Pick<Hashes, 'sha256'>;
  readonly #ports: DeskNewsPorts;
  /** By connection; as many as are logged in. */
  readonly #desks = new Map<string, Told>();
  /** Connections whose turn will come, in that order. */
  readonly #open = new Set<string>();
  #turnAt: Millis | undefined;

  constructor(hashes: Pick<Hashes, 'sha256'>, ports: DeskNewsPorts) {
    this.#hashes = hashes;
    this.#ports = ports;
  }

  /** It is being told this, by the answer to its log-in. */
  entered(connection: string, desk: DeskAtWork, configuration: DeskConfiguration): void {
    this.#desks.set(connection, { ...desk, digest: this.#digestOf(configuration) });
    this.#open.delete(connection);
  }

  left(connection: string): void {
    this.#desks.delete(connection);
    this.#open.delete(connection);
  }

  changed(now: Millis, before: Configuration, after: Configuration, changes: Changes): void {
    const concern = concernOf(before, after, changes);
    for (const [connection, desk] of this.#desks)
      if (isConcerned(concern, desk, after)) this.#open.add(connection);
    // However fast revisions follow each other, turns keep their pace.
    if (this.#turnAt === undefined || now >= this.#turnAt) this.#turn(now, after);
  }

  nextDeadline(): Millis | undefined {
    return this.#turnAt;
  }

  expire(now: Millis, configuration: Configuration): void {
    if (this.#turnAt !== undefined && now >= this.#turnAt) this.#turn(now, configuration);
  }

  #turn(now: Millis, configuration: Configuration): void {
    const turn = [...this.#open].slice(0, DESKS_A_TURN);
    const failures: string[] = [];
    for (const connection of turn) {
      this.#open.delete(connection);
      const failure = this.#tell(connection, configuration);
      if (failure !== undefined) failures.push(failure);
    }
    const [first] = failures;
    if (first !== undefined) this.#ports.notMade(first, failures.length);
    // Also after the last: the next revision keeps its distance.
    this.#turnAt = turn.length === 0 ? undefined : now + TURN_PAUSE_MS;
  }

  /** Why it was not told anything, where that is not because nothing has changed for it. */
  #tell(connection: string, configuration: Configuration): string | undefined {
    const desk = this.#desks.get(connection);
    const person = configuration.get('Person', desk?.person ?? '');
    const application = configuration.get('Application', desk?.application ?? '');
    if (desk === undefined || person === undefined) return undefined;
    if (application === undefined) return `There is no Application "${desk.application}" any more.`;
    const answer = deskConfiguration(configuration, { person, application, places: desk.places });
    if (!answer.ok) return answer.text;
    const digest = this.#digestOf(answer.configuration);
    if (digest === desk.digest) return undefined;
    desk.digest = digest;
    const { revision } = configuration;
    this.#ports.send(connection, {
      type: 'DeskConfiguration',
      revision,
      configuration: answer.configuration,
    });
    return undefined;
  }

  /** It is made in one way, so that alike ones have one text. */
  #digestOf(configuration: DeskConfiguration): string {
    return this.#hashes.sha256(JSON.stringify(configuration));
  }
}
