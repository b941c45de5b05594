import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ConfigFile } from './read-objects.ts';
import { changed, type Fields, load, problemsOf, sampleFiles, withOption } from './test-configuration.ts';

test('[CF1] all problems of all files are reported at once, each with file, object, field, value and remedy', () => {
  const files = changed('applications', 'sip-north', (sip) => {
    sip.ports = { default: '70000' };
    sip.color = 'red';
  });
  const more = changed('persons', 'agent7001', (person) => {
    person.rank = 'boss';
    delete person.tenant;
  });
  const agents = more.find(({ file }) => file === 'agents.yaml') as ConfigFile;
  const loaded = load([...files.filter(({ file }) => file !== 'agents.yaml'), agents]);
  if (loaded.ok) throw new Error('was loaded');
  const fields = loaded.problems.map(({ file, object, field }) => `${file} ${object} ${field}`);
  expect(fields).toContain('servers.yaml Application/sip-north ports.default');
  expect(fields).toContain('servers.yaml Application/sip-north ');
  expect(fields).toContain('agents.yaml Person/agent7001 rank');
  expect(fields).toContain('agents.yaml Person/agent7001 tenant');
  const rank = loaded.problems.find(({ field }) => field === 'rank');
  expect(rank?.value).toBe('boss');
  expect(rank?.text).toContain('supervisor');
  expect(loaded.problems.find(({ field }) => field === '')?.text).toContain('color');
});

test.each([
  ['a list', []],
  ['text', 'hello'],
  ['an unknown list', { widgets: [] }],
  ['an inherited name', JSON.parse('{"constructor": []}')],
  ['no list below a name', { dns: 'x' }],
])('[CF1] a file that holds %s is refused and named', (_, data) => {
  const loaded = load([{ file: 'odd.yaml', data }]);
  expect(loaded.ok).toBe(false);
  if (!loaded.ok) expect(loaded.problems[0]?.file).toBe('odd.yaml');
});

