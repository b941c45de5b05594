import { expect, test } from 'vitest';
import { World } from './test-world.ts';

test('[DK1] what cannot be dialled is asked of no site, and the agent is told', () => {
  const world = new World().tell({ type: 'ready' }).run(1_000);
  const asked = ['MakeCall', 'SingleStepTransfer', 'InitiateTransfer'] as const;
  for (const destination of ['', '030 123', '1@h SIP/2.0\r\nX:']) {
    world.tell({ type: 'call', destination });
    world.tell({ type: 'transfer', ConnID: 'c1', destination });
    world.tell({ type: 'consult', ConnID: 'c1', destination }).run(100);
    expect(world.view?.notice).toContain(`"${destination}" cannot be called: a number is`);
  }
  expect(asked.flatMap((type) => world.north.requests(type))).toEqual([]);
  world.tell({ type: 'call', destination: '*21#' }).run(100);
  expect(world.north.requests('MakeCall')).toMatchObject([{ destination: '*21#' }]);
});
