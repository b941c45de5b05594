/**
 * Who sits where: every agent has one seat on each bank, for good. So a card that moves leaves a gap and goes
 * straight to its other seat, and no other card stirs: on a screen of twenty cards only what happens moves.
 *
 *      north bank          river           south bank
 *     ┌──┬──┬──┐                          ┌──┬──┬──┐
 *     │ agents  │       logged out        │ agents  │   first the bank's own agents,
 *     │ of north│          ┌──┐           │ of south│
 *     ├──┼──┼──┤          └──┘           ├──┼──┼──┤
 *     │ guests  │                         │ guests  │   then room for those of the other side
 *     └──┴──┴──┘                          └──┴──┴──┘
 */
import type { BoardAgent } from '@holdfast/protocol';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Left upper corner, in pixels of the stage. */
export interface Seat {
  readonly x: number;
  readonly y: number;
}

/** How much fits on a card. */
export type Density = 'roomy' | 'close' | 'tiny';

export interface Seating {
  /** Of a card on a bank. */
  readonly card: Size;
  /** Of a card in the river: flatter when many stand there. */
  readonly afloat: Size;
  /** Where the river begins, and its width. */
  readonly river: { readonly x: number; readonly width: number };
  /** Every agent's place now. */
  readonly seats: ReadonlyMap<string, Seat>;
  /** All seats of both banks, by `seatKey`. */
  readonly banks: ReadonlyMap<string, Seat>;
}

export const seatKey = (site: string, agent: string): string => `${site} ${agent}`;

export type SeatedAgent = Pick<BoardAgent, 'agent' | 'preferredSite' | 'site'>;

/** More cards than this are no longer cards; those beyond are counted in words. */
export const CARDS_MAX = 400;
const GAP = 8;
/** From here on cards stand closer. */
const MANY = 40;
const INSET = 10;
/** Also the shape that cards keep to while they shrink. */
const CARD_MAX: Size = { width: 128, height: 74 };
/** The river is free a little above the banks' cards, towards its name; its legends reach up among them. */
const RIVER_OVERHANG = { above: 18, below: -24 };
const FLOAT_GAP = 3;
const NAME_HEIGHT = 16;
const RIVER = { share: 0.175, least: 150, most: 260 };

export function seatAgents(
  agents: readonly SeatedAgent[],
  siteNames: readonly [string, string],
  stage: Size,
): Seating {
  const river = riverOf(stage.width);
  const bank: Size = { width: river.x - 2 * INSET, height: stage.height };
  const grid = gridFor(agents.length, bank);
  const seats = new Map<string, Seat>();
  const banks = new Map<string, Seat>();
  siteNames.forEach((site, side) => {
    const left = side === 0 ? INSET : river.x + river.width + INSET;
    ownFirst(agents, site).forEach((agent, index) => {
      const seat = seatAt(index, grid, left);
      banks.set(seatKey(site, agent.agent), seat);
      if (agent.site === site) seats.set(agent.agent, seat);
    });
  });
  const swimmers = agents.filter(({ agent }) => !seats.has(agent));
  const afloat = floatIn(swimmers, river, grid.card, stage.height);
  for (const [agent, seat] of afloat.seats) seats.set(agent, seat);
  return { card: grid.card, afloat: afloat.card, river, seats, banks };
}

function riverOf(width: number): Seating['river'] {
  const riverWidth = Math.round(Math.min(RIVER.most, Math.max(RIVER.least, width * RIVER.share)));
  return { x: Math.round((width - riverWidth) / 2), width: riverWidth };
}

interface Grid {
  readonly columns: number;
  readonly card: Size;
  readonly gap: number;
}

/** The number of columns that leaves most of a card's usual shape. */
function gridFor(count: number, area: Size): Grid {
  const gap = count > MANY ? GAP / 2 : GAP;
  let best: Grid = { columns: 1, card: { width: 0, height: 0 }, gap };
  let bestScale = -1;
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.max(1, Math.ceil(count / columns));
    const width = Math.min(CARD_MAX.width, (area.width - gap * (columns - 1)) / columns);
    const height = Math.min(CARD_MAX.height, (area.height - gap * (rows - 1)) / rows);
    const scale = Math.min(width / CARD_MAX.width, height / CARD_MAX.height);
    if (scale <= bestScale) continue;
    bestScale = scale;
    best = { columns, card: { width: Math.floor(width), height: Math.floor(height) }, gap };
  }
  return best;
}

function ownFirst(agents: readonly SeatedAgent[], site: string): SeatedAgent[] {
  const own = agents.filter(({ preferredSite }) => preferredSite === site);
  return [...own, ...agents.filter(({ preferredSite }) => preferredSite !== site)];
}

function seatAt(index: number, { columns, card, gap }: Grid, left: number): Seat {
  return {
    x: left + (index % columns) * (card.width + gap),
    y: Math.floor(index / columns) * (card.height + gap),
  };
}

/** Cards in the river become flat when there are many, down to the height of a name; only then they overlap. */
function floatIn(
  agents: readonly SeatedAgent[],
  river: Seating['river'],
  card: Size,
  height: number,
): { readonly card: Size; readonly seats: readonly (readonly [string, Seat])[] } {
  const columns = Math.max(1, Math.floor((river.width + GAP) / (card.width + GAP)));
  const rows = Math.ceil(agents.length / columns);
  const whole = Math.max(card.height, height + RIVER_OVERHANG.above + RIVER_OVERHANG.below);
  const share = (whole + FLOAT_GAP) / Math.max(1, rows) - FLOAT_GAP;
  const flat = Math.floor(Math.min(card.height, Math.max(NAME_HEIGHT, share)));
  const pitch = rows < 2 ? 0 : Math.min(flat + GAP, (whole - flat) / (rows - 1));
  const used = Math.min(columns, agents.length);
  const left = river.x + (river.width - used * card.width - (used - 1) * GAP) / 2;
  const top = (whole - flat - pitch * (rows - 1)) / 2 - RIVER_OVERHANG.above;
  return {
    card: { width: card.width, height: flat },
    seats: agents.map(({ agent }, index) => [
      agent,
      {
        x: Math.round(left + (index % columns) * (card.width + GAP)),
        y: Math.round(top + Math.floor(index / columns) * pitch),
      },
    ]),
  };
}

export function densityOf({ width, height }: Size): Density {
  if (width >= 84 && height >= 48) return 'roomy';
  return width >= 56 && height >= 22 ? 'close' : 'tiny';
}
