/** Who speaks over REST, with the other end of the port played by the test. */
import type { ConfigReply, ConfigRequest } from '@holdfast/protocol';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Attach, InnerClientHandlers } from './inner-clients.ts';
import { ANSWER_MAX_MS, QUESTIONS_MAX } from './node-session.ts';
import { Problem } from './problem.ts';
import { SESSIONS_MAX, Sessions } from './sessions.ts';

/** Lets in whoever comes, for so long, and answers nothing else by itself. */
class Doorkeeper {
  lifeMs = 60_000;
  readonly let: { readonly token: string; readonly from: string }[] = [];
  readonly open = new Set<InnerClientHandlers>();
  readonly asked: ConfigRequest[] = [];

  readonly attach: Attach = (from, handlers) => {
    this.open.add(handlers);
    return {
      say: (message) => {
        if (message.type !== 'LogInByToken') return void this.asked.push(message);
        const { ReferenceID, token } = message;
        this.let.push({ token, from });
        const refusal = { type: 'Error', ReferenceID, code: 'token-invalid', text: 'No.' } as const;
        const expiresAt = Date.now() + this.lifeMs;
        const reply: ConfigReply = { type: 'LoggedIn', ReferenceID, token, expiresAt };
        queueMicrotask(() => handlers.message(token === 'bad' ? refusal : reply));
      },
      end: () => void this.open.delete(handlers),
    };
  };
}

let door: Doorkeeper;
let sessions: Sessions;
beforeEach(() => {
  door = new Doorkeeper();
  sessions = new Sessions(door.attach);
});
const of = (token: string, from = '192.0.2.1') => sessions.of(`Bearer ${token}`, from);
const codeOf = (asking: Promise<unknown>) =>
  asking.then(
    () => 'answered',
    (problem: unknown) => (problem instanceof Problem ? problem.options.code : String(problem)),
  );

describe('[RE2] a token is let in once', () => {
  test('for all requests with it from one address, also those that come at once', async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => of('a')));
    expect(new Set(all).size).toBe(1);
    expect(door.let).toEqual([{ token: 'a', from: '192.0.2.1' }]);
    await of('a', '192.0.2.2');
    await of('b');
    expect(door.let).toHaveLength(3);
  });

  test('and again when it has ended: by its time, or by the node, which leaves no question open', async () => {
    door.lifeMs = 0;
    const old = await of('a');
    const last = codeOf(old.ask({ type: 'Check' }, 'Checked'));
    await of('a');
    expect([door.let.length, door.open.size]).toEqual([2, 2]);
    const [first] = door.open;
    first?.message({ type: 'Checked', ReferenceID: 2, revision: '1.1', findings: [] });
    expect([await last, door.open.size]).toEqual(['answered', 1]);
    door.lifeMs = 60_000;
    const session = await of('a');
    const asking = codeOf(session.ask({ type: 'Check' }, 'Checked'));
    const [handlers] = door.open;
    handlers?.message({ type: 'Error', code: 'token-revoked', text: 'Revoked.' });
    handlers?.closed('Revoked.');
    expect(await asking).toBe('token-revoked');
    expect(await codeOf(session.ask({ type: 'Check' }, 'Checked'))).toBe('token-revoked');
    expect(await of('a')).not.toBe(session);
  });

  test('what lets nobody in is kept by nobody', async () => {
    expect(await Promise.all([codeOf(of('bad')), codeOf(of('bad'))])).toEqual([
      'token-invalid',
      'token-invalid',
    ]);
    expect(door.open.size).toBe(0);
    expect(await codeOf(of('bad'))).toBe('token-invalid');
  });

  test('so many are kept: the one that has been silent longest gives way, one that waits for an answer never', async () => {
    const busy = await of('busy');
    const waiting = busy.ask({ type: 'Check' }, 'Checked');
    await of('first');
    for (let n = 2; n < SESSIONS_MAX; n++) await of(`t${n}`);
    await of('first');
    await of('another');
    expect(door.open.size).toBe(SESSIONS_MAX);
    const before = door.let.length;
    expect(await of('busy')).toBe(busy);
    await of('first');
    expect(door.let).toHaveLength(before);
    await of('t2');
    expect(door.let).toHaveLength(before + 1);
    sessions.stop();
    expect(await codeOf(waiting)).toBe('timeout');
  });
});

describe('[RE10] questions without answers', () => {
  test('are so many at once, and not waited for for ever', async () => {
    vi.useFakeTimers();
    try {
      const session = await of('a');
      const open = Array.from({ length: QUESTIONS_MAX }, () =>
        codeOf(session.ask({ type: 'Edit', edits: [], dryRun: false }, 'Edited', 'NotEdited')),
      );
      expect(await codeOf(session.ask({ type: 'Check' }, 'Checked'))).toBe('overloaded');
      vi.advanceTimersByTime(ANSWER_MAX_MS);
      expect(new Set(await Promise.all(open))).toEqual(new Set(['timeout']));
      // What comes too late is to no question.
      for (const handlers of door.open)
        handlers.message({ type: 'Checked', ReferenceID: 2, revision: '1.1', findings: [] });
      expect(session.isIdle).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});
