/**
 * All cards, each at its seat. A card moves by `transform`, so that the browser animates it without laying out the
 * page again; whoever asks for less motion sees it jump instead (page.css).
 */
import type { BoardAgent, BoardSite } from '@holdfast/protocol';
import { type KeyboardEvent, useRef, useState } from 'react';
import { alarmsOf } from '../state/alarms.ts';
import type { Crossing } from '../state/board.ts';
import { faceOf, isCutOff } from '../state/card-face.ts';
import { nextCard } from '../state/card-keys.ts';
import { linkMarks } from '../state/link-marks.ts';
import { densityOf, type Seating, seatKey } from '../state/seating.ts';
import { TEXTS } from '../texts.ts';
import { AgentCard } from './agent-card.tsx';

export interface CardLayerProps {
  readonly agents: readonly BoardAgent[];
  readonly sites: readonly BoardSite[];
  readonly seating: Seating;
  readonly crossings: readonly Crossing[];
  readonly now: number;
  readonly selected: string | null;
  readonly onSelect: (agent: string | null) => void;
}

export function CardLayer(props: CardLayerProps) {
  const { agents, sites, seating, crossings, now, selected, onSelect } = props;
  const list = useRef<HTMLUListElement>(null);
  // One card is in the tab order; the arrow keys pass it on.
  const [reached, setReached] = useState<string | null>(null);
  const tabStop = agents.some(({ agent }) => agent === reached) ? reached : agents[0]?.agent;
  const crossing = new Set(crossings.map(({ agent }) => agent));

  const onKeyDown = (event: KeyboardEvent) => {
    const next = nextCard(event.key, tabStop ?? '', seating.seats);
    if (next === undefined) return;
    event.preventDefault();
    setReached(next);
    const index = agents.findIndex(({ agent }) => agent === next);
    list.current?.querySelectorAll('button')[index]?.focus();
  };

  return (
    <>
      {[...seating.banks].map(([key, { x, y }]) => (
        <div
          key={key}
          className="seat"
          style={{ ...seating.card, transform: `translate(${x}px, ${y}px)` }}
          aria-hidden="true"
        />
      ))}
      <Trails crossings={crossings} seating={seating} />
      <ul ref={list} className="cards" aria-label={TEXTS.agents}>
        {agents.map((agent) => {
          const seat = seating.seats.get(agent.agent);
          if (seat === undefined) return null;
          const isOnBank = agent.site !== null && seating.banks.has(seatKey(agent.site, agent.agent));
          const size = isOnBank ? seating.card : seating.afloat;
          return (
            <li
              key={agent.agent}
              className="card-seat"
              data-agent={agent.agent}
              data-site={agent.site ?? 'river'}
              data-crossing={crossing.has(agent.agent)}
              data-density={densityOf(size)}
              style={{ ...size, transform: `translate(${seat.x}px, ${seat.y}px)` }}
            >
              <AgentCard
                agent={agent}
                marks={linkMarks(agent, sites)}
                alarms={alarmsOf(agent, sites).map(({ name }) => name)}
                face={faceOf(agent, sites)}
                isCutOff={isCutOff(agent, sites)}
                now={now}
                isSelected={agent.agent === selected}
                isTabStop={agent.agent === tabStop}
                onFocus={() => setReached(agent.agent)}
                onPress={() => onSelect(agent.agent === selected ? null : agent.agent)}
                onKeyDown={onKeyDown}
              />
            </li>
          );
        })}
      </ul>
    </>
  );
}

/** For a moment a line shows where a card came from. */
function Trails({ crossings, seating }: Pick<CardLayerProps, 'crossings' | 'seating'>) {
  const { card, banks } = seating;
  return (
    <svg className="trails" aria-hidden="true">
      {crossings.map(({ agent, from, to, at }) => {
        const start = from === null ? undefined : banks.get(seatKey(from, agent));
        const end = to === null ? undefined : banks.get(seatKey(to, agent));
        if (start === undefined || end === undefined) return null;
        const x = card.width / 2;
        const y = card.height / 2;
        const middle = (start.x + end.x) / 2 + x;
        return (
          <path
            key={`${agent} ${at}`}
            d={`M${start.x + x} ${start.y + y}C${middle} ${start.y + y} ${middle} ${end.y + y} ${end.x + x} ${end.y + y}`}
          />
        );
      })}
    </svg>
  );
}
