import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deskConfiguration } from '../test-configuration.ts';
import { type Bootstrap, type BootstrapReading, describeProblem } from './bootstrap.ts';
import { writeBootstrapJson } from './bootstrap-json.ts';
import { BOOTSTRAP_BYTES_MAX, readBootstrap } from './read-bootstrap.ts';
import { renewBootstrap } from './renew-bootstrap.ts';

const encoder = new TextEncoder();
const read = (text: string) => readBootstrap(encoder.encode(text));

const SETTINGS = {
  'login.url': 'tcp://Main/Workspace',
  'login.nodes.preferred-site.Main': '[csp1:2020][csp2:2020],Timeout=10',
  'login.nodes.peer-site.Main': '[csp3:2020][csp4:2020],Timeout=15',
};

function xml(settings: Record<string, string> = SETTINGS): string {
  const lines = Object.entries(settings).map(([key, value]) => `    <add key="${key}" value="${value}" />`);
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<configuration>',
    '  <appSettings>',
    '    <add key="other.program" value="is none of ours" />',
    ...lines,
    '  </appSettings>',
    '</configuration>',
  ].join('\n');
}

const JSON_FORM = {
  environment: 'Main',
  hotSeating: true,
  sites: {
    preferred: {
      application: 'desktop-north',
      applicationType: 'ThirdPartyApplication',
      place: 'place-1-north',
      nodes: ['csp1:2020', '[::1]:2021'],
      timeout: 10,
    },
    peer: {
      application: 'desktop-south',
      applicationType: 'ThirdPartyApplication',
      place: 'place-1-south',
      nodes: ['csp3:2020'],
    },
  },
};

function sound(reading: BootstrapReading): Bootstrap {
  if (!reading.ok)
    throw new Error(reading.problems.map((problem) => describeProblem('file', problem)).join('; '));
  return reading.bootstrap;
}

function problems(reading: BootstrapReading): string {
  const found = reading.ok ? reading.warnings : reading.problems;
  return found.map((problem) => describeProblem('file', problem)).join('\n');
}

