import type { BoardAgent, BoardDeskLink } from '@holdfast/protocol';
import type { ReactNode } from 'react';
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
            <b>{nextMoveWords(nextMove(governing))}</b>
            <span className="option">
              {optionWords(governing)}, {DETAILS.setFor(governing.site)}
            </span>
          </p>
        </div>
      )}
      {agent.links.map((link) => (
        <LinkMove key={`${link.kind} ${link.site}`} link={link} now={now} />
      ))}
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

/** A lesser link that is lost and goes by itself; its agent stays (DS16). */
function LinkMove({ link: { kind, move }, now }: { readonly link: BoardDeskLink; readonly now: number }) {
  if (move === null) return null;
  return (
    <div className="next" data-of="link">
      <Countdown wait={move} now={now}>
        {DETAILS.linkMoves(kind, move.to)}
      </Countdown>
      <span className="option">{optionWords(move.option)}</span>
    </div>
  );
}

function RunningTime({ agent: { governing }, now }: { readonly agent: BoardAgent; readonly now: number }) {
  if (governing === null || governing.from === null || governing.until === null) return null;
  const { waitsFor, from, until } = governing;
  return (
    <Countdown wait={{ from, until }} now={now}>
      {DETAILS.waits(waitsFor)}
    </Countdown>
  );
}

interface CountdownProps {
  readonly wait: { readonly from: number; readonly until: number };
  readonly now: number;
  readonly children: ReactNode;
}

function Countdown({ wait, now, children }: CountdownProps) {
  const seconds = secondsLeft(wait, now);
  return (
    <div className="next-wait">
      <Ring progress={ringProgress(wait, now)} text={String(seconds)} />
      <span>
        {children}
        <br />
        <b>{DETAILS.left(seconds)}</b>
      </span>
    </div>
  );
}
