import { describe, expect, it } from 'vitest';
import { marksInWords } from '../agent-texts.ts';
import { linkMarks, markState } from './link-marks.ts';
import { testAgent, testLink, testSites } from './test-agent.ts';

const SITES = testSites();

describe('the marks of an agent’s links', () => {
  it.each([
    ['on', 'green', 'on'],
    ['on', 'yellow', 'doubt'],
    ['connecting', 'yellow', 'trying'],
    ['off', 'red', 'lost'],
  ] as const)('%s and %s is drawn as %s', (state, health, mark) => {
    expect(markState({ state, health })).toBe(mark);
  });

  it('are one for each kind, in the same order for everybody', () => {
    const marks = linkMarks(testAgent({ links: testAgent().links.toReversed() }), SITES);
    expect(marks.map(({ kind, towards }) => [kind, towards])).toEqual([
      ['telephony', null],
      ['configuration', null],
      ['statistics', null],
    ]);
  });

  it('of two telephony links show the one to the bank of the card, also when it is the worse', () => {
    const lost = testLink('telephony', 'north', { state: 'off', health: 'red' });
    const links = [testLink('telephony', 'south'), lost];
    expect(linkMarks(testAgent({ links }), SITES)[0]?.state).toBe('lost');
    expect(linkMarks(testAgent({ links, site: 'south' }), SITES)[0]?.state).toBe('on');
    expect(linkMarks(testAgent({ links, site: null }), SITES)[0]).toMatchObject({
      state: 'on',
      towards: null,
    });
  });

  it('point to the bank where a link stands alone', () => {
    const at = (site: string) =>
      linkMarks(
        testAgent({ site, links: [testLink('configuration', site === 'north' ? 'south' : 'north')] }),
        SITES,
      );
    expect(at('north')[0]?.towards).toBe('right');
    expect(at('south')[0]?.towards).toBe('left');
    expect(marksInWords(at('north'))).toBe('configuration on at south');
  });

  it('there is none for a link that the desk does not have, or has not placed yet', () => {
    const links = [testLink('configuration', '', { state: 'connecting', health: 'yellow' })];
    expect(linkMarks(testAgent({ links }), SITES)).toEqual([
      { kind: 'configuration', state: 'trying', site: '', towards: null },
    ]);
  });
});