describe('the bootstrap file', () => {
  it('[DS5] a pair at each site, primary first, with its pause', () => {
    expect(sound(read(xml()))).toMatchObject({
      environment: 'Main',
      preferred: {
        application: 'Workspace',
        form: 'pair',
        nodes: [
          { host: 'csp1', port: 2020 },
          { host: 'csp2', port: 2020 },
        ],
        timeoutMs: 10_000,
      },
      peer: { nodes: [{ host: 'csp3' }, { host: 'csp4' }], timeoutMs: 15_000 },
    });
  });

  it('[DS5] a cluster at each site', () => {
    const text = xml().replaceAll('login.nodes', 'login.cluster.nodes');
    expect(sound(read(text))).toMatchObject({ preferred: { form: 'cluster' }, peer: { form: 'cluster' } });
  });

  it('[DS20] the local data of a third-party desktop: application and place for both sites, hot seating', () => {
    expect(sound(read(JSON.stringify(JSON_FORM)))).toMatchObject({
      hotSeating: true,
      preferred: {
        application: 'desktop-north',
        place: 'place-1-north',
        nodes: [
          { host: 'csp1', port: 2020 },
          { host: '::1', port: 2021 },
        ],
      },
      peer: { application: 'desktop-south', place: 'place-1-south', timeoutMs: undefined },
    });
  });

  it('[DS20] the same in the appSettings: hot seating and an embedded endpoint have keys of their own', () => {
    const both = { ...SETTINGS, 'login.hotSeating': 'true', 'login.embeddedEndpoint': 'True' };
    const reading = read(xml(both));
    expect(sound(reading)).toMatchObject({ hotSeating: true, embeddedEndpoint: true });
    expect(problems(reading)).toBe('');
    const neither = { ...SETTINGS, 'login.hotSeating': 'false' };
    expect(sound(read(xml(neither)))).toMatchObject({ hotSeating: false, embeddedEndpoint: false });
  });

  it('[DS20] what is written is read as the same, whatever it is', () => {
    const site = fc.record({
      site: fc.option(fc.constantFrom('north', 'south'), { nil: undefined }),
      application: fc.string({ minLength: 1, maxLength: 20 }),
      applicationType: fc.constant('Workspace' as const),
      place: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
      form: fc.constantFrom('pair' as const, 'cluster' as const),
      nodes: fc.array(
        fc.record({
          host: fc.constantFrom('csp1', '10.0.0.1', '::1'),
          port: fc.integer({ min: 1, max: 65_535 }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
      timeoutMs: fc.option(
        fc.integer({ min: 1, max: 3_600 }).map((s) => s * 1000),
        { nil: undefined },
      ),
    });
    const bootstrap = fc.record({
      environment: fc.string({ minLength: 1, maxLength: 20 }),
      hotSeating: fc.boolean(),
      embeddedEndpoint: fc.boolean(),
      preferred: site,
      peer: fc.option(site, { nil: undefined }),
    });
    fc.assert(
      fc.property(bootstrap, (one) => {
        expect(sound(read(writeBootstrapJson(one)))).toEqual(one);
      }),
      { numRuns: 200, seed: 20 },
    );
  });

  it.each([
    ['login.nodes.peer-site.Main, missing', xml({ ...SETTINGS, 'login.nodes.peer-site.Main': '' }), 'line 7'],
    ['no port', xml({ ...SETTINGS, 'login.nodes.peer-site.Main': '[csp3]' }), '[host:port]'],
    [
      'a port out of range',
      xml({ ...SETTINGS, 'login.nodes.peer-site.Main': '[csp3:70000]' }),
      'port from 1 to 65535',
    ],
    [
      'a time-out in words',
      xml({ ...SETTINGS, 'login.nodes.peer-site.Main': '[a:1],Timeout=ten' }),
      'Timeout=seconds',
    ],
    ['no login.url', xml({}), 'login.url: It is missing'],
    [
      'another scheme',
      xml({ ...SETTINGS, 'login.url': 'http://Main/Workspace' }),
      'tcp://environment/application',
    ],
    [
      'pair and cluster',
      xml({ ...SETTINGS, 'login.cluster.nodes.peer-site.Main': '[a:1]' }),
      'line 8, login.cluster.nodes.peer-site.Main: login.nodes.peer-site.Main is set too',
    ],
    [
      'hot seating neither true nor false',
      xml({ ...SETTINGS, 'login.hotSeating': 'yes' }),
      'line 8, login.hotSeating: "yes" must be true or false',
    ],
    [
      'an embedded endpoint without a value',
      xml({ ...SETTINGS, 'login.embeddedEndpoint': '' }),
      'login.embeddedEndpoint: "" must be true or false',
    ],
    ['a tag that is not closed', xml().replace('</appSettings>', ''), 'no sound XML'],
    [
      'a key that stands twice',
      xml().replace('login.nodes.peer-site', 'login.nodes.preferred-site'),
      'stands twice',
    ],
    [
      'an entity bomb',
      `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "${'x'.repeat(100)}"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>`,
      'document type is not allowed',
    ],
    ['an unknown entity', xml({ ...SETTINGS, 'login.url': 'tcp://&bomb;/Workspace' }), 'no sound XML'],
    ['another encoding', xml().replace('utf-8', 'iso-8859-1'), 'Save it as UTF-8'],
    ['JSON cut off', JSON.stringify(JSON_FORM, null, 1).slice(0, 80), 'line 6: This is no sound JSON: '],
    [
      'a comma too many',
      JSON.stringify(JSON_FORM, null, 1).replace('"hotSeating": true,', '"hotSeating": true,,'),
      'line 3: This is no sound JSON: a key in quotes is needed, and , stands there.',
    ],
    [
      'a colon forgotten',
      JSON.stringify(JSON_FORM, null, 1).replace('"hotSeating":', '"hotSeating"'),
      'line 3: This is no sound JSON: a colon is needed, and true, stands there.',
    ],
    ['too deep', '['.repeat(100_000), 'more than 8 levels deep'],
    [
      'a key that stands twice in JSON',
      JSON.stringify(JSON_FORM, null, 1).replace('"sites"', '"hotSeating": false,\n"sites"'),
      'line 4, hotSeating: This key stands twice. Remove one.',
    ],
    [
      'an unknown key',
      JSON.stringify({ ...JSON_FORM, hotseating: true }, null, 1),
      'hotseating: There is no such key; allowed here are environment, hotSeating, embeddedEndpoint, sites. Correct or remove it.',
    ],
    [
      'an unknown key of a site',
      JSON.stringify(JSON_FORM, null, 1).replace('"application": "desktop-south"', '"app": "desktop-south"'),
      'line 16, sites.peer.app: There is no such key; allowed here are site, application, applicationType,',
    ],
    [
      'an unknown site',
      JSON.stringify(JSON_FORM, null, 1).replace('"peer"', '"other"'),
      'sites.other: There is no such key; allowed here are preferred, peer.',
    ],
    [
      'two families',
      JSON.stringify(JSON_FORM, null, 1).replace(/ThirdPartyApplication(?![\s\S]*ThirdParty)/, 'Workspace'),
      'sites.peer.applicationType: It must be ThirdPartyApplication',
    ],
    ['nothing', '  ', 'empty'],
  ])('a mistake is named with line, key and what is allowed: %s', (_, text, words) => {
    const reading = read(text);
    expect(reading.ok).toBe(false);
    expect(problems(reading)).toContain(words);
  });

  it('bytes that are no UTF-8, and too many of them', () => {
    for (const bytes of [
      [0xff, 0xfe, 0x3c, 0],
      [0xfe, 0xff, 0, 0x3c],
      [0x7b, 0, 0x22, 0],
      [0, 0x3c, 0, 0x3f],
    ])
      expect(problems(readBootstrap(Uint8Array.from(bytes))), String(bytes)).toContain('UTF-16');
    expect(problems(readBootstrap(Uint8Array.of(0x3c, 0x61, 0xe4, 0x3e)))).toContain(
      'line 1: The file holds bytes',
    );
    expect(problems(readBootstrap(new Uint8Array(BOOTSTRAP_BYTES_MAX + 1)))).toContain('at most 262144');
  });

  it('[DS22] one site only, and keys of another environment, are told, and the rest is used', () => {
    const { 'login.nodes.peer-site.Main': _, ...one } = SETTINGS;
    const reading = read(xml({ ...one, 'login.nodes.peer-site.Other': '[csp3:2020]' }));
    expect(reading.ok && reading.bootstrap.peer).toBeUndefined();
    expect(problems(reading)).toContain('login.nodes.peer-site.Main: It is missing');
    expect(problems(reading)).toContain('line 7, login.nodes.peer-site.Other: This key is not read');
  });

  it('a missing key is named with what is needed, and of very many mistakes the first are told', () => {
    const { environment: _, ...rest } = JSON_FORM;
    expect(problems(read(JSON.stringify(rest)))).toContain(
      'line 1, environment: It is missing: a string is needed.',
    );
    const many = Array.from({ length: 20_000 }, (_, n) => n);
    const keys = `"x": 1, "x": 1, ${many.map((n) => `"${n}": 1`).join(', ')}`;
    for (const text of [
      JSON.stringify({ ...JSON_FORM, sites: { preferred: { ...JSON_FORM.sites.preferred, nodes: many } } }),
      `{${keys}, "environment": "Main"}`,
      `{${'"x": 1, '.repeat(20_000)} "environment": "Main"}`,
    ]) {
      const reading = read(text);
      expect(reading.ok ? 0 : reading.problems.length).toBeGreaterThan(0);
      expect(reading.ok ? 99 : reading.problems.length).toBeLessThanOrEqual(20);
    }
  });

  it('[DS22] the record of one site that is a copy of the other is told, in either form', () => {
    const { preferred } = JSON_FORM.sites;
    const copied = read(JSON.stringify({ ...JSON_FORM, sites: { preferred, peer: preferred } }, null, 1));
    expect(sound(copied).peer).toMatchObject({ application: 'desktop-north' });
    const lines = problems(copied).split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('sites.peer.nodes: csp1:2020, ::1:2021 stands at the preferred site too');
    expect(lines[1]).toContain(
      'sites.peer.application: "desktop-north", with the place "place-1-north", is that of the preferred site',
    );
    const same = { ...SETTINGS, 'login.nodes.peer-site.Main': '[csp2:2020]' };
    expect(problems(read(xml(same)))).toMatch(
      /^file, line 7, login\.nodes\.peer-site\.Main: csp2:2020 stands at the preferred site too/,
    );
    const cluster = xml(same).replaceAll('login.nodes', 'login.cluster.nodes');
    expect(problems(read(cluster))).toContain('line 7, login.cluster.nodes.peer-site.Main: csp2:2020');
    expect(problems(read(JSON.stringify(JSON_FORM)))).toBe('');
    expect(problems(read(xml()))).toBe('');
  });

  it('never throws and never hangs, whatever the bytes are', () => {
    const texts = [xml(), JSON.stringify(JSON_FORM, null, 1)];
    const damaged = fc
      .tuple(fc.constantFrom(...texts), fc.nat(900), fc.string({ maxLength: 4 }), fc.nat(6))
      .map(([text, at, put, cut]) => {
        return encoder.encode(text.slice(0, at) + put + text.slice(at + cut));
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const reading = readBootstrap(bytes);
        if (!reading.ok) expect(reading.problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000, seed: 4 },
    );
  });
});

describe('renewal from the configuration', () => {
  const configuration = deskConfiguration({});

  it("[DS20] the lists are those of the configuration, the agent's preferred site first", () => {
    const old = sound(read(xml()));
    const renewed = renewBootstrap(old, configuration);
    expect(renewed.preferred).toMatchObject({
      site: 'north',
      nodes: [{ host: 'north-config' }],
    });
    expect(renewed.peer).toMatchObject({ site: 'south', nodes: [{ host: 'south-config' }] });
    const turned = { ...configuration, sites: configuration.sites.toReversed() };
    expect(renewBootstrap(renewed, turned)).toEqual({
      ...renewed,
      preferred: renewed.peer,
      peer: renewed.preferred,
    });
  });

  it('[DS5] the Timeout stays as the file has it, whatever pause the configuration sets', () => {
    const sites = configuration.sites.map((site) => {
      const servers = { ...site.configuration, reconnectPauseMs: 40_000, reconnectPauseSource: 'Person/ada' };
      return { ...site, configuration: servers };
    });
    const renewed = renewBootstrap(sound(read(xml())), { ...configuration, sites });
    expect([renewed.preferred.timeoutMs, renewed.peer?.timeoutMs]).toEqual([10_000, 15_000]);
  });

  it('[DS20] with hot seating the order of the file stays, and each list is renewed', () => {
    const known = renewBootstrap({ ...sound(read(xml())) }, configuration);
    const hot = { ...known, hotSeating: true };
    const turned = { ...configuration, sites: configuration.sites.toReversed() };
    expect(renewBootstrap(hot, turned)).toEqual(hot);
  });

  it('[DS20] an agent of one site keeps the other list for the next', () => {
    const known = renewBootstrap(sound(read(xml())), configuration);
    const one = { ...configuration, sites: configuration.sites.slice(1) };
    expect(renewBootstrap(known, one)).toMatchObject({
      preferred: { site: 'south' },
      peer: { site: 'north' },
    });
  });

  it('[DS21] each record keeps its place, also where hosts are named otherwise and the agent prefers the second', () => {
    const file = sound(read(JSON.stringify({ ...JSON_FORM, hotSeating: false })));
    const desktops = configuration.sites.map((site) => ({ ...site, application: `desktop-${site.site}` }));
    const turned = { ...configuration, sites: desktops.toReversed() };
    const renewed = renewBootstrap(file, turned);
    expect(renewed).toMatchObject({
      preferred: { site: 'south', place: 'place-1-south' },
      peer: { site: 'north', place: 'place-1-north' },
    });
    expect(renewBootstrap(renewed, turned)).toEqual(renewed);
  });
});
