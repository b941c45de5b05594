import { describe, expect, test } from 'vitest';
import type { LookupAnswer } from '../../locate/lookup.ts';
import { createResponse } from '../../message/build-message.ts';
import { headerValue } from '../../message/headers.ts';
import type { SipRequest } from '../../message/message.ts';
import { Phone, siteAt, twoSites, WALL } from './phone-world.ts';

describe('registration over the wire', () => {
  test('[PH4] a phone registers with SHA-256, and refreshes without another challenge while its nonce lives', () => {
    const { world, north } = twoSites();
    const phone = new Phone(world, '7001', { expires: 20 }).tell({ name: 'register' });
    world.run(55_000);
    expect(phone.news()).toEqual(['registered north']);
    expect(headerValue(north.requests[1] as SipRequest, 'authorization')).toContain('algorithm=SHA-256');
    expect(north.status.answered).toBeGreaterThanOrEqual(3);
    expect(north.status.challenged).toBe(1);
    world.run(200_000);
    expect(phone.news()).toEqual([]);
    expect(north.registrar.bindings('7001')).toHaveLength(1);
  });

  test('[PH1] at each site it asks for the time that is set for that site, elsewhere for its own', () => {
    const { world, north, south } = twoSites();
    const phone = new Phone(world, '7001', {
      scheme: 'dual',
      expires: 40,
      sites: [{ ...siteAt('north'), expires: 20 }, siteAt('south')],
    });
    phone.tell({ name: 'register' });
    world.run(1_000);
    const asked = [north, south].map(({ requests }) => headerValue(requests.at(-1) as SipRequest, 'expires'));
    expect(asked).toEqual(['20', '40']);
  });

  test('[C29] the nonce of one site serves at the other: moving costs no challenge that a shared key can save', () => {
    const { world, north, south } = twoSites();
    new Phone(world, '7001', { scheme: 'dual' }).tell({ name: 'register' });
    world.run(1000);
    expect([north.status.answered, south.status.answered]).toEqual([1, 1]);
    const authorized = north.requests.find((request) => headerValue(request, 'authorization') !== undefined);
    expect(south.challenger.check(WALL + 1000, authorized as SipRequest).name).toBe('authentic');
  });

  test.each(['single', 'dual', 'active-backup', 'fixed'] as const)(
    '[PH1] %s: through the loss of a site and its return',
    (scheme) => {
      const { world, north, south } = twoSites();
      const phone = new Phone(world, '7001', { scheme, expires: 30 }).tell({ name: 'register' });
      world.run(2000);
      expect(phone.node.registeredAt).toEqual(scheme === 'dual' ? ['north', 'south'] : ['north']);
      world.down.add('north');
      world.run(60_000);
      expect(phone.node.registeredAt).toEqual(scheme === 'fixed' ? [] : ['south']);
      world.down.delete('north');
      world.run(120_000);
      expect(phone.node.registeredAt).toEqual(scheme === 'dual' ? ['north', 'south'] : ['north']);
      expect(north.registrar.bindings('7001')).toHaveLength(1);
      expect(south.registrar.bindings('7001')).toHaveLength(scheme === 'dual' ? 1 : 0);
    },
  );

  test('[PH2] a dead site costs one attempt limit, and not the 32 seconds of Timer F', () => {
    const { world } = twoSites();
    world.down.add('north');
    const phone = new Phone(world, '7001').tell({ name: 'register' });
    world.run(5000);
    const registered = phone.facts.find((fact) => fact.name === 'registered');
    expect(registered).toMatchObject({ site: 'south' });
    expect(registered?.at).toBeLessThan(4500);
  });

  test('[PH1] with a third of all packets lost, phones of every scheme are registered where they should be', () => {
    const { world, north, south } = twoSites(3);
    world.loss = 0.33;
    const phones = (['single', 'dual', 'active-backup', 'fixed'] as const).map((scheme, i) =>
      new Phone(world, `700${i}`, { scheme }).tell({ name: 'register' }),
    );
    world.run(100_000);
    world.loss = 0;
    world.run(200_000);
    expect(phones.map((phone) => phone.node.registeredAt)).toEqual([
      ['north'],
      ['north', 'south'],
      ['north'],
      ['north'],
    ]);
    expect([north.registrar.size, south.registrar.size]).toEqual([4, 1]);
  });

  test('[C16] 423 is obeyed once; a registrar that always says it does not make the phone loop', () => {
    const { world, north } = twoSites(1, { minExpires: 90 });
    const phone = new Phone(world, '7001', { expires: 30, scheme: 'fixed' }).tell({ name: 'register' });
    world.run(5000);
    expect(phone.news()).toEqual(['registered north']);
    expect(north.registrar.bindings('7001')[0]?.expiresAt).toBeGreaterThan(85_000);

    const bad = twoSites();
    bad.north.special = (request) => createResponse(request, 423, { headers: [['Min-Expires', '90']] });
    new Phone(bad.world, '7001', { scheme: 'fixed' }).tell({ name: 'register' });
    bad.world.run(60_000);
    expect(bad.north.requests.length).toBeLessThan(8);
  });

  test('[C34] what the phone believes and what the server knows agree, through losses of packets and of the site', () => {
    const { world, north } = twoSites(7);
    const phone = new Phone(world, '7001', { scheme: 'fixed', expires: 20 }).tell({ name: 'register' });
    // Two messages may cross: a difference of one look is none.
    let differs = 0;
    let looks = { both: 0, neither: 0 };
    for (let now = 1_000; now <= 600_000; now += 1_000) {
      world.loss = now < 300_000 ? 0.3 : 0;
      if (now % 90_000 === 0) world.down.add('north');
      if (now % 90_000 === 45_000) world.down.delete('north');
      world.run(now);
      const believes = phone.node.registeredAt.includes('north');
      const isBound = north.registrar.bindings('7001').some(({ expiresAt }) => expiresAt > now);
      // Believed and not there is what leaves an agent without calls; there and not believed ends with its time.
      differs = believes && !isBound ? differs + 1 : 0;
      expect(differs, `at ${now} ms`).toBeLessThan(2);
      if (believes && isBound) looks = { ...looks, both: looks.both + 1 };
      if (!believes && !isBound) looks = { ...looks, neither: looks.neither + 1 };
    }
    expect(looks.both).toBeGreaterThan(100);
    expect(looks.neither).toBeGreaterThan(50);
  });

  test('[C16] a wrong password asks seldom and never in a loop', () => {
    const { world, north } = twoSites();
    const phone = new Phone(world, '7001', { password: 'wrong', scheme: 'fixed' }).tell({ name: 'register' });
    world.run(300_000);
    expect(north.requests.length).toBeLessThan(25);
    expect(phone.news()).toContain('registrationFailed north');
  });

  test('[C27] 439 leaves outbound out and registers', () => {
    const { world, north } = twoSites();
    north.special = (request) =>
      headerValue(request, 'supported')?.includes('outbound') ? createResponse(request, 439) : undefined;
    const phone = new Phone(world, '7001', { instance: 'urn:uuid:7', scheme: 'fixed' }).tell({
      name: 'register',
    });
    world.run(3000);
    expect(phone.news()).toEqual(['registered north']);
    expect(north.registrar.bindings('7001')[0]).toMatchObject({ instance: '<urn:uuid:7>' });
    expect(north.registrar.bindings('7001')[0]?.regId).toBeUndefined();
  });

  test('[C31] Retry-After of 503 is obeyed to the second, and the phone comes back afterwards', () => {
    const { world, north } = twoSites();
    north.special = (request) =>
      createResponse(request, 503, { headers: [['Retry-After', '30 (maintenance)']] });
    const phone = new Phone(world, '7001', { scheme: 'fixed' }).tell({ name: 'register' });
    world.run(29_000);
    expect(north.requests).toHaveLength(1);
    north.special = () => undefined;
    world.run(40_000);
    expect(phone.node.registeredAt).toEqual(['north']);
  });

  test('[PH4] a stale nonce costs one more round and no failure', () => {
    const { world, north } = twoSites();
    const phone = new Phone(world, '7001', { expires: 300, scheme: 'fixed' }).tell({ name: 'register' });
    world.run(400_000);
    expect(phone.news()).toEqual(['registered north']);
    expect(north.status.challenged).toBeGreaterThan(1);
  });

  test('[PH6] unregister takes the bindings away at every site', () => {
    const { world, north, south } = twoSites();
    const phone = new Phone(world, '7001', { scheme: 'dual' }).tell({ name: 'register' });
    world.run(1000);
    phone.news();
    phone.tell({ name: 'unregister' });
    world.run(2000);
    expect([north.registrar.size, south.registrar.size]).toEqual([0, 0]);
    expect(phone.news()).toEqual(['lost north', 'lost south', 'unregistered']);
    world.run(100_000);
    expect(phone.nextDeadline()).toBeUndefined();
  });

  test('[C12] a phone that restarts on the same instance leaves one contact', () => {
    const { world, north } = twoSites();
    for (let boot = 0; boot < 5; boot++) {
      const port = 5060 + boot;
      const sentBy = () => ({ host: 'phone-7001', port });
      new Phone(world, '7001', { instance: 'urn:uuid:7', scheme: 'fixed', sentBy }).tell({
        name: 'register',
      });
      world.run(world.now + 5000);
    }
    expect(north.registrar.bindings('7001').map((binding) => binding.contact)).toEqual([
      'sip:7001@phone-7001:5064',
    ]);
  });

  test('[C16] a registrar that names a longer Min-Expires each time does not make the phone loop', () => {
    const { world, north } = twoSites();
    let least = 60;
    north.special = (request) => {
      least += 60;
      return createResponse(request, 423, { headers: [['Min-Expires', String(least)]] });
    };
    new Phone(world, '7001', { scheme: 'fixed' }).tell({ name: 'register' });
    world.run(60_000);
    expect(north.requests.length).toBeLessThan(8);
  });

  test('[PH7] when the connection over which it registered is gone, the phone registers anew at once', () => {
    const { world, north } = twoSites();
    const phone = new Phone(world, '7001').tell({ name: 'register' });
    world.run(2000);
    phone.news();
    phone.lose('another flow');
    expect(phone.news()).toEqual([]);
    phone.lose('udp');
    expect(phone.news()).toEqual(['lost north']);
    world.run(2500);
    expect(phone.news()).toEqual(['registered north']);
    expect(north.status.answered).toBe(2);
  });
});

