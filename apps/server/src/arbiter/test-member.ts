/** For tests: a member of a pair that only asks. A process of its own stands for it and may be killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ArbiterAnswer, ArbiterRequest, KeySeen, Revision, RoleKey } from '@holdfast/continuity';
import type { Arbiter, ArbiterHandlers } from './arbiter.ts';
import { identityOf } from './process-identity.ts';

export interface MemberProcess {
  readonly application: string;
  readonly pid: number;
  /** See process-identity. */
  readonly process: string;
  readonly child: ChildProcess;
}

/** Ends with this process, whatever ends it. */
export async function startMemberProcess(application: string): Promise<MemberProcess> {
  const child = spawn('setpriv', ['--pdeathsig', 'SIGKILL', '--', 'sleep', '600']);
  await once(child, 'spawn');
  const pid = child.pid as number;
  return { application, pid, process: identityOf(pid) as string, child };
}

export class TestMember {
  readonly own: MemberProcess;
  readonly changes: KeySeen[] = [];
  readonly ends: string[] = [];
  /** Answers to what nobody asked, or had been answered. */
  readonly surplus: ArbiterAnswer[] = [];
  readonly #arbiter: Arbiter;
  readonly #waiting = new Map<number, (answer: ArbiterAnswer) => void>();
  #n = 0;
  #isClosed = false;

  constructor(own: MemberProcess, open: (handlers: ArbiterHandlers) => Arbiter) {
    this.own = own;
    this.#arbiter = open({
      answered: (answer) => {
        const resolve = this.#waiting.get(answer.n);
        if (resolve === undefined || this.#isClosed) this.surplus.push(answer);
        this.#waiting.delete(answer.n);
        resolve?.(answer);
      },
      changed: (seen) => {
        this.changes.push(seen);
      },
      mateEnded: ({ application }) => {
        this.ends.push(application);
      },
    });
  }

  key(more: Partial<RoleKey> = {}): RoleKey {
    const { application, process } = this.own;
    return { holder: application, process, epoch: 1, ask: 1, lengthMs: 600, ...more };
  }

  read(): Promise<ArbiterAnswer> {
    return this.#ask((n) => ({ type: 'read', n }));
  }

  /** Sets its own key. */
  swap(ifRevision: Revision, more: Partial<RoleKey> = {}): Promise<ArbiterAnswer> {
    return this.#ask((n) => ({ type: 'swap', n, ifRevision, key: this.key(more) }));
  }

  /** Asked again until it is no longer `unknown`. */
  async certainRead(): Promise<KeySeen> {
    for (;;) {
      const answer = await this.read();
      if (answer.type !== 'unknown') return answer.seen;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#arbiter.close();
  }

  #ask(request: (n: number) => ArbiterRequest): Promise<ArbiterAnswer> {
    const n = ++this.#n;
    return new Promise((resolve) => {
      this.#waiting.set(n, resolve);
      this.#arbiter.ask(request(n));
    });
  }
}
