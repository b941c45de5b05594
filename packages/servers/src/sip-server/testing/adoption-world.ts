/** A call of north that ada, whose phone is at both sites, has answered; the death of north; and her log-in at south. */
import { must } from '@holdfast/kernel';
import { expect } from 'vitest';
import { CALLER_NUMBER } from './centre-world.ts';
import type { Desk } from './desk.ts';
import { callerAt } from './people.ts';
import { GATEWAY } from './server-site.ts';
import { SOUTH, type TwoSites, type TwoSitesOptions, twoSites } from './two-sites.ts';

/** Ada's phone at both sites, and a call to the queue of north that she has answered there. */
export function talking(more: TwoSitesOptions = {}) {
  const sites = twoSites({ isLed: true, ...more });
  const { world, north } = sites;
  const ada = sites.phone('7001').tell({ name: 'answerAfter', ms: 500 });
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  const deskAtNorth = sites.desk(north, 'ada', '7001');
  expect(deskAtNorth.login('7001')).toBe('EventAgentLogin');
  caller.tell({ name: 'call', to: '8000' });
  world.run(3_000);
  expect(ada.news()).toContain('established');
  caller.news();
  return { ...sites, ada, caller, deskAtNorth };
}

/** All of north at once: nobody hears of it any more. */
export function die({ world, north }: Pick<TwoSites, 'world' | 'north'>): void {
  world.cut.add(north.host);
  world.remove(north.host);
}

/** A login there, by default with a higher epoch. */
export function logsInAtSouth(sites: Pick<TwoSites, 'world' | 'south' | 'desk'>, number?: number): Desk {
  const desk = sites.desk(sites.south, 'ada', '7001', 'the desk at south');
  desk.login('7001', number === undefined ? {} : { number });
  sites.world.run(500);
  return desk;
}

export function connIdOf(desk: Desk): string {
  const established = desk.events.find(({ name }) => name === 'EventEstablished');
  return must(established?.attributes.ConnID, 'a call has one');
}

/** Methods that south has sent since, ACK apart. */
export function asked({ world }: Pick<TwoSites, 'world'>): string[] {
  return (world.packets ?? [])
    .flatMap(({ from, to, message }) =>
      from === SOUTH && message.kind === 'request' ? [`${message.method} ${to}`] : [],
    )
    .filter((each) => !each.startsWith('ACK'))
    .sort();
}
