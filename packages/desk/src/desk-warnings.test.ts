/** What a desk tells its agent about the configuration and about servers that do not belong where they stand. */
import { describe, expect, it } from 'vitest';
import { World } from './test-world.ts';
import { AT_RISK } from './texts.ts';

const SEATLESS = 'The Place "P1" has no Extension at site "south". Give it one.';
const UNKNOWN = 'Group sales names site "west" in disaster-recovery.peer-site. Correct the name.';

const WRONG = { kind: 'sites', text: UNKNOWN } as const;

describe('warnings of the configuration', () => {
  it('[DS22] the agent reads one plain sentence for each kind, the administrator every object and remedy', () => {
    const kinds = ['oneSite', 'sites', 'phone', 'lease', 'options'] as const;
    const world = new World();
    const warnings = kinds.flatMap((kind) =>
      [1, 2].map((n) => ({ kind, text: `Object ${kind} ${n}. Mend it.` })),
    );
    for (const site of [world.north, world.south]) site.configuration = { ...site.configuration, warnings };
    world.run(1_000);
    expect(world.view?.warnings).toEqual(kinds.map((kind) => AT_RISK[kind]));
    expect(world.view?.problems).toEqual(warnings.map(({ text }) => text));
    // Plain words: no option, no object, no rule, and whom to tell.
    for (const text of Object.values(AT_RISK))
      expect(text).toMatch(/^[A-Z][^"/()_]*\. Tell your administrator\.$/);
  });

  it('[DS22] are those of the configuration that was read last: new ones are shown, mended ones go', () => {
    const world = new World({ warnings: [SEATLESS] }).tell({ type: 'ready' }).run(1_000);
    expect(world.view).toMatchObject({ warnings: [AT_RISK.oneSite], problems: [SEATLESS] });
    for (const site of [world.north, world.south])
      site.configuration = { ...site.configuration, warnings: [WRONG, WRONG] };
    world.kill('north', 'config').run(500).start('north', 'config').run(5_000);
    expect(world.view).toMatchObject({ warnings: [AT_RISK.sites], problems: [UNKNOWN] });
    const told = world.effectsOf('log').filter(({ line }) => line.because === UNKNOWN);
    expect(told).toHaveLength(1);
  });
});

describe.each([['interaction-workspace'], ['agent-desktop']] as const)('in the family %s', (family) => {
  const text = (host: string, site: string) =>
    expect.stringMatching(
      new RegExp(`^The server ${host}:\\d .* of site west, .* has it at site ${site}\\.`),
    );

  it('[DS3] a SIP Server of another site is not used and named, and the agent works at the other site', () => {
    const world = new World({ family });
    world.north.says = 'west';
    world.tell({ type: 'ready' }).run(30_000);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'south' });
    expect(world.north.requests('AgentLogin')).toEqual([]);
    expect(world.north.requests('RegisterAddress')).toEqual([]);
    expect(world.view?.problems).toContainEqual(text('north-sip', 'north'));
    expect(world.view?.warnings).toEqual([AT_RISK.server]);
    // Not at each attempt, but once for each reading of the configuration.
    const read = world.north.requests('LogIn').length + world.north.requests('LogInByToken').length;
    const told = world.effectsOf('log').filter(({ line }) => /north-sip/.test(line.because ?? ''));
    expect(told.length).toBeLessThanOrEqual(read + world.south.requests('LogInByToken').length);
  });

  it('[DS3] neither is a Configuration Server or a Stat Server, once the sites are known', () => {
    const world = new World({ family }).tell({ type: 'ready' }).run(1_000);
    const before = world.north.requests('LogInByToken').length;
    world.north.says = 'west';
    world.kill('north', 'config', 'stat').run(500).start('north', 'config', 'stat').run(4_000);
    expect(world.north.requests('LogInByToken')).toHaveLength(before);
    expect(world.view?.problems).toContainEqual(text('north-config', 'north'));
    expect(world.view?.problems).toContainEqual(text('north-stat', 'north'));
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    // Set right, it serves again.
    world.north.says = 'north';
    world.run(12_000);
    expect(world.link('configuration')).toMatchObject({ state: 'on' });
    expect(world.view).toMatchObject({ warnings: [], problems: [] });
  });
});

it('[DS3] what says another site each time fills no memory', () => {
  const world = new World().tell({ type: 'ready' }).run(1_000).kill('north', 'stat');
  for (let n = 0; n < 40; n++) {
    world.north.says = `site-${n}`;
    world.start('north', 'stat').run(1_500).kill('north', 'stat').run(10);
  }
  expect(world.view?.problems.filter((one) => one.includes('north-stat')).length).toBeLessThanOrEqual(16);
});
