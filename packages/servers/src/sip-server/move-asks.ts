/**
 * SS44: somebody asks a desk to move, through this site. The desk decides; what it answers goes back to whoever has
 * asked, so that nobody has to guess why an agent stays. Of several desks that may be meant one is enough to accept.
 */
import type { Millis } from '@holdfast/kernel';
import type { DeskRequest } from '@holdfast/protocol';
import { askerOf } from './answers.ts';
import type { Client, Clients } from './clients.ts';

type Ask = Extract<DeskRequest, { type: 'AskToMove' }>;
type Answer = Extract<DeskRequest, { type: 'MoveAnswer' }>;

/** A desk answers in the turn in which it hears; one that has not by then has lost its connection, or is none. */
export const MOVE_ANSWER_MAX_MS = 1_500;
/** That wait for an answer; one more is refused as overloaded. A person asks for a handful at once. */
export const MOVE_ASKS_MAX = 256;
/** Desks that one DN can mean while nobody is logged in on it: a few people share a seat. */
export const DESKS_ASKED_MAX = 16;

interface Pending {
  readonly asker: Client;
  readonly request: Ask;
  readonly until: Millis;
  /** Connections that have not answered yet. */
  readonly waiting: Set<string>;
  /** The first that did not accept. */
  declined: Answer | undefined;
}

export class MoveAsks {
  readonly #clients: Clients;
  /** In the order in which they end. */
  readonly #pending = new Map<number, Pending>();
  #asks = 0;

  constructor(clients: Clients) {
    this.#clients = clients;
  }

  /** False when too many wait already. */
  ask(now: Millis, asker: Client, request: Ask, desks: readonly Client[], by: string): boolean {
    if (this.#pending.size >= MOVE_ASKS_MAX) return false;
    const ask = ++this.#asks;
    const connections = desks.slice(0, DESKS_ASKED_MAX).map(({ connection }) => connection);
    const waiting = new Set(connections);
    const until = now + MOVE_ANSWER_MAX_MS;
    this.#pending.set(ask, { asker, request, until, waiting, declined: undefined });
    const { dn, to } = request;
    for (const connection of connections)
      this.#clients.send(connection, { type: 'MoveAsked', ask, dn, to, by });
    return true;
  }

  /** An answer counts once, and only of a desk that was asked. */
  answered(desk: Client, answer: Answer): void {
    const pending = this.#pending.get(answer.ask);
    if (pending?.waiting.delete(desk.connection) !== true) return;
    if (answer.outcome !== 'accepted') {
      pending.declined ??= answer;
      if (pending.waiting.size > 0) return;
      return this.#end(answer.ask, pending);
    }
    this.#pending.delete(answer.ask);
    const { asker, request } = pending;
    const done = { type: 'Done', ReferenceID: request.ReferenceID } as const;
    this.#clients.answer(askerOf(asker.session.key, request), done);
  }

  nextDeadline(): Millis | undefined {
    const [first] = this.#pending.values();
    return first?.until;
  }

  expire(now: Millis): void {
    for (const [ask, pending] of this.#pending) {
      if (pending.until > now) return;
      this.#end(ask, pending);
    }
  }

  /** Nobody accepts. */
  #end(ask: number, { asker, request, declined }: Pending): void {
    this.#pending.delete(ask);
    const { ReferenceID, dn } = request;
    if (declined === undefined) {
      const text = `No desk on DN ${dn} has answered within ${MOVE_ANSWER_MAX_MS} ms. Ask again after a pause.`;
      return this.#clients.refuse(asker.connection, ReferenceID, 'timeout', { text });
    }
    const code = declined.outcome === 'declined' ? 'declined' : 'not-logged-in';
    this.#clients.refuse(asker.connection, ReferenceID, code, { text: declined.text });
  }
}
