import type { BoardAgent } from '@holdfast/protocol';
import { DETAILS, nextMoveWords } from '../agent-texts.ts';
import { nextMove } from '../state/next-move.ts';
import { ringProgress, secondsLeft } from '../state/ring.ts';
import { alarmName, optionWords } from '../texts.ts';
import { Rule } from './feed.tsx';
import { Icon } from './icon.tsx';
import { Ring } from './ring.tsx';

export interface AgentNextProps {
  readonly agent: BoardAgent;
  readonly isCutOff: boolean;
  readonly now: number;
}

/** The option that governs where the agent goes next, the time that runs, and what endangers it. */
export function AgentNext({ agent, isCutOff, now }: AgentNextProps) {
  const { governing, alarms } = agent;
  const warnings = agent.warnings.filter((text) => alarms.every((alarm) => alarm.text !== text));
  return (
    <>
      {governing === null ? (
        <p className="muted">{DETAILS.nextUnknown}</p>
      ) : (
        <div className="next">
          <RunningTime agent={agent} now={now} />
          <p>
            <b>{nextMoveWords(nextMove(governing, agent))}</b>
            <span className="option">{optionWords(governing)}</span>
          </p>
        </div>
      )}
      {alarms.map(({ name, text, rule }) => (
        <div key={name} className="told" data-level="alarm">
          <Icon name="alarm" />
          <p>
            <b>{DETAILS.alarm(alarmName(name))}.</b>{' '}
            {isCutOff ? DETAILS.alarmOfSite : DETAILS.alarmMovesNobody}
            <Rule rule={rule} />
            <br />
            {text}
          </p>
        </div>
      ))}
      {warnings.map((text) => (
        <div key={text} className="told" data-level="warning">
          <Icon name="warning" />
          <p>
            <b>{DETAILS.warning}.</b> {text}
          </p>
        </div>
      ))}
    </>
  );
}

function RunningTime({ agent: { governing }, now }: { readonly agent: BoardAgent; readonly now: number }) {
  if (governing === null || governing.from === null || governing.until === null) return null;
  const { waitsFor, from, until } = governing;
  const seconds = secondsLeft({ from, until }, now);
  return (
    <div className="next-wait">
      <Ring progress={ringProgress({ from, until }, now)} text={String(seconds)} />
      <span>
        {DETAILS.waits(waitsFor)}
        <br />
        <b>{DETAILS.left(seconds)}</b>
      </span>
    </div>
  );
}
