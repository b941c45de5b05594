/**
 * Edits on their way to the node, and what becomes of them. What a proxy passes on has to fit into messages between servers, so that
 * there a long edit goes in parts (CE16).
 */
import { randomBytes } from 'node:crypto';
import { type ConfigReply, PART_CHARS_MAX } from '@holdfast/protocol';
import type { NodeSession, Question } from './node-session.ts';
import { notEditedProblem, Problem } from './problem.ts';
import type { RestContext } from './rest-app.ts';
import { restAddressOf } from './standing.ts';

export type EditQuestion = Extract<
  Question,
  { type: 'Edit' | 'Restore' | 'Fix' | 'Resolve' | 'SyncSwitches' }
>;
type Edited = Extract<ConfigReply, { type: 'Edited' }>;
type NotEdited = Extract<ConfigReply, { type: 'NotEdited' }>;

/** Where another one writes and has a REST, by which it can be followed there; undefined where it is done from here. */
export function notHere(context: RestContext): NotEdited | undefined {
  const { standing, writer } = context.standing();
  if (standing !== 'following' || writer === undefined) return undefined;
  if (restAddressOf(context.configuration(), writer) === undefined) return undefined;
  const { revision } = context.configuration();
  const text = `"${writer}" writes now. Edit there.`;
  return { type: 'NotEdited', ReferenceID: 0, code: 'not-writer', text, findings: [], revision, writer };
}

/** Where the writer is not known; another one is found within seconds. */
const NO_WRITER_PAUSE_MS = 1_000;

/** Rejects with a Problem where it could not be judged. */
export async function sendEdit(
  context: RestContext,
  session: NodeSession,
  question: EditQuestion,
): Promise<Edited | NotEdited> {
  const elsewhere = notHere(context);
  if (elsewhere !== undefined) return elsewhere;
  const { standing } = context.standing();
  if (standing !== 'proxy' && standing !== 'following') return session.ask(question, 'Edited', 'NotEdited');
  if (question.type !== 'Edit') {
    if (JSON.stringify(question).length <= PART_CHARS_MAX)
      return session.ask(question, 'Edited', 'NotEdited');
    const detail =
      'So many keys are not passed on from here. Ask the Configuration Server that writes, or name fewer.';
    throw new Problem({ code: 'too-large', detail });
  }
  const text = JSON.stringify(question.edits);
  if (text.length <= PART_CHARS_MAX) return session.ask(question, 'Edited', 'NotEdited');
  const name = randomBytes(12).toString('base64url');
  let parts = 0;
  for (let at = 0; at < text.length; at += PART_CHARS_MAX) {
    const part = text.slice(at, at + PART_CHARS_MAX);
    await session.ask({ type: 'EditPart', upload: name, text: part }, 'PartTaken');
    parts += 1;
  }
  return session.ask({ ...question, edits: [], upload: { name, parts } }, 'Edited', 'NotEdited');
}

/** `path`: of the request, where it may be made again. */
export function problemOfEdit(
  context: RestContext,
  path: string,
  refused: NotEdited,
  isConditional = false,
): Problem {
  const plain = notEditedProblem(refused, isConditional);
  if (refused.code !== 'not-writer') return plain;
  const { writer } = refused;
  const address = writer === undefined ? undefined : restAddressOf(context.configuration(), writer);
  return new Problem(
    address === undefined
      ? { ...plain.options, retryAfterMs: NO_WRITER_PAUSE_MS }
      : { ...plain.options, status: 307, location: `${address}${path}` },
  );
}

/** As it is told. */
export function editAnswerOf({ revision, isDryRun, entry, findings }: Edited) {
  const { author, changes } = entry;
  return { revision, isDryRun, author, changes, findings };
}
