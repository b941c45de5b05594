import { describe, expect, it } from 'vitest';
import { densityOf, type SeatedAgent, seatAgents, seatKey } from './seating.ts';

const SITES = ['north', 'south'] as const;
const STAGE = { width: 1256, height: 295 };

function people(count: number, siteOf: (home: string, index: number) => string | null): SeatedAgent[] {
  return Array.from({ length: count }, (_, index) => {
    const preferredSite = index % 2 === 0 ? 'north' : 'south';
    return { agent: `agent${7001 + index}`, preferredSite, site: siteOf(preferredSite, index) };
  });
}

describe('seats', () => {
  it.each([2, 20, 100, 400])('%i agents all fit on one bank without touching each other', (count) => {
    const { card, seats, river } = seatAgents(
      people(count, () => 'south'),
      SITES,
      STAGE,
    );
    const places = [...seats.values()];
    expect(places).toHaveLength(count);
    for (const { x, y } of places) {
      expect(x).toBeGreaterThanOrEqual(river.x + river.width);
      expect(x + card.width).toBeLessThanOrEqual(STAGE.width);
      expect(y + card.height).toBeLessThanOrEqual(STAGE.height);
    }
    const overlaps = places.some((a, index) =>
      places.some(
        (b, other) => other > index && Math.abs(a.x - b.x) < card.width && Math.abs(a.y - b.y) < card.height,
      ),
    );
    expect(overlaps).toBe(false);
  });

  it('twenty cards have room for number and word, a hundred for the number', () => {
    const density = (count: number) =>
      densityOf(
        seatAgents(
          people(count, (home) => home),
          SITES,
          STAGE,
        ).card,
      );
    expect(density(20)).toBe('roomy');
    expect(density(100)).toBe('tiny');
  });

  it('when one agent crosses, no other card stirs', () => {
    const before = seatAgents(
      people(20, (home) => home),
      SITES,
      STAGE,
    );
    const after = seatAgents(
      people(20, (home, index) => (index === 4 ? 'south' : home)),
      SITES,
      STAGE,
    );
    const moved = [...after.seats].filter(([agent, seat]) => {
      const former = before.seats.get(agent);
      return former?.x !== seat.x || former.y !== seat.y;
    });
    expect(moved.map(([agent]) => agent)).toEqual(['agent7005']);
    expect(after.seats.get('agent7005')).toEqual(before.banks.get(seatKey('south', 'agent7005')));
  });

  it('who is logged out, or at a site that is no bank, stands in the river', () => {
    const agents = people(20, (home, index) => (index < 9 ? null : index === 9 ? 'west' : home));
    const { seats, river, card } = seatAgents(agents, SITES, STAGE);
    for (const { agent } of agents.slice(0, 10)) {
      const seat = seats.get(agent);
      expect(seat?.x).toBeGreaterThanOrEqual(river.x);
      expect((seat?.x ?? 0) + card.width).toBeLessThanOrEqual(river.x + river.width);
    }
  });

  it('twenty in the river become flat, so that each name can be read', () => {
    const { seats, afloat, card } = seatAgents(
      people(20, () => null),
      SITES,
      STAGE,
    );
    expect(afloat.height).toBeLessThan(card.height);
    expect(densityOf(afloat)).toBe('close');
    const rows = [...new Set([...seats.values()].map(({ y }) => y))].sort((a, b) => a - b);
    for (const [index, y] of rows.slice(1).entries())
      expect(y - (rows[index] ?? 0)).toBeGreaterThanOrEqual(afloat.height);
  });

  it('a whole river of agents stays within the picture and no two stand on the same spot', () => {
    const { seats, afloat } = seatAgents(
      people(100, () => null),
      SITES,
      STAGE,
    );
    const spots = new Set([...seats.values()].map(({ x, y }) => `${x} ${y}`));
    expect(spots.size).toBe(100);
    for (const { y } of seats.values()) expect(y + afloat.height).toBeLessThanOrEqual(STAGE.height + 10);
  });

  it('no agents, no seats', () => {
    expect(seatAgents([], SITES, STAGE).seats.size).toBe(0);
  });
});
