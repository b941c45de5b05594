/** The supervisor of this host as arbiter (PR7), seen from a member that it started. */
import type { ArbiterAnswer, ArbiterRequest, KeySeen, Revision } from '@holdfast/continuity';
import { compareRevisions } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import type { SupervisorReply } from '@holdfast/protocol';
import type { Arbiter, ArbiterOptions } from './arbiter.ts';
import { type OpenRequest, OpenRequests } from './open-requests.ts';
import { openSupervisorLink, type SupervisorLink } from './supervisor-link.ts';

export interface SupervisorArbiterOptions extends ArbiterOptions {
  readonly socket: string;
  readonly application: string;
  /** See process-identity: of this process, unless a test speaks for another. */
  readonly process: string;
}

export function openSupervisorArbiter(options: SupervisorArbiterOptions): Arbiter {
  return new SupervisorArbiter(options);
}

interface Asked {
  readonly request: ArbiterRequest;
  readonly open: OpenRequest;
  isSent: boolean;
}

class SupervisorArbiter implements Arbiter {
  readonly #options: SupervisorArbiterOptions;
  readonly #requests: OpenRequests;
  readonly #link: SupervisorLink;
  /** By a number of our own: the member's `n` may come twice. OpenRequests bounds them. */
  readonly #asked = new Map<number, Asked>();
  #count = 0;
  #told: Revision | undefined;
  #trouble = 'the supervisor does not answer';

  constructor(options: SupervisorArbiterOptions) {
    this.#options = options;
    this.#requests = new OpenRequests(options);
    this.#link = openSupervisorLink({
      ...options,
      opened: () => {
        for (const [number, asked] of this.#asked) this.#send(number, asked);
      },
      message: (reply) => this.#take(reply),
      lost: (why) => this.#lost(why),
    });
  }

  /** While there is no connection it waits for one, to the end of its time. */
  ask(request: ArbiterRequest): void {
    const open = this.#requests.begin(request.n, () => this.#trouble);
    if (open === undefined) return;
    const number = ++this.#count;
    const asked = { request, open, isSent: false };
    this.#asked.set(number, asked);
    open.signal.addEventListener('abort', () => this.#asked.delete(number));
    this.#send(number, asked);
  }

  /** While there is no connection it is lost; the next one follows with the next confirmation. */
  yields(forMs: Millis): void {
    this.#link.send({ type: 'Yields', forMs });
  }

  close(): void {
    this.#requests.close();
    this.#link.close();
  }

  #send(number: number, asked: Asked): void {
    const request = { ...asked.request, n: number };
    if (!asked.isSent) asked.isSent = this.#link.send({ type: 'Ask', request });
  }

  #take(reply: SupervisorReply): void {
    switch (reply.type) {
      case 'Answered': {
        const asked = this.#asked.get(reply.answer.n);
        return asked?.open.answer(answerOf(reply.answer, asked.request.n));
      }
      case 'Changed':
        return this.#tell(seenOf(reply.seen));
      case 'MateEnded': {
        const { application, process } = reply;
        return this.#options.handlers.mateEnded?.({ application, process });
      }
      case 'Error':
        this.#trouble = `the supervisor refuses: ${reply.text}`;
    }
  }

  #tell(seen: KeySeen): void {
    if (seen.key === undefined) return;
    if (this.#told !== undefined && compareRevisions(seen.revision, this.#told) <= 0) return;
    this.#told = seen.revision;
    this.#options.handlers.changed(seen);
  }

  /** What was sent may have been done (PR4); what was not waits on. */
  #lost(why: string): void {
    this.#trouble = `no connection to the supervisor: ${why}`;
    for (const { open, isSent } of [...this.#asked.values()])
      if (isSent) open.unknown(`The connection to the supervisor was lost: ${why}.`);
  }
}

type AnswerOnWire = Extract<SupervisorReply, { type: 'Answered' }>['answer'];
type SeenOnWire = Extract<SupervisorReply, { type: 'Changed' }>['seen'];

const seenOf = ({ revision, key }: SeenOnWire): KeySeen => ({ revision, key });

function answerOf(answer: AnswerOnWire, n: number): ArbiterAnswer {
  return answer.type === 'unknown' ? { ...answer, n } : { type: answer.type, n, seen: seenOf(answer.seen) };
}
