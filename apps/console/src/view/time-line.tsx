import type { BoardAgent } from '@holdfast/protocol';
import { DETAILS } from '../agent-texts.ts';
import type { OpenedAgent } from '../state/board.ts';
import { clockTime } from '../state/durations.ts';
import { entryLook } from '../state/feed-groups.ts';
import { secondsLeft } from '../state/ring.ts';
import { decisionWords, optionWords } from '../texts.ts';
import { NoMove, Rule } from './feed.tsx';
import { Icon } from './icon.tsx';

export interface TimeLineProps {
  readonly agent: BoardAgent;
  readonly opened: OpenedAgent;
  readonly now: number;
}

/** The newest on top: first what goes on now, then what was decided and reported, back to the beginning. */
export function TimeLine({ agent: { wait }, opened: { entries, dropped }, now }: TimeLineProps) {
  return (
    <>
      <ol className="line">
        {wait === null ? null : (
          <li className="line-entry" data-look="now">
            <span className="line-knot">
              <Icon name="starting" size={12} />
            </span>
            <time>{DETAILS.now}</time>
            <b>{DETAILS.waits(wait.what)}</b>, {DETAILS.left(secondsLeft(wait, now))}
          </li>
        )}
        {entries.map((entry) => (
          <li key={entry.id} className="line-entry" data-look={entryLook(entry)}>
            <span className="line-knot">
              <Icon name={entryLook(entry)} size={12} />
            </span>
            <time>{clockTime(entry.at)}</time>
            <b>{decisionWords(entry)}</b>
            <NoMove entry={entry} />
            <p>
              {entry.because}
              <Rule rule={entry.rule} />
            </p>
            {entry.option === null ? null : <span className="option">{optionWords(entry.option)}</span>}
          </li>
        ))}
      </ol>
      {entries.length === 0 ? <p className="muted">{DETAILS.noDecisions}</p> : null}
      {(dropped ?? 0) > 0 ? <p className="muted">{DETAILS.dropped(dropped ?? 0)}</p> : null}
    </>
  );
}
