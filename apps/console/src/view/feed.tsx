import type { BoardDecision } from '@holdfast/protocol';
import { type ReactNode, useMemo } from 'react';
import type { FeedEntry } from '../state/board.ts';
import { clockTime } from '../state/durations.ts';
import { entryLook, type FeedGroup, groupEntries, type SameEntries } from '../state/feed-groups.ts';
import { decisionWords, optionWords, TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';

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

function Decisions({ decisions }: Pick<FeedProps, 'decisions'>) {
  const groups = useMemo(() => groupEntries(decisions), [decisions]);
  return (
    <ol>
      {groups.map(({ key, ...group }) =>
        isSeveralAlarms(group) ? <Alarms key={key} {...group} /> : <One key={key} {...group} />,
      )}
    </ol>
  );
}

type Shown = Omit<FeedGroup, 'key'>;

function One({ entry, agents, followers }: Shown) {
  return (
    <li className="decision" data-look={entryLook(entry)}>
      <span className="decision-look">
        <Icon name={entryLook(entry)} size={13} />
      </span>
      <div className="decision-head">
        <time>{clockTime(entry.at)}</time>
        <Who entry={entry} agents={agents} />
        <NoMove entry={entry} />
      </div>
      {/* The end of an alarm speaks for itself, and must not push the moves out of sight. */}
      {entry.kind === 'alarmOver' ? null : (
        <p>
          {entry.because}
          <Rule rule={entry.rule} />
        </p>
      )}
      {entry.option === null ? null : <span className="option">{optionWords(entry.option)}</span>}
      <Followers summary={TEXTS.feed.followers(followers.map(({ entry }) => entry))} followers={followers} />
    </li>
  );
}

const isSeveralAlarms = ({ entry, followers }: Shown) => entry.kind === 'alarm' && followers.length > 0;

/** Of a lost site: one line, so that what agents decide stays in sight, and every word of it on demand. */
function Alarms({ entry, agents, followers }: Shown) {
  const all = [{ entry, agents }, ...followers];
  const everybody = [...new Set(all.flatMap((one) => one.agents))];
  return (
    <li className="decision" data-look="alarm">
      <span className="decision-look">
        <Icon name="alarm" size={13} />
      </span>
      <div className="decision-head">
        <time>{clockTime(entry.at)}</time>
        <b title={everybody.join(', ')}>{TEXTS.feed.who(everybody)}</b> <NoMove entry={entry} />
      </div>
      <Followers
        summary={TEXTS.feed.alarms(
          all.map((one) => one.entry),
          entry.site,
        )}
        followers={all}
      />
    </li>
  );
}

function Who({ entry, agents }: SameEntries) {
  return (
    <>
      <b title={agents.join(', ')}>{TEXTS.feed.who(agents)}</b> {decisionWords(entry, agents.length)}
    </>
  );
}

/** What came along with a move: a word of it, and all on demand. */
function Followers({ summary, followers }: Pick<FeedGroup, 'followers'> & { readonly summary: string }) {
  if (followers.length === 0) return null;
  return (
    <details className="followers">
      <summary>{summary}</summary>
      <ul>
        {followers.map(({ entry, agents }) => (
          <li key={entry.id}>
            <Who entry={entry} agents={agents} />
            {entry.kind === 'alarmOver' ? null : (
              <p>
                {entry.because}
                <Rule rule={entry.rule} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Told in words too: nobody should take an alarm for a move. */
export function NoMove({ entry }: { readonly entry: Pick<BoardDecision, 'kind'> }) {
  return entry.kind === 'alarm' ? <span className="no-move">{TEXTS.feed.alarm}</span> : null;
}

export function Rule({ rule }: { readonly rule: string }) {
  if (rule === '') return null;
  return (
    <span className="rule" title={TEXTS.feed.rule(rule)}>
      {rule}
    </span>
  );
}
