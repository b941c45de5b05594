/** A site is drained: waves, deadline, progress, phones that are let go, emergency calls, and the end of the process. */
import type { ShutdownProgress } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { EMERGENCY_CALLS_MAX } from './call-admission.ts';
import type { SipServerConfiguration } from './configuration.ts';
import { LET_GO_RETRY_MAX_S } from './registrations.ts';
import { PROGRESS_EVERY_MS } from './shutdown-progress.ts';
import { centreWorld } from './testing/centre-world.ts';
import { type Ask, Desk } from './testing/desk.ts';
import { Peer, Phone } from './testing/people.ts';
import { configurationOf, GATEWAY, REALM, trunk } from './testing/server-site.ts';
import { Transferor } from './testing/transferor.ts';

type Terms = Omit<Extract<Ask, { type: 'GracefulShutdown' }>, 'type' | 'on'>;

function drainable(configuration: Partial<SipServerConfiguration> = {}, isFollowed = false) {
  const centre = centreWorld(configuration, { isFollowed });
  const admin = new Desk(centre.site, 'max', 'session-max');
  admin.register();
  return {
    ...centre,
    admin,
    drain: (terms: Terms = {}) => admin.outcome({ type: 'GracefulShutdown', on: true, ...terms }),
    undo: () => admin.outcome({ type: 'GracefulShutdown', on: false }),
  };
}

/** What this client was told about the shutdown, the newest last. */
function progressOf(desk: Desk): ShutdownProgress[] {
  return desk.replies.flatMap((reply) =>
    reply.type === 'ServerState' && reply.shutdown !== undefined ? [reply.shutdown] : [],
  );
}

const newest = (desk: Desk) => progressOf(desk).at(-1);
const TWO = [
  ['ada', '7001'],
  ['bob', '7002'],
] as const;

describe('the waves of a graceful shutdown', () => {
  const logoutsAfter = (configuration: Partial<SipServerConfiguration>, terms: Terms, ms: number) => {
    const { world, board, phone, agent, drain } = drainable(configuration);
    for (const [person, dn] of [...TWO, ['cyd', '7003'] as const]) {
      phone(dn);
      agent(person, dn);
    }
    board.news();
    expect(drain(terms)).toBe('Done');
    world.run(ms);
    return board.news().filter((news) => news.startsWith('EventAgentLogout')).length;
  };

  it('[SS41] are as large and as frequent as the request says', () => {
    expect(logoutsAfter({}, { wave: 1, waveEveryMs: 500 }, 100)).toBe(1);
    expect(logoutsAfter({}, { wave: 2, waveEveryMs: 500 }, 100)).toBe(2);
    expect(logoutsAfter({}, { wave: 1, waveEveryMs: 500 }, 600)).toBe(2);
  });

  it('[option holdfast/graceful-shutdown-wave] [SS41] [option holdfast/graceful-shutdown-period] else as configured', () => {
    const wave = (percent: number, everyMs: number) => ({ shutdownWave: { percent, everyMs } });
    expect(logoutsAfter(wave(10, 500), {}, 100)).toBe(1);
    expect(logoutsAfter(wave(50, 500), {}, 100)).toBe(2);
    expect(logoutsAfter(wave(10, 500), {}, 600)).toBe(2);
    expect(logoutsAfter(wave(10, 5_000), {}, 600)).toBe(1);
  });
});