test('[CF1] whatever stands in a file, reading it ends with a result', () => {
  const lists = fc.constantFrom(
    'tenants',
    'hosts',
    'applications',
    'switches',
    'dns',
    'places',
    'agentLogins',
    'persons',
    'agentGroups',
    'keys',
  );
  const object = fc.dictionary(
    fc.constantFrom(
      'name',
      'number',
      'switch',
      'type',
      'options',
      'dns',
      'members',
      'ports',
      'digest',
      'connections',
      '__proto__',
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(
      fc.dictionary(lists, fc.array(fc.oneof(object, fc.jsonValue()), { maxLength: 4 })),
      (data) => {
        const loaded = load([{ file: 'f', data }]);
        if (!loaded.ok) expect(loaded.problems.length).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300 },
  );
});

test('[CF1] a file full of mistakes is reported up to a bound', () => {
  const loaded = load([{ file: 'f', data: { persons: Array.from({ length: 5_000 }, () => ({})) } }]);
  if (loaded.ok) throw new Error('was loaded');
  expect(loaded.problems.length).toBe(201);
  expect(loaded.problems.at(-1)?.text).toContain('more like these');
});

test('[CF2] a second object of the same name is refused, and the file of the first is named', () => {
  const twice = { file: 'more.yaml', data: { tenants: [{ name: 'holdfast' }] } };
  expect(problemsOf([...sampleFiles(), twice])).toEqual([
    'Tenant/holdfast: A second object of this name; the first is in tenant.yaml. Rename or remove one.',
  ]);
});

test.each([
  ['applications', 'sip-north', 'host', 'nowhere', 'There is no Host "nowhere"'],
  ['applications', 'sip-north', 'switch', 'west', 'There is no Switch "west"'],
  ['applications', 'sip-north', 'backup', 'sip-b', 'There is no Application "sip-b"'],
  ['applications', 'sip-north', 'backup', 'config-north', 'must be another Application of type SIPServer'],
  [
    'applications',
    'workspace',
    'connections',
    [{ server: 'sip-west' }],
    'There is no Application "sip-west"',
  ],
  ['applications', 'workspace', 'connections', [{ server: 'workspace' }], 'takes no connections'],
  ['applications', 'workspace', 'connections', [{ server: 'sip-north', port: 'x' }], 'has no port "x"'],
  ['persons', 'agent7001', 'tenant', 'x', 'There is no Tenant "x"'],
  ['persons', 'agent7001', 'defaultPlace', 'x', 'There is no Place "x"'],
  ['persons', 'agent7001', 'agentLogins', ['1@north'], 'There is no AgentLogin "1@north"'],
  ['agentGroups', 'sales', 'members', ['nobody'], 'There is no Person "nobody"'],
  ['agentGroups', 'sales', 'originationDNs', ['7001@north'], 'is no ACDQueue or RoutingPoint'],
  ['places', 'place-7001', 'dns', ['1234@north'], 'There is no DN "1234@north"'],
])('[CF3] a wrong reference is refused: %s %s %s', (list, name, field, value, text) => {
  const problems = problemsOf(
    changed(list, name, (object) => {
      object[field] = value;
    }),
  );
  expect(problems.join('\n')).toContain(text);
});

test('[CF4] a DN in two Places, and a queue or trunk in one, are refused', () => {
  const twice = problemsOf(
    changed('places', 'place-7002', (place) => {
      place.dns = ['7001@north', '8000@north', 'trunk-north@north'];
    }),
  );
  expect(twice).toEqual([
    'Place/place-7002: dns.0: This DN is already in Place "place-7001". A DN is in at most one Place: remove it from one.',
    "Place/place-7002: dns.1: A DN of type ACDQueue cannot be in a Place. Remove it; only an Extension is a seat's phone.",
    "Place/place-7002: dns.2: A DN of type Trunk cannot be in a Place. Remove it; only an Extension is a seat's phone.",
  ]);
});

test('[CF7] the revision depends on the objects alone', () => {
  const straight = load(sampleFiles());
  const files = sampleFiles().map(({ file, data }) => {
    const lists = Object.entries(data as Record<string, Fields[]>).map(([list, objects]) => [
      list,
      [...objects].reverse().map((object) => Object.fromEntries(Object.entries(object).reverse())),
    ]);
    return { file: `x-${file}`, data: Object.fromEntries(lists.reverse()) };
  });
  const turned = load(files.reverse());
  const other = load(
    withOption('persons', 'agent7001', 'interaction-workspace', 'disaster-recovery.timeout', '11'),
  );
  if (!straight.ok || !turned.ok || !other.ok) throw new Error('does not load');
  expect(turned.configuration.revision).toBe(straight.configuration.revision);
  expect(other.configuration.revision).not.toBe(straight.configuration.revision);
});

test('[CF8] a server without host, port or site, on a used port or at a used switch is refused', () => {
  const without = (field: string) =>
    problemsOf(
      changed('applications', 'sip-north', (object) => {
        delete object[field];
      }),
    ).join('\n');
  expect(without('host')).toContain('A server needs a Host');
  expect(without('ports')).toContain('A server needs a port "default"');
  expect(without('options')).toContain('needs the name of its site');
  expect(without('switch')).toContain('needs the Switch that it controls');
  expect(
    problemsOf(withOption('applications', 'sip-south', 'TServer', 'sip-port', '5160')).join('\n'),
  ).toContain('Port 5160 of 127.0.0.1 is already used by sip-north (TServer/sip-port)');
  const shared = changed('applications', 'sip-south', (object) => {
    object.switch = 'north';
  });
  expect(problemsOf(shared).join('\n')).toContain('is already controlled by "sip-north"');
});

test('[CF8] without keys, or with keys that cannot sign, nothing is served', () => {
  const files = sampleFiles().filter(({ file }) => file !== 'keys.yaml');
  expect(problemsOf(files).join('\n')).toContain('There is no Keys object');
  const blind = changed('keys', 'keys', (keys) => {
    keys.tokenKeys = [{ id: 'k1', publicKey: 'A'.repeat(43) }];
  });
  expect(problemsOf(blind).join('\n')).toContain('needs its private part');
  const mute = changed('keys', 'keys', (keys) => {
    keys.nonceKeys = [];
  });
  expect(problemsOf(mute).join('\n')).toContain('Without a key no phone could register');
});

test('[CF8] a Stat Server without a SIP Server of its site, or with two connections to it, is refused', () => {
  const connectedTo = (...servers: string[]) =>
    problemsOf(
      changed('applications', 'stat-north', (stat) => {
        stat.connections = servers.map((server) => ({ server }));
      }),
    ).join('\n');
  expect(connectedTo('sip-north', 'config-south', 'sip-south')).toBe('');
  for (const text of [connectedTo(), connectedTo('sip-south'), connectedTo('sip-north', 'sip-north')]) {
    expect(text).toContain('Application/stat-north');
    expect(text).toContain('needs a connection to one SIP Server of its own site');
  }
});

test('[CF9] a lease shorter than two stamps and registration times without order are refused', () => {
  const sip = (section: string, option: string, value: string) =>
    problemsOf(withOption('applications', 'sip-north', section, option, value)).join('\n');
  expect(sip('holdfast', 'lease-length', '3999')).toContain('at least two stamp periods (4000 ms)');
  expect(sip('holdfast', 'lease-length', '4000')).toBe('');
  expect(sip('TServer', 'registrar-default-timeout', '5')).toContain('must lie between');
  expect(sip('holdfast', 'registrar-max-timeout', '5')).toContain('no phone could register');
});

test('[CF10] a circle of overflows, and an overflow to nowhere, are refused', () => {
  const queue = (value: string) =>
    problemsOf(withOption('dns', '8009@north', 'holdfast', 'overflow-dn', value)).join('\n');
  expect(queue('8001')).toContain('a caller comes back here');
  expect(queue('8009')).toContain('a caller comes back here');
  expect(queue('4711')).toContain('There is no DN "4711" in Switch "north"');
  expect(queue('trunk-north')).toContain('There is no DN');
  expect(queue('7001')).toBe('');
});

test('[CF11] a digest of another realm, and one of a queue, are refused', () => {
  const digest = { realm: 'elsewhere', md5: '0'.repeat(32), sha256: '0'.repeat(64) };
  const set = (name: string, value: Fields) =>
    problemsOf(
      changed('dns', name, (object) => {
        object.digest = value;
      }),
    ).join('\n');
  expect(set('7001@north', digest)).toContain('The realm of all SIP Servers is "holdfast"');
  expect(set('8000@north', { ...digest, realm: 'holdfast' })).toContain(
    'A DN of type ACDQueue does not register',
  );
});

test('[CF12] two Agent Logins of a Person at one Switch, and one Agent Login of two Persons, are refused', () => {
  const problems = problemsOf(
    changed('persons', 'agent7001', (person) => {
      person.agentLogins = ['7001@north', '7002@north'];
    }),
  ).join('\n');
  expect(problems).toContain('This is a second AgentLogin at Switch "north"');
  expect(problems).toContain('already belongs to Person "agent7001"');
});

test('[CF14] a secret that is refused is named and not shown', () => {
  const password = problemsOf(
    changed('persons', 'agent7001', (person) => {
      person.passwordHash = 'hunter2';
    }),
  );
  expect(password).toEqual(
    expect.arrayContaining([
      'Person/agent7001: passwordHash: (not shown) is not allowed: must be an argon2id hash ($argon2id$v=19$…).',
    ]),
  );
  expect(password.join()).not.toContain('hunter2');
  const others = [
    changed('keys', 'keys', (keys) => {
      keys.serverSecret = 'hunter2';
    }),
    changed('keys', 'keys', (keys) => {
      keys.nonceKeys = ['hunter2'];
    }),
    changed('dns', '7001@north', (dn) => {
      dn.digest = { realm: 'holdfast', md5: 'hunter2', sha256: 'hunter2' };
    }),
  ];
  for (const files of others) {
    const loaded = load(files);
    expect(loaded.ok).toBe(false);
    expect(JSON.stringify(loaded)).not.toContain('hunter2');
  }
});

test('[ID2] instants of persons and keys stand in files as digits, and what is none is refused', () => {
  const at = '1790000000123';
  const withPerson = (tokensNotBefore: string) =>
    changed('persons', 'agent7001', (person) => {
      Object.assign(person, { tokensNotBefore, passwordChangedAt: at });
    });
  const loaded = load(withPerson(at));
  if (!loaded.ok) throw new Error('does not load');
  const person = loaded.configuration.get('Person', 'agent7001');
  expect(person).toMatchObject({ tokensNotBefore: Number(at), passwordChangedAt: Number(at) });
  for (const wrong of ['yesterday', '-1', '1.5', '9'.repeat(16)])
    expect(problemsOf(withPerson(wrong)).join()).toContain('tokensNotBefore');
});
