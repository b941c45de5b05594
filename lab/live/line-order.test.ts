import type { EventMessage } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { orderOfLine } from './line-order.ts';

function told(name: EventMessage['name'], calls: string, queue = '8000'): EventMessage[] {
  return [...calls].map((call, index) => ({
    type: 'Event',
    name,
    position: { epoch: 1, number: index + 1 },
    time: 0,
    attributes: { ThisDN: queue, ConnID: call, Server: 'sip-north' },
  }));
}

test('callers are offered at the other site in the order in which they came, each counted once', () => {
  const came = told('EventQueued', 'abcd');
  expect(orderOfLine('8000', came, told('EventDiverted', 'abcd'))).toEqual({
    came: 4,
    offered: 4,
    overtaken: 0,
  });
  // Offered again after nobody answered; another queue; a caller who came to the other site.
  const then = [
    ...told('EventDiverted', 'aba'),
    ...told('EventDiverted', 'dc', '8001'),
    ...told('EventDiverted', 'zcd'),
  ];
  expect(orderOfLine('8000', came, then)).toEqual({ came: 4, offered: 4, overtaken: 0 });
});

test('whoever is offered after somebody who had come later was overtaken, and who is never offered is missed', () => {
  const came = told('EventQueued', 'abcd');
  expect(orderOfLine('8000', came, told('EventDiverted', 'bacd')).overtaken).toBe(1);
  expect(orderOfLine('8000', came, told('EventDiverted', 'dabc')).overtaken).toBe(3);
  expect(orderOfLine('8000', came, told('EventDiverted', 'abc')).offered).toBe(3);
});