describe('the progress of a graceful shutdown', () => {
  it('[SS47] is told to supervisors and administrators while it changes, with who cannot move and why', () => {
    const because = 'Its phone knows one address only.';
    const dns = configurationOf().dns.map((dn) =>
      dn.number === '7002' ? { ...dn, phoneStays: because } : dn,
    );
    const { world, board, admin, caller, phone, agent, drain } = drainable({ dns });
    phone('7001', { answerAfterMs: 100 });
    phone('7002');
    const ada = agent('ada', '7001');
    agent('bob', '7002');
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    drain({ wave: 1, withinMs: 60_000, isForced: true });
    expect(newest(ada)).toMatchObject({
      by: 'max',
      deadlineInMs: 60_000,
      isForced: true,
      endsProcess: false,
    });
    world.run(PROGRESS_EVERY_MS + 10);
    expect(progressOf(admin)[0]).toMatchObject({
      ...{ agents: 2, inWaves: 1, calls: 1, waiting: 0, phones: 2, isDrained: false },
      ...{ staying: [{ dn: '7002', AgentID: '1002', because }], stayingCount: 1 },
    });
    expect(newest(admin)).toMatchObject({ agents: 2, inWaves: 1, calls: 1, isDrained: false });
    expect(newest(board)).toEqual(newest(admin));
    // Nothing changes: nothing is told. Agents hear only of the beginning and the end.
    const told = progressOf(admin).length;
    world.run(5_000);
    expect(progressOf(admin)).toHaveLength(told);
    expect(progressOf(ada)).toHaveLength(1);
    caller.tell({ name: 'hangup' });
    world.run(PROGRESS_EVERY_MS);
    expect(newest(admin)).toMatchObject({ agents: 0, calls: 0, isDrained: true, stayingCount: 1 });
    expect(newest(ada)).toMatchObject({ isDrained: true });
  });

  it('[SS47] goes to an administrator who comes later, and says when the deadline has passed', () => {
    const { world, site, caller, phone, agent, drain } = drainable();
    phone('7001', { answerAfterMs: 100 });
    const ada = agent('ada', '7001');
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    drain({ withinMs: 5_000 });
    const late = new Desk(site, 'max', 'session-later');
    late.register();
    world.run(PROGRESS_EVERY_MS + 10);
    expect(newest(late)).toMatchObject({ agents: 1, calls: 1, isPastDeadline: false });
    world.run(5_000);
    expect(newest(ada)).toMatchObject({ agents: 0, calls: 1, isPastDeadline: true, isDrained: false });
    expect(newest(ada)).not.toHaveProperty('deadlineInMs');
  });

  it('[SS47] [SS50] goes on where another server does: waves, deadline and who asked', () => {
    const { world, site, phone, agent, drain } = drainable({}, true);
    for (const [person, dn] of TWO) {
      phone(dn);
      agent(person, dn);
    }
    drain({ wave: 1, waveEveryMs: 3_000, withinMs: 9_000 });
    world.run(1_000);
    site.takeOver();
    const { centre } = site.node.parts;
    expect(centre.shutdownView()).toMatchObject({ by: 'max', agents: 1, inWaves: 1 });
    world.run(2_100);
    expect(centre.shutdownView()).toMatchObject({ agents: 0, isPastDeadline: false, isDrained: true });
    world.run(6_000);
    expect(centre.shutdownView()).toMatchObject({ isPastDeadline: true });
  });
});

describe('phones during a graceful shutdown', () => {
  it('[PQ5] the phone of an agent who was logged out is refused at its next REGISTER, and comes back when it is taken back', () => {
    const { world, board, phone, agent, drain, undo } = drainable();
    const bell = phone('7001');
    agent('ada', '7001');
    drain();
    world.run(10);
    // Until then it is reached: it thinks that it is registered.
    expect(board.news()).toEqual(['EventQueueLogout 8000', 'EventQueueLogout 8001', 'EventAgentLogout 7001']);
    world.packets = [];
    world.run(60_000);
    const refusals = world.packets.flatMap(({ to, message }) =>
      to === bell.host && message.kind === 'response' && message.status === 503 ? [message] : [],
    );
    expect(refusals[0]?.headers).toContainEqual(
      expect.objectContaining({ key: 'retry-after', value: expect.stringMatching(/^([5-9]|10)$/) }),
    );
    expect(board.news()).toEqual(['EventDNOutOfService 7001']);
    undo();
    world.run(1.5 * LET_GO_RETRY_MAX_S * 1_000);
    expect(board.news()).toEqual(['EventDNBackInService 7001']);
  });

  it('[PQ5] a phone with a call, or an agent who has not had the turn, stays registered', () => {
    const { world, site, caller, phone, agent, drain } = drainable();
    phone('7001', { answerAfterMs: 100 });
    phone('7002');
    phone('7003');
    agent('bob', '7002');
    agent('cyd', '7003');
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    drain({ wave: 1, waveEveryMs: 600_000 });
    world.run(120_000);
    const { registrations } = site.node.parts;
    expect(['7001', '7002', '7003'].map((dn) => registrations.isInService(dn))).toEqual([true, false, true]);
  });

  it('[PQ5] a phone may take its registration back, and one that comes anew is refused', () => {
    const { world, board, phone, drain } = drainable();
    const bell = phone('7001');
    board.news();
    drain();
    bell.tell({ name: 'unregister' });
    world.run(500);
    expect(board.news()).toEqual(['EventDNOutOfService 7001']);
    new Phone(world, '7002').tell({ name: 'register' });
    world.run(2_000);
    expect(board.news()).toEqual([]);
  });
});

