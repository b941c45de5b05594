/**
 * The end of a main line that is lost: entries that a follower holds and a promoted database does not (CW4). They come back
 * as a branch, whoever brings them: all who held them name it alike.
 */
import { compareRevisions, type Entry, type Revision, revisionText } from '@holdfast/protocol';
import { isSameRevision } from './revision-of.ts';

/** Of one lost main line everybody holds the same entries in the same order, some of them more than others. */
export function tailName(first: Revision): string {
  return `lost-${revisionText(first)}`;
}

/**
 * Of entries without a gap: those after `common` up to what is held; none where they do not reach back so far. Where
 * nothing is common it is another configuration, and none of ours to add to.
 */
export function tailAfter(
  entries: readonly Entry[],
  { common, held }: { readonly common: Revision; readonly held: Revision },
): readonly Entry[] {
  const tail = entries.filter(({ revision }) => compareRevisions(revision, common) > 0);
  const [first] = tail;
  if (common.number === 0) return [];
  return first?.revision.number === common.number + 1 && endsAt(tail, held) ? tail : [];
}

export function endsAt(entries: readonly Entry[], revision: Revision): boolean {
  const last = entries.at(-1);
  return last !== undefined && isSameRevision(last.revision, revision);
}
