import type { BoardAgent } from '@holdfast/protocol';
import type { KeyboardEvent } from 'react';
import { FAMILY_LETTERS, FAMILY_WORDS, marksInWords } from '../agent-texts.ts';
import { cardName, type Face } from '../state/card-face.ts';
import type { LinkMark } from '../state/link-marks.ts';
import { ringProgress, secondsLeft } from '../state/ring.ts';
import { alarmName, FACE_WORDS, TEXTS } from '../texts.ts';
import { Icon } from './icon.tsx';
import { Mark } from './link-mark.tsx';
import { Ring } from './ring.tsx';

export interface AgentCardProps {
  readonly agent: BoardAgent;
  readonly face: Face;
  /** Also while the last call goes on. */
  readonly isCutOff: boolean;
  readonly marks: readonly LinkMark[];
  /** Names of the alarms of an agent who goes on working. */
  readonly alarms: readonly string[];
  readonly now: number;
  readonly isSelected: boolean;
  readonly isTabStop: boolean;
  readonly onFocus: () => void;
  readonly onPress: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

export function AgentCard(props: AgentCardProps) {
  const { agent, face, isCutOff, marks, alarms, now, isSelected, isTabStop, onFocus, onPress, onKeyDown } =
    props;
  const { wait, family } = agent;
  const word = face === 'talking' && isCutOff ? TEXTS.talkingCutOff : FACE_WORDS[face];
  const more = TEXTS.cardMore({
    place: agent.site === null ? TEXTS.inRiver : TEXTS.atSite(agent.site),
    wait: wait === null ? undefined : TEXTS.waitsFor(wait.what, secondsLeft(wait, now)),
    links: marksInWords(marks),
    family: family === null ? undefined : FAMILY_WORDS[family],
    alarms: alarms.map(alarmName),
  });
  return (
    <>
      <button
        type="button"
        className="card"
        data-face={face}
        data-cut={isCutOff}
        data-waiting={wait !== null}
        aria-pressed={isSelected}
        tabIndex={isTabStop ? 0 : -1}
        title={`${agent.agent}: ${word}${more}`}
        onFocus={onFocus}
        onClick={onPress}
        onKeyDown={onKeyDown}
      >
        <span className="card-mark">
          {wait === null ? (
            <Icon name={face} size={18} />
          ) : (
            <Ring progress={ringProgress(wait, now)} text={String(secondsLeft(wait, now))} />
          )}
        </span>
        <span className="card-name">{cardName(agent)}</span> <span className="card-word">{word}</span>
        <span className="card-links" aria-hidden="true">
          {marks.map((mark) => (
            <Mark key={mark.kind} {...mark} />
          ))}
          {family === null ? null : (
            <span className="family" data-family={family}>
              {FAMILY_LETTERS[family]}
            </span>
          )}
        </span>
        <span className="unseen">{more}</span>
      </button>
      {alarms.length === 0 ? null : (
        <span className="card-alarm" aria-hidden="true">
          <Icon name="alarm" size={13} />
        </span>
      )}
    </>
  );
}