describe('emergency numbers', () => {
  const emergencyNumbers = ['112'];

  /** A gateway that answers, and the phone 7001. */
  function withGateway(configuration: Partial<SipServerConfiguration>, callsMax?: number) {
    const centre = centreWorld(configuration, callsMax === undefined ? {} : { callsMax });
    centre.world.remove(GATEWAY);
    const gateway = new Peer(centre.world, '112', GATEWAY);
    gateway.react = (event) => {
      if (event.type === 'incoming')
        gateway.do(gateway.userAgent.answer(centre.world.now, event.leg, { sdp: gateway.sdp() }));
    };
    const admin = new Desk(centre.site, 'max', 'session-max');
    admin.register();
    const phone = centre.phone('7001');
    const call = (to: string) => {
      phone.tell({ name: 'call', to });
      centre.world.run(500);
      return phone.news().at(-1);
    };
    return { ...centre, admin, bell: phone, gateway, call };
  }

  it('[PQ4] [option holdfast/emergency-numbers] are called also during a graceful shutdown, and its deadline ends no such call', () => {
    const { world, site, admin, bell, call } = withGateway({ emergencyNumbers });
    admin.outcome({ type: 'GracefulShutdown', on: true, withinMs: 2_000, isForced: true });
    expect(call('113')).toBe('ended refused 603');
    expect(call('112')).toBe('established');
    world.run(60_000);
    expect(site.node.parts.calls.size).toBe(1);
    bell.tell({ name: 'hangup' });
    world.run(500);
    expect(bell.news().at(-1)).toBe('ended local 0');
    expect(site.node.parts.calls.size).toBe(0);
  });

  it('[PQ4] are spared by the deadline also where somebody was transferred, redirected or joined to one', () => {
    const cases = ['transferred', 'rings for a transfer', 'redirected', 'joined'] as const;
    for (const how of cases) {
      const { world, site, admin, bell, gateway, phone } = withGateway({ emergencyNumbers });
      const bob = phone('7002', { answerAfterMs: 100 });
      if (how === 'rings for a transfer')
        gateway.react = (event) => {
          if (event.type === 'incoming')
            gateway.do(gateway.userAgent.ring(world.now, event.leg, { status: 180 }));
        };
      if (how === 'joined') {
        const ada = new Transferor({ world }, '7003', 6000);
        const first = ada.call('7002', { port: 6000 });
        const second = ada.call('112', { port: 6002 });
        world.run(500);
        ada.refer(first, `<sip:${REALM}?${ada.replaces(second)}>`);
      } else if (how === 'redirected') {
        const cyd = new Peer(world, '7003', '10.0.1.3');
        cyd.register({ expires: 600 });
        const headers = [['Contact', `<sip:112@${GATEWAY}>`] as const];
        cyd.react = (event) => {
          if (event.type === 'incoming') cyd.do(cyd.userAgent.reject(world.now, event.leg, 302, { headers }));
        };
        bob.tell({ name: 'call', to: '7003' });
      } else {
        bell.tell({ name: 'call', to: '7002' });
        world.run(500);
        bell.tell({ name: 'transfer', to: '112' });
      }
      world.run(500);
      const calls = [...site.node.parts.calls.calls()].map(({ party }) => party?.dn);
      expect([how, calls]).toEqual([how, [how === 'rings for a transfer' ? undefined : '112']]);
      admin.outcome({ type: 'GracefulShutdown', on: true, withinMs: 2_000, isForced: true });
      world.run(10_000);
      expect([how, site.node.parts.calls.size]).toEqual([how, 1]);
    }
  });

  it('[PQ4] have room beyond the limit of calls', () => {
    const refused = withGateway({}, 0);
    expect(refused.call('112')).toBe('ended refused 503');
    const { call } = withGateway({ emergencyNumbers }, 0);
    expect(call('112')).toBe('established');
    expect(EMERGENCY_CALLS_MAX).toBeGreaterThan(0);
  });

  it('[PQ4] a hundred of them beside as many unanswered calls as there may be; one more is refused as any call', () => {
    const { world, gateway, site } = withGateway({ emergencyNumbers }, 3);
    gateway.react = (event) => {
      if (event.type === 'incoming')
        gateway.do(gateway.userAgent.ring(world.now, event.leg, { status: 180 }));
    };
    const bell = new Peer(world, '7002', '10.0.1.2');
    for (let i = 0; i < 3; i++) bell.call('4930999');
    world.run(1_000);
    bell.call('4930999');
    for (let i = 0; i < EMERGENCY_CALLS_MAX; i++) bell.call('112');
    world.run(1_000);
    expect(site.node.parts.calls.size).toBe(3 + EMERGENCY_CALLS_MAX);
    expect(bell.types().filter((type) => type.startsWith('failed'))).toEqual(['failed 503']);
    bell.call('112');
    world.run(1_000);
    expect(bell.types().filter((type) => type === 'failed 503')).toHaveLength(2);
  });

  it('[PQ4] go on to the next trunk where a gateway has failed, also during a graceful shutdown', () => {
    const dns = [...configurationOf().dns, trunk('9001', '10.0.9.2')];
    const { world, admin, gateway, call } = withGateway({ emergencyNumbers, dns });
    gateway.react = (event) => {
      if (event.type === 'incoming') gateway.do(gateway.userAgent.reject(world.now, event.leg, 503));
    };
    const second = new Peer(world, '112', '10.0.9.2');
    second.react = (event) => {
      if (event.type === 'incoming')
        second.do(second.userAgent.answer(world.now, event.leg, { sdp: second.sdp() }));
    };
    expect(admin.outcome({ type: 'GracefulShutdown', on: true })).toBe('Done');
    expect(call('112')).toBe('established');
    expect(gateway.types()).toContain('incoming');
  });

  it('[PQ4] from a phone that has been let go, whose registration is refused', () => {
    const { world, admin, site } = withGateway({ emergencyNumbers });
    expect(admin.outcome({ type: 'GracefulShutdown', on: true })).toBe('Done');
    const bell = new Peer(world, '7002', '10.0.1.2');
    expect(bell.register()).toBe(503);
    expect(site.node.parts.registrations.contactsOf('7002')).toEqual([]);
    bell.call('112');
    world.run(500);
    expect(bell.types().at(-1)).toBe('answered');
  });

  it('[PQ4] never end in a queue that has their number', () => {
    const { call, site } = withGateway({ emergencyNumbers: ['8000'] });
    expect(call('8000')).toBe('established');
    const [made] = [...site.node.parts.calls.calls()];
    expect(made?.party).toBeDefined();
    expect(site.announced).toEqual([]);
  });

  it('[PQ4] may be called by a client for its agent during a graceful shutdown; nobody calls them from outside', () => {
    const { world, admin, agent, gateway, call } = withGateway({ emergencyNumbers });
    const ada = agent('ada', '7001');
    expect(call('112')).toBe('established');
    admin.outcome({ type: 'GracefulShutdown', on: true });
    const answers = ada.begin({ type: 'MakeCall', dn: '7001', destination: '112' });
    world.run(100);
    expect(answers()).not.toMatchObject([{ code: 'shutting-down' }]);
    world.packets = [];
    gateway.call('112');
    world.run(100);
    const statuses = world.packets.flatMap(({ to, message }) =>
      to === gateway.host && message.kind === 'response' ? [message.status] : [],
    );
    expect(statuses.at(-1)).toBe(603);
  });
});

describe('the end of the process', () => {
  const endsOf = ({ site }: ReturnType<typeof drainable>) =>
    site.logs.filter(({ what }) => what === 'process ends').length;

  it('[SS48] comes when the last call has ended, where that was asked for', () => {
    const world = drainable();
    const { caller, phone, agent, drain } = world;
    phone('7001', { answerAfterMs: 100 });
    agent('ada', '7001');
    caller.tell({ name: 'call', to: '7001' });
    world.world.run(1_000);
    drain({ endsProcess: true });
    world.world.run(60_000);
    expect(endsOf(world)).toBe(0);
    caller.tell({ name: 'hangup' });
    world.world.run(3 * PROGRESS_EVERY_MS);
    expect(endsOf(world)).toBe(1);
    expect(world.site.endedBecause).toContain('max has asked for it');
  });

  it('[SS48] does not come unasked, nor once it is taken back', () => {
    const world = drainable();
    world.drain();
    world.world.run(60_000);
    world.drain({ endsProcess: true });
    world.undo();
    world.world.run(60_000);
    expect(endsOf(world)).toBe(0);
    expect(world.site.endedBecause).toBeUndefined();
  });
});
