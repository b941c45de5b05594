/**
 * What was answered to requests that have done something, so that one which a client repeats after a takeover, because
 * it never heard the answer, is answered from here and not done again (LG3). Each answer is a record beside what the
 * request has changed: the mate has both or neither.
 *
 *     MakeCall 7 ──done──▶ answer/7 … ──connection lost──▶ MakeCall 7 again ──▶ the same answer
 *
 * A request is the same one when session, number and content are. It counts as repeated only on a later connection
 * than the one over which it was asked, and on each later one again, for that may be lost with the answer too; but once on
 * each: on one connection whoever uses a number twice asks twice.
 */
import { fromRecord, type HeldRecord, hashOf, type Millis, type Plain, toRecord } from '@holdfast/kernel';
import type { DeskReply, DeskRequest } from '@holdfast/protocol';

/** Answers of one session; the oldest is forgotten first. A client repeats what it has just asked. */
export const ANSWERS_MAX = 16;

/** Who has asked for what: opaque to the centre and to calls, and the same at every server of the site. */
export type Asker = string;

interface Answer {
  /** Of the request, as text. */
  readonly hash: string;
  readonly reply: DeskReply;
}

export function askerOf(session: string, request: DeskRequest): Asker {
  return `${hashOf(JSON.stringify(request)).toString(36)} ${session}`;
}

export function sessionOf(asker: Asker): string {
  return asker.slice(asker.indexOf(' ') + 1);
}

export class Answers {
  readonly #answers = new Map<string, Map<number, Answer>>();
  /**
   * Names of those that may be asked for on the connection that the client has now; no part of the record, for each
   * server sees its own connections.
   */
  readonly #former = new Set<string>();
  /** Names of records that are not as they were when the changes were last taken. */
  readonly #changed = new Set<string>();

  get size(): number {
    let all = 0;
    for (const ofSession of this.#answers.values()) all += ofSession.size;
    return all;
  }

  keep(asker: Asker, number: number, reply: DeskReply): void {
    const session = sessionOf(asker);
    const answers = this.#of(session);
    const hash = asker.slice(0, asker.indexOf(' '));
    this.#drop(session, answers, number);
    const [oldest] = answers.keys();
    if (answers.size >= ANSWERS_MAX && oldest !== undefined) this.#drop(session, answers, oldest);
    answers.set(number, { hash, reply });
    this.#changed.add(nameOf(session, number));
  }

  /** The client has a new connection: what it asks now it may have asked before. */
  cameBack(session: string): void {
    for (const number of this.#answers.get(session)?.keys() ?? []) this.#former.add(nameOf(session, number));
  }

  /** It begins anew, and so may its numbers. */
  forget(session: string): void {
    const answers = this.#answers.get(session);
    for (const number of [...(answers?.keys() ?? [])]) this.#drop(session, answers, number);
    this.#answers.delete(session);
  }

  has(session: string, number: number): boolean {
    return this.#answers.get(session)?.has(number) === true;
  }

  /** The answer that this request has had already; once on each connection, and it stays for the next. */
  again(asker: Asker, number: number): DeskReply | undefined {
    const session = sessionOf(asker);
    const answer = this.#answers.get(session)?.get(number);
    if (answer === undefined || !asker.startsWith(`${answer.hash} `)) return undefined;
    return this.#former.delete(nameOf(session, number)) ? answer.reply : undefined;
  }

  #of(session: string): Map<number, Answer> {
    const answers = this.#answers.get(session) ?? new Map<number, Answer>();
    this.#answers.set(session, answers);
    return answers;
  }

  #drop(session: string, answers: Map<number, Answer> | undefined, number: number): void {
    if (answers?.delete(number) !== true) return;
    this.#former.delete(nameOf(session, number));
    this.#changed.add(nameOf(session, number));
  }

  // ── records ────────────────────────────────────────────────────────────────────────────────────────────────────

  takeChanges(): readonly string[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  *keys(): Generator<string> {
    for (const [session, answers] of this.#answers)
      for (const number of answers.keys()) yield nameOf(session, number);
  }

  record(name: string, now: Millis): Plain | undefined {
    const { session, number } = parted(name);
    const answer = this.#answers.get(session)?.get(number);
    return answer && toRecord(answer, now);
  }

  load(name: string, { value, heldAt }: HeldRecord): void {
    const { session, number } = parted(name);
    this.#of(session).set(number, fromRecord<Answer>(value, heldAt));
  }
}

function nameOf(session: string, number: number): string {
  return `${number} ${session}`;
}

function parted(name: string): { readonly session: string; readonly number: number } {
  const at = name.indexOf(' ');
  return { number: Number(name.slice(0, at)), session: name.slice(at + 1) };
}
