/**
 * Somebody with rights at one site: the administrator who shuts it down gracefully and takes that back (SS40), and
 * who logs agents out or asks desks to move while at it. What is asked is repeated over one connection after the
 * other until the site has answered; what can wait no longer is dropped.
 */
import { ADMINISTRATOR } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import { type DeskReply, type DeskRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import type { Address, Process, Program } from './process.ts';
import type { StreamEnd } from './stream.ts';
import { writeToken } from './whole-servers.ts';

type WithoutReference<Request> = Request extends unknown ? Omit<Request, 'ReferenceID'> : never;
export type OperatorRequest = WithoutReference<
  Extract<DeskRequest, { type: 'AgentLogout' | 'GracefulShutdown' | 'AskToMove' }>
>;

interface Errand {
  readonly referenceId: number;
  readonly request: OperatorRequest;
  /** Asked for in vain until then, it is given up. */
  readonly until: Millis;
}

const RETRY_MS = 1_000;
/** A connection over which an errand has got no answer for so long is given up: the server may be stopped. */
const ATTEMPT_MAX_MS = 5_000;
const ADDP_TIMEOUT_MS = 5_000;
/** One person asks for a handful of things in the life of a world. */
const ERRANDS_MAX = 64;

export class OperatorProgram implements Program {
  readonly #process: Process;
  readonly #site: string;
  readonly #server: Address;
  readonly #errands = new Map<number, Errand>();
  #end: StreamEnd | undefined;
  #isAdmitted = false;
  #references = 1;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(process: Process, at: { readonly site: string; readonly server: Address }) {
    this.#process = process;
    this.#site = at.site;
    this.#server = at.server;
  }

  /** A later word on the shutdown takes the place of an earlier one that is still under way. */
  ask(now: Millis, request: OperatorRequest, forMs: Millis): void {
    for (const [referenceId, errand] of this.#errands)
      if (request.type === 'GracefulShutdown' && errand.request.type === request.type)
        this.#errands.delete(referenceId);
    if (this.#errands.size >= ERRANDS_MAX) return;
    const referenceId = ++this.#references;
    const errand = { referenceId, request, until: now + forMs };
    this.#errands.set(referenceId, errand);
    if (this.#isAdmitted) this.#send(errand);
    this.#dueAt = Math.min(this.#dueAt, this.#end === undefined ? now : now + ATTEMPT_MAX_MS);
  }

  nextDeadline(): Millis | undefined {
    return Number.isFinite(this.#dueAt) ? this.#dueAt : undefined;
  }

  expire(now: Millis): void {
    if (now < this.#dueAt) return;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (const [referenceId, { until }] of this.#errands) if (now >= until) this.#errands.delete(referenceId);
    if (this.#errands.size === 0) return;
    if (this.#end !== undefined) {
      this.#end.close();
      return this.#lost(now);
    }
    this.#end = this.#process.connect(this.#server);
    this.#dueAt = now + ATTEMPT_MAX_MS;
  }

  opened(_now: Millis, end: StreamEnd): void {
    if (end !== this.#end) return end.close();
    end.send({
      type: 'RegisterClient',
      ReferenceID: 1,
      application: 'administration',
      session: `operator-${this.#site}`,
      version: PROTOCOL_VERSION,
      token: writeToken({ person: ADMINISTRATOR.user, issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER }),
      addpTimeoutMs: ADDP_TIMEOUT_MS,
    } satisfies DeskRequest);
  }

  message(now: Millis, end: StreamEnd, message: unknown): void {
    if (end !== this.#end) return;
    const reply = message as DeskReply;
    switch (reply.type) {
      case 'Ping':
        return end.send({ type: 'Pong', n: reply.n } satisfies DeskRequest);
      case 'ServerInfo':
        this.#isAdmitted = true;
        for (const errand of this.#errands.values()) this.#send(errand);
        return;
      case 'Done':
        return this.#answered(now, reply.ReferenceID);
      case 'Error':
        return this.#answered(now, reply.ReferenceID);
      case 'Event':
        return this.#answered(now, reply.attributes.ReferenceID);
      default:
    }
  }

  closed(now: Millis, end: StreamEnd): void {
    if (end === this.#end) this.#lost(now);
  }

  #send({ request, referenceId }: Errand): void {
    this.#end?.send({ ...request, ReferenceID: referenceId });
  }

  #answered(now: Millis, referenceId: number | undefined): void {
    if (referenceId === undefined || !this.#errands.delete(referenceId)) return;
    this.#dueAt = this.#errands.size === 0 ? Number.POSITIVE_INFINITY : now + ATTEMPT_MAX_MS;
  }

  #lost(now: Millis): void {
    this.#end = undefined;
    this.#isAdmitted = false;
    this.#dueAt = this.#errands.size === 0 ? Number.POSITIVE_INFINITY : now + RETRY_MS;
  }

  datagram(): void {}
  accepted(): void {}
  lookedUp(): void {}
  clockJumped(): void {}
}
