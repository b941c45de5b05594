/** What becomes of a move that somebody asks for (DS17), as it is answered through a SIP Server. */
import type { DeskSite } from '@holdfast/continuity';
import type { DeskRequest } from '@holdfast/protocol';

export type MoveOutcome = Pick<Extract<DeskRequest, { type: 'MoveAnswer' }>, 'outcome' | 'text'>;

/** `before` and `after` the move was put to the decision. */
export function moveOutcome(
  before: DeskSite | undefined,
  after: DeskSite | undefined,
): MoveOutcome['outcome'] {
  if (after === undefined || after.situation.name === 'out') return 'not-logged-in';
  return after.situation === before?.situation ? 'declined' : 'accepted';
}
