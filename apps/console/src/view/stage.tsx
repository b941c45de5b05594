/**
 * Two banks and a river. Banks and river lie in three columns; the cards lie in one layer above all three, so
 * that a card which changes banks really crosses the water.
 */

import type { BoardSite, BoardSnapshot, SiteCommand } from '@holdfast/protocol';
import { useElementSize } from '@mantine/hooks';
import { useMemo } from 'react';
import type { BoardState } from '../state/board.ts';
import { CARDS_MAX, seatAgents } from '../state/seating.ts';
import { Bank } from './bank.tsx';
import { CardLayer } from './card-layer.tsx';
import { Queues } from './queues.tsx';
import { River } from './river.tsx';

export interface StageProps {
  readonly board: BoardState;
  readonly snapshot: BoardSnapshot;
  /** The lab's wall clock, ms. */
  readonly now: number;
  readonly selected: string | null;
  readonly onSelect: (agent: string | null) => void;
  readonly onPress: (command: SiteCommand) => void;
}

export function Stage({ board, snapshot, now, selected, onSelect, onPress }: StageProps) {
  const { ref, width, height } = useElementSize();
  const [left, right] = snapshot.sites;
  const agents = useMemo(() => snapshot.agents.slice(0, CARDS_MAX), [snapshot.agents]);
  const seating = useMemo(
    () => seatAgents(agents, [left?.site ?? '', right?.site ?? ''], { width, height }),
    [agents, left?.site, right?.site, width, height],
  );
  const bank = (site: BoardSite) => (
    <Bank
      site={site}
      agents={snapshot.agents}
      sites={snapshot.sites}
      now={now}
      isLive={board.link.name === 'live'}
      pending={board.pending[site.site]?.command}
      onPress={(type) => onPress({ type, site: site.site })}
    >
      <Queues site={site} now={now} />
    </Bank>
  );
  const swimming = snapshot.agents.filter(
    ({ site }) => snapshot.sites.every((other) => other.site !== site) || site === null,
  ).length;
  return (
    <section
      className="stage"
      style={{ gridTemplateColumns: `minmax(0, 1fr) ${seating.river.width}px minmax(0, 1fr)` }}
    >
      {left === undefined ? null : bank(left)}
      <River count={swimming} hidden={snapshot.agents.length - agents.length} />
      {right === undefined ? null : bank(right)}
      <div className="stage-water" ref={ref}>
        {width === 0 ? null : (
          <CardLayer
            agents={agents}
            sites={snapshot.sites}
            seating={seating}
            crossings={board.crossings}
            now={now}
            selected={selected}
            onSelect={onSelect}
          />
        )}
      </div>
    </section>
  );
}
