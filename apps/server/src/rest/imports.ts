/**
 * Long lists of edits, done part by part: each part is one entry, the edits of others come between, and whoever asks is told how far it is.
 * A part that may not be done ends it; those before it stay done. Sent again it goes on, because what is so already is no change.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { EDITS_MAX, type Edit, edit, type Finding } from '@holdfast/protocol';
import { z } from 'zod';
import type { NodeSession } from './node-session.ts';
import { Problem } from './problem.ts';
import type { RestContext } from './rest-app.ts';
import type { ImportAnswer } from './schemas.ts';
import { problemOfEdit, sendEdit } from './send-edit.ts';

/** At once; each holds up to a body in memory. */
export const IMPORTS_RUNNING_MAX = 4;
/** Whose end can be asked for; of more the oldest is forgotten. */
export const IMPORTS_KEPT_MAX = 100;
/** Warnings that are kept of one. */
const FINDINGS_KEPT_MAX = 200;
/** Lines that are read before others have their turn. */
const LINES_A_TURN = 500;
/** What speaks against the edits themselves; everything else may pass. */
const REFUSING_CODES: ReadonlySet<string> = new Set(['not-allowed', 'conflict', 'bad-configuration']);

export interface ImportOrder {
  readonly edits: readonly Edit[];
  /** Edits of one entry. */
  readonly part: number;
  readonly note?: string | undefined;
  /** Path of the request, where it may be made again. */
  readonly path: string;
}

interface Import {
  answer: Omit<ImportAnswer, 'tookMs'>;
  readonly startedAt: number;
  endedAt: number | undefined;
}

export class Imports {
  readonly #context: RestContext;
  readonly #kept = new Map<string, Import>();
  #running = 0;

  constructor(context: RestContext) {
    this.#context = context;
  }

  /** The session is the import's, which ends it. */
  start(session: NodeSession, order: ImportOrder): ImportAnswer {
    const id = randomBytes(12).toString('base64url');
    const one: Import = {
      answer: {
        ...{ id, state: 'running', edits: order.edits.length, written: 0, changed: 0 },
        ...{ revisions: [], startedAt: new Date().toISOString(), findings: [] },
      },
      ...{ startedAt: performance.now(), endedAt: undefined },
    };
    this.#kept.set(id, one);
    for (const [oldest, { endedAt }] of this.#kept) {
      if (this.#kept.size <= IMPORTS_KEPT_MAX) break;
      if (endedAt !== undefined) this.#kept.delete(oldest);
    }
    this.#running += 1;
    void this.#run(one, session, order).finally(() => {
      this.#running -= 1;
      one.endedAt = performance.now();
      session.end();
    });
    return told(one);
  }

  /** Throws a Problem when there are too many. */
  makeSureOfRoom(): void {
    if (this.#running < IMPORTS_RUNNING_MAX) return;
    const detail = `${IMPORTS_RUNNING_MAX} imports are running. Try again when one of them has ended.`;
    throw new Problem({ code: 'overloaded', detail, retryAfterMs: 5_000 });
  }

  get(id: string): ImportAnswer {
    const one = this.#kept.get(id);
    if (one !== undefined) return told(one);
    const detail = `No import "${id}" is known here. It was made at another server, or before this one started: the history tells what it wrote.`;
    throw new Problem({ code: 'not-found', detail });
  }

  async #run(one: Import, session: NodeSession, order: ImportOrder): Promise<void> {
    const { edits, part } = order;
    const parts = Math.ceil(edits.length / part);
    for (let n = 0; n < parts; n++) {
      const problem = await this.#write(one, session, order, { n, parts });
      if (problem === undefined) continue;
      const state = REFUSING_CODES.has(problem.options.code) ? 'refused' : 'interrupted';
      one.answer = { ...one.answer, state, problem: { ...problem.body } };
      return;
    }
    one.answer = { ...one.answer, state: 'done' };
  }

  /** What ended it. */
  async #write(
    one: Import,
    session: NodeSession,
    { edits, part, note, path }: ImportOrder,
    { n, parts }: { readonly n: number; readonly parts: number },
  ): Promise<Problem | undefined> {
    const these = edits.slice(n * part, (n + 1) * part);
    const named = `${note ?? 'import'}${parts === 1 ? '' : ` (part ${n + 1} of ${parts})`}`;
    try {
      const question = { type: 'Edit' as const, edits: these, dryRun: false, note: named.slice(0, 1_000) };
      const answer = await sendEdit(this.#context, session, question);
      if (answer.type === 'NotEdited') return problemOfEdit(this.#context, path, answer);
      const { written, changed, revisions, findings } = one.answer;
      const { changes } = answer.entry;
      one.answer = {
        ...one.answer,
        written: written + these.length,
        changed: changed + changes.length,
        revisions:
          changes.length === 0 ? revisions : [revisions[0] ?? answer.revision, answer.revision].slice(0, 2),
        findings: kept([...findings, ...answer.findings]),
      };
      return undefined;
    } catch (problem) {
      if (problem instanceof Problem) return problem;
      // Our own mistake: it ends this import, and is told as one.
      return new Problem({ code: 'internal', detail: String(problem) });
    }
  }
}

function kept(findings: readonly Finding[]): Finding[] {
  return findings.slice(0, FINDINGS_KEPT_MAX);
}

function told({ answer, startedAt, endedAt }: Import): ImportAnswer {
  return { ...answer, tookMs: Math.round((endedAt ?? performance.now()) - startedAt) };
}

const line = z.strictObject(edit.shape);

/** One edit a line (NDJSON); all are read before the first is done. Rejects with a Problem that names the line. */
export async function readEdits(text: string): Promise<Edit[]> {
  const edits: Edit[] = [];
  let number = 0;
  for (let at = 0; at <= text.length; ) {
    const end = text.indexOf('\n', at);
    const words = text.slice(at, end === -1 ? text.length : end).trim();
    at = end === -1 ? text.length + 1 : end + 1;
    number += 1;
    if (words !== '') edits.push(readLine(words, number));
    if (edits.length > EDITS_MAX)
      throw new Problem({
        code: 'too-large',
        detail: `More than ${EDITS_MAX} edits. Send them in several imports.`,
      });
    if (number % LINES_A_TURN === 0) await nextTurn();
  }
  if (edits.length > 0) return edits;
  const detail = 'There is no edit in the body. Send one {"key": …, "patch": …} a line.';
  throw new Problem({ code: 'bad-message', detail });
}

function readLine(words: string, number: number): Edit {
  const wrong = (text: string) =>
    new Problem({ code: 'bad-message', field: `line ${number}`, detail: `Line ${number}: ${text}` });
  let value: unknown;
  try {
    value = JSON.parse(words);
  } catch {
    // Expected of anything that is no JSON; the sender is told.
    throw wrong('it is not JSON.');
  }
  const parsed = line.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  throw wrong(`${field === '' ? 'it' : `"${field}"`} is wrong: ${issue?.message ?? 'malformed'}.`);
}
