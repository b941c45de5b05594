import type { ReactNode } from 'react';
import type { FeedEntry } from '../state/board.ts';
import { clockTime } from '../state/durations.ts';
import { decisionWords, TEXTS } from '../texts.ts';

export interface FeedProps {
  readonly title: string;
  readonly empty: string;
  /** Newest first. */
  readonly decisions: readonly FeedEntry[];
}

export function Feed({ title, empty, decisions }: FeedProps) {
  return (
    <section className="panel feed" aria-label={title}>
      <div className="panel-head">
        <h2>{title}</h2>
      </div>
      {decisions.length === 0 ? (
        <p className="feed-empty">{empty}</p>
      ) : (
        <ScrollRegion label={TEXTS.feed.list}>
          <Decisions decisions={decisions} />
        </ScrollRegion>
      )}
    </section>
  );
}

/** Scrolls by itself, so it can be reached by keyboard. */
export function ScrollRegion({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse.
    <section className="feed-scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

export function Decisions({ decisions }: Pick<FeedProps, 'decisions'>) {
  return (
    <ol>
      {decisions.map((decision) => (
        <li key={decision.id} className="decision">
          <div className="decision-head">
            <b>{decision.who}</b> {decisionWords(decision)}
            <time>{clockTime(decision.at)}</time>
          </div>
          <p>
            {decision.because}
            {decision.rule === '' ? null : (
              <span className="rule" title={TEXTS.feed.rule(decision.rule)}>
                {decision.rule}
              </span>
            )}
          </p>
        </li>
      ))}
    </ol>
  );
}
