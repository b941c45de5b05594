/** What a proxy hands back (CW4): first it learns up to where the main line has the same, then it gives what is lacking there. */
import type { Millis } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, revisionText } from '@holdfast/protocol';
import { tailName } from './lost-tail.ts';
import { mainRevisionOf, revisionOf } from './revision-of.ts';
import type { StoreSession } from './store-session.ts';

export type HandBackRequest = Extract<ConfigRequest, { type: 'HandBack' }>;

interface GivenBack {
  readonly request: HandBackRequest;
  /** The Application that hands it back. */
  readonly by: string;
  /** Wall clock. */
  readonly at: Millis;
}

export function takeBack(
  session: StoreSession,
  { request, by, at }: GivenBack,
  reply: (now: Millis, message: Extract<ConfigReply, { type: 'HandedBack' | 'Error' }>) => void,
): void {
  const { ReferenceID, held, tail } = request;
  const fail = (now: Millis, text: string) =>
    reply(now, { type: 'Error', ReferenceID, code: 'not-ready', text });
  if (tail === undefined) {
    const revision = mainRevisionOf(revisionOf(held));
    return session.entriesAfter(revision, 1, (now, answer) => {
      if (answer.type === 'unavailable') return fail(now, answer.because);
      const common = answer.type === 'diverged' ? answer.common : revision;
      reply(now, { type: 'HandedBack', ReferenceID, common });
    });
  }
  const { base, first, from, entries } = tail;
  session.handIn({ id: tailName(first), base, by, at, from, entries }, (now, answer) => {
    if (answer.type === 'handedIn')
      return reply(now, { type: 'HandedBack', ReferenceID, common: base, entries: answer.entries });
    if (answer.type === 'refused')
      return reply(now, { type: 'Error', ReferenceID, code: 'bad-message', text: answer.because });
    const text =
      answer.type === 'diverged'
        ? `The main line has not ${revisionText(base)}, but ${revisionText(answer.common)}.`
        : answer.because;
    fail(now, text);
  });
}
