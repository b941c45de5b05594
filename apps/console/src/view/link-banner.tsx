import type { BoardState } from '../state/board.ts';
import { TEXTS } from '../texts.ts';

const WORDS = TEXTS.link;

/** Says so when what one sees is old. */
export function LinkBanner({ board, now }: { readonly board: BoardState; readonly now: number }) {
  const { link, snapshot } = board;
  if (link.name === 'silent') {
    return (
      <div className="link-banner" role="alert">
        <b>{WORDS.silentTitle}</b> {WORDS.lost(link.since)}{' '}
        <span aria-hidden="true">{WORDS.silentSince(Math.floor((now - link.since) / 1000))}</span>
      </div>
    );
  }
  if (link.name !== 'lost') {
    return snapshot === null ? <p className="waiting">{WORDS.waiting}</p> : null;
  }
  return (
    <div className="link-banner" role="alert">
      <b>{WORDS.lostTitle}</b> {snapshot === null ? WORDS.never : WORDS.lost(link.since)}{' '}
      {/* Not part of the alert: a reader that speaks every second helps nobody. */}
      <span aria-hidden="true">{WORDS.retrying(Math.ceil((link.retryAt - now) / 1000))}</span>
    </div>
  );
}