describe('a name in place of a list', () => {
  const options = {
    scheme: 'single',
    sites: [],
    service: { uri: 'sip:centre.example', transport: 'UDP', siteNames: { north: 'North', south: 'South' } },
  } as const;
  const srv = (...hosts: string[]): LookupAnswer => ({
    type: 'SRV',
    ttlS: 60,
    records: hosts.map((target, i) => ({ priority: 10 * i, weight: 0, port: 5060, target })),
  });

  test('[PH1] single: the targets of the SRV name in their order, each with its own attempt limit', () => {
    const { world } = twoSites();
    world.dns.set('SRV _sip._udp.centre.example', srv('north', 'south'));
    for (const host of ['north', 'south'])
      world.dns.set(`A ${host}`, { type: 'A', addresses: [host], ttlS: 60 });
    const phone = new Phone(world, '7001', options).tell({ name: 'register' });
    world.run(2000);
    expect(phone.news()).toEqual(['registered North']);
    world.down.add('north');
    world.run(70_000);
    expect(phone.news()).toEqual(['registrationFailed North', 'lost North', 'registered South']);
  });

  test('[C21] a name that leads nowhere, or to where nobody answers, is asked again', () => {
    const { world } = twoSites();
    const phone = new Phone(world, '7001', options).tell({ name: 'register' });
    world.run(20_000);
    expect(phone.news().slice(0, 2)).toEqual(Array(2).fill('registrationFailed sip:centre.example'));
    world.dns.set('SRV _sip._udp.centre.example', srv('west'));
    world.dns.set('A west', { type: 'A', addresses: ['west'], ttlS: 60 });
    world.run(40_000);
    expect(phone.news()).toContain('registrationFailed west:5060');
    world.dns.set('SRV _sip._udp.centre.example', srv('south'));
    world.dns.set('A south', { type: 'A', addresses: ['south'], ttlS: 60 });
    world.run(80_000);
    expect(phone.node.registeredAt).toEqual(['South']);
  });

  test('[PH8] a look-up that is never answered is asked again', () => {
    const { world } = twoSites();
    world.mute = true;
    const phone = new Phone(world, '7001', options).tell({ name: 'register' });
    world.run(10_000);
    world.mute = false;
    world.dns.set('SRV _sip._udp.centre.example', srv('north'));
    world.dns.set('A north', { type: 'A', addresses: ['north'], ttlS: 60 });
    world.run(20_000);
    expect(phone.node.registeredAt).toEqual(['North']);
  });

  test('[PH6] unregister before the name was found ends the search', () => {
    const { world } = twoSites();
    const phone = new Phone(world, '7001', options).tell({ name: 'register' });
    world.run(1000);
    phone.news();
    phone.tell({ name: 'unregister' });
    world.run(60_000);
    expect(phone.news()).toEqual(['unregistered']);
    expect(phone.nextDeadline()).toBeUndefined();
  });
});
