/** What merges have left open, for those who may read the history of the objects concerned (CW3). */
import { type Configuration, mayReadHistory } from '@holdfast/centre';
import type { ConfigReply, ConfigRequest, Person } from '@holdfast/protocol';
import { changeOf, shownConflict } from './resolving.ts';
import type { StoreSession } from './store-session.ts';

export function listConflicts(
  session: StoreSession,
  configuration: Configuration,
  person: Person,
  { ReferenceID, all, id, limit }: Extract<ConfigRequest, { type: 'Conflicts' }>,
  reply: (message: Extract<ConfigReply, { type: 'ConflictList' | 'Error' }>) => void,
): void {
  const refuse = (code: 'not-allowed' | 'not-ready', text: string) =>
    reply({ type: 'Error', ReferenceID, code, text });
  const any = mayReadHistory(person, { key: 'the configuration', before: null, after: null }, configuration);
  if (!any.ok) return refuse('not-allowed', any.text);
  session.conflicts({ id, isOpen: !all && id === undefined, limit }, (_now, answer) => {
    if (answer.type === 'unavailable') return refuse('not-ready', answer.because);
    const conflicts = answer.conflicts
      .filter((one) => mayReadHistory(person, changeOf(one, configuration), configuration).ok)
      .map(shownConflict);
    reply({ type: 'ConflictList', ReferenceID, conflicts, more: !answer.isLast });
  });
}
