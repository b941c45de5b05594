import type { BoardAgent, BoardSite } from '@holdfast/protocol';
import type { FeedEntry } from '../state/board.ts';
import { faceOf, isCutOff } from '../state/card-face.ts';
import { secondsLeft } from '../state/ring.ts';
import { FACE_WORDS, schemeWords, TEXTS } from '../texts.ts';
import { Decisions, ScrollRegion } from './feed.tsx';
import { Icon } from './icon.tsx';

const WORDS = TEXTS.details;

export interface AgentDetailsProps {
  readonly agent: BoardAgent;
  readonly sites: readonly BoardSite[];
  readonly decisions: readonly FeedEntry[];
  readonly now: number;
  readonly onClose: () => void;
}

function placeWords(agent: BoardAgent, sites: readonly BoardSite[]): string {
  if (agent.site === null) return WORDS.nowhere;
  return isCutOff(agent, sites) ? TEXTS.cutOffAt(agent.site) : TEXTS.atSite(agent.site);
}

/** One agent alone: what is known now, and what this agent has decided so far. */
export function AgentDetails({ agent, sites, decisions, now, onClose }: AgentDetailsProps) {
  const { wait } = agent;
  const facts: readonly (readonly [string, string])[] = [
    [WORDS.state, FACE_WORDS[faceOf(agent, sites)]],
    [WORDS.login, placeWords(agent, sites)],
    [WORDS.preferred, agent.preferredSite],
    [WORDS.phoneAt, agent.phoneAt.length === 0 ? WORDS.phoneNowhere : agent.phoneAt.join(', ')],
    [WORDS.scheme, schemeWords(agent.scheme)],
    ...(agent.reason === '' ? [] : [[WORDS.reason, agent.reason] as const]),
    ...(wait === null
      ? []
      : [[WORDS.wait, WORDS.waitLeft(wait.what, secondsLeft(wait, now), wait.governedBy)] as const]),
    ...(agent.banner === '' ? [] : [[WORDS.told, agent.banner] as const]),
  ];
  const own = decisions.filter(({ who }) => who === agent.agent);
  return (
    <section className="panel feed details" aria-label={TEXTS.agent(agent.agent)}>
      <div className="panel-head">
        <h2>{TEXTS.agent(agent.agent)}</h2>
        <button type="button" className="button small" aria-label={WORDS.close} onClick={onClose}>
          <Icon name="close" size={14} />
        </button>
      </div>
      <ScrollRegion label={WORDS.all}>
        <dl className="facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {own.length === 0 ? <p className="muted">{WORDS.noDecisions}</p> : <Decisions decisions={own} />}
      </ScrollRegion>
    </section>
  );
}
