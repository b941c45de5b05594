import { PROTOCOL_VERSION_OLDEST } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { CALLER_NUMBER, centreWorld } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';

describe('a client', () => {
  it('[SS6] says who it is before anything else', () => {
    const { world, site } = centreWorld();
    const desk = new Desk(site, 'ada');
    expect(desk.outcome({ type: 'RegisterAddress', dn: '7001' })).toBe('wrong-state');
    desk.send({ type: 'Ping', n: 7 });
    desk.send({ type: 'Pong', n: 9 });
    world.run(10);
    expect(desk.replies.at(-1)).toEqual({ type: 'Pong', n: 7 });
    expect(desk.register()).toMatchObject({ type: 'ServerInfo', resumed: false, site: 'north' });
    expect(desk.outcome({ type: 'RegisterAddress', dn: '7001' })).toBe('Registered');
    expect(desk.outcome({ type: 'RegisterAddress', dn: '7777' })).toBe('unknown-dn');
  });

  it('[SS6] that says nothing for 10 s is closed, and one that has said who it is is not', () => {
    const { world, site } = centreWorld();
    const mute = new Desk(site);
    const desk = new Desk(site, 'ada');
    desk.register();
    world.run(11_000);
    expect(mute.closedBecause).toContain('RegisterClient');
    expect(desk.closedBecause).toBeUndefined();
  });

  it('[SS6] without a token, with a bad one, or of an old version is refused', () => {
    const { site } = centreWorld();
    const desk = new Desk(site);
    expect(desk.register()).toMatchObject({ type: 'ServerInfo' });
    expect(desk.outcome({ type: 'RegisterAddress', dn: '7001' })).toBe('not-allowed');
    expect(desk.register({ token: 'expired ada' })).toMatchObject({ code: 'token-expired' });
    expect(desk.register({ token: 'rubbish' })).toMatchObject({ code: 'token-invalid' });
    expect(desk.register({ token: 'token eve' })).toMatchObject({ code: 'account-disabled' });
    expect(desk.register({ version: PROTOCOL_VERSION_OLDEST - 1 })).toMatchObject({
      ...{ code: 'bad-message', field: 'version' },
      text: 'Version 1 is no longer served here; the oldest is 2. Update the client.',
    });
    expect(desk.register({ token: 'token ada' })).toMatchObject({ type: 'ServerInfo' });
  });

  it('[SS7] that comes back hears each missed event once and in order, before anything else', () => {
    const { world, site, board, caller, phone, agent } = centreWorld();
    const ada = phone('7001');
    const desk = agent('ada', '7001');
    const info = desk.register();
    if (info.type !== 'ServerInfo') throw new Error('not admitted');
    const { position } = info;
    desk.ask({ type: 'RegisterAddress', dn: '7001' });
    desk.news();
    const heard = site.node.parts.clients.sizes().clients;
    desk.drop();
    board.news();
    caller.tell({ name: 'call', to: '8001' });
    world.run(2_000);
    ada.tell({ name: 'answer' });
    world.run(1_000);
    const missed = board.events.filter(({ attributes }) => attributes.ThisDN === '7001');
    expect(missed.map(({ name }) => name)).toEqual(['EventRinging', 'EventEstablished']);
    const back = new Desk(site, 'ada');
    expect(back.register({ resume: position })).toMatchObject({ resumed: true });
    expect(back.events).toEqual(missed);
    expect(site.node.parts.clients.sizes().clients).toBe(heard);
    // It is registered as it was: what comes next comes once.
    caller.tell({ name: 'hangup' });
    world.run(100);
    expect(back.news().slice(2)).toEqual(['EventReleased 7001']);
    const numbers = board.events.map((event) => event.position.number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it('[SS7] cannot resume what the log does not have: another epoch, the future, too long ago', () => {
    const { world, site, phone } = centreWorld({}, { logEntriesMax: 3 });
    const desk = new Desk(site, 'ada');
    const info = desk.register();
    if (info.type !== 'ServerInfo') throw new Error('not admitted');
    const { position } = info;
    const resume = (at: typeof position) => {
      const back = new Desk(site, 'ada');
      const reply = back.register({ resume: at });
      return reply.type === 'ServerInfo' && reply.resumed;
    };
    expect(resume({ epoch: position.epoch - 1, number: 0 })).toBe(false);
    expect(resume({ epoch: position.epoch, number: position.number + 1 })).toBe(false);
    expect(resume(position)).toBe(true);
    const ada = phone('7001');
    for (let i = 0; i < 2; i++) {
      ada.tell({ name: 'unregister' });
      world.run(100);
      ada.tell({ name: 'register' });
      world.run(100);
    }
    expect(resume(position)).toBe(false);
    expect(resume({ ...position, number: position.number + 2 })).toBe(true);
  });

  it('[SS7] is nobody else: the same session with another token hears nothing of the former', () => {
    const { world, site, board } = centreWorld();
    const info = board.register();
    if (info.type !== 'ServerInfo') throw new Error('not admitted');
    const { position } = info;
    board.ask({ type: 'RegisterAll' });
    const bob = new Desk(site, 'bob', board.session);
    expect(bob.register({ resume: position })).toMatchObject({ resumed: false });
    world.run(100);
    expect(bob.outcome({ type: 'RegisterAll' })).toBe('not-allowed');
  });

  it('[SS8] is ended by nobody else: not by a colleague, a stranger or a server that names its session', () => {
    const { world, site, agent, phone } = centreWorld({}, { serverSecret: 'secret of servers' });
    phone('7001');
    const ada = agent('ada', '7001');
    ada.register();
    ada.ask({ type: 'RegisterAddress', dn: '7001' });
    ada.news();
    new Desk(site, 'bob', ada.session).register();
    new Desk(site, undefined, ada.session).register();
    const server = new Desk(site, undefined, ada.session);
    expect(server.registerAsServer('secret of servers')).toMatchObject({ type: 'ServerInfo' });
    world.run(100);
    expect(ada.closedBecause).toBeUndefined();
    // Who has shown nothing is not remembered, however many sessions it names.
    const { sessions } = site.node.sizes();
    const stranger = new Desk(site);
    for (let i = 0; i < 5; i++) {
      stranger.session = `session-${i}`;
      stranger.register();
    }
    expect(site.node.sizes().sessions).toBe(sessions);
    expect(ada.outcome({ type: 'AgentNotReady', dn: '7001' })).toBe('EventAgentNotReady');
    expect(ada.news()).toEqual(['EventAgentNotReady 7001']);
  });

  it('[SS8] whose session comes back on another connection loses the former one', () => {
    const { world, site, phone } = centreWorld();
    const first = new Desk(site, 'ada');
    first.register();
    first.ask({ type: 'RegisterAddress', dn: '7001' });
    const second = new Desk(site, 'ada');
    second.register();
    second.ask({ type: 'RegisterAddress', dn: '7001' });
    expect(first.closedBecause).toContain('same session');
    phone('7001');
    expect(first.events).toEqual([]);
    expect(second.news()).toEqual(['EventDNBackInService 7001']);
    // What the former connection still says is said to nobody.
    first.send({ type: 'Ping', n: 1 });
    world.run(100);
    expect(first.replies.at(-1)?.type).not.toBe('Pong');
  });

  it('[SS8] that comes back before its old connection is known to be lost hears each event once, and stays logged in', () => {
    const { world, site, board, phone, agent } = centreWorld();
    phone('7001');
    const first = agent('ada', '7001');
    const info = first.register();
    if (info.type !== 'ServerInfo') throw new Error('not admitted');
    first.ask({ type: 'RegisterAddress', dn: '7001' });
    const { answering } = first;
    // The network swallows what the old connection carries, and nobody has noticed.
    first.answersPings = false;
    first.answering = undefined;
    const heardByFirst = first.events.length;
    phone('7002');
    board.news();
    const second = new Desk(site, 'ada');
    second.answering = answering;
    expect(second.register({ resume: info.position })).toMatchObject({ resumed: true });
    expect(first.closedBecause).toContain('same session');
    expect(second.outcome({ type: 'AgentNotReady', dn: '7001' })).toBe('EventAgentNotReady');
    expect(second.outcome({ type: 'AgentReady', dn: '7001' })).toBe('EventAgentReady');
    expect(second.news()).toEqual(['EventAgentNotReady 7001', 'EventAgentReady 7001']);
    // The end of the old connection, told late, takes nothing from the new one.
    first.drop();
    world.run(20_000);
    expect(first.events).toHaveLength(heardByFirst);
    expect(second.closedBecause).toBeUndefined();
    expect(site.node.parts.centre.agentOn('7001')).toMatchObject({ agentId: '1001', routable: true });
    expect(board.news()).toEqual(['EventAgentNotReady 7001', 'EventAgentReady 7001']);
  });

  it('[SS9] that is silent is asked after its own time-out, and closed after as much again', () => {
    const { world, site } = centreWorld();
    const desk = new Desk(site, 'ada');
    desk.register({ addpTimeoutMs: 3_000 });
    world.run(2_900);
    expect(desk.pings).toBe(0);
    world.run(30_000);
    expect(desk.pings).toBeGreaterThan(8);
    expect(desk.closedBecause).toBeUndefined();
    desk.answersPings = false;
    const { pings } = desk;
    world.run(6_100);
    expect(desk.pings).toBeLessThanOrEqual(pings + 2);
    expect(desk.closedBecause).toContain('3000 ms');
    expect(site.node.sizes()).toMatchObject({ clients: 1, health: 1 });
  });

  it('[SS9] that sends anything at all is not asked', () => {
    const { world, site } = centreWorld();
    const desk = new Desk(site, 'ada');
    desk.register({ addpTimeoutMs: 3_000 });
    for (let i = 0; i < 20; i++) {
      world.run(2_000);
      desk.send({ type: 'Ping', n: i });
    }
    expect(desk.pings).toBe(0);
  });

  it('[SS10] of a supervisor may register for all DNs and gets every DN and queue as it stands', () => {
    const { world, site, caller, phone, agent } = centreWorld();
    phone('7001');
    agent('ada', '7001');
    caller.tell({ name: 'call', to: '8001' });
    world.run(1_000);
    const board = new Desk(site, 'sue', 'another-board');
    board.register();
    const all = board.ask({ type: 'RegisterAll' });
    if (all.type !== 'RegisteredAll') throw new Error(all.type);
    const seven = all.dns.find(({ dn }) => dn === '7001');
    expect(seven).toMatchObject({ inService: true, agent: { AgentID: '1001', state: 'Ready' } });
    expect(seven?.calls).toMatchObject([{ state: 'Ringing', ANI: CALLER_NUMBER, ThisQueue: '8001' }]);
    expect(all.queues.map(({ dn, agentsLoggedIn, waiting }) => [dn, agentsLoggedIn, waiting.length])).toEqual(
      [
        ['8000', 1, 0],
        ['8001', 1, 0],
      ],
    );
    expect(all.position.number).toBeGreaterThan(0);
    const ada = new Desk(site, 'ada', 'ada-as-board');
    ada.register();
    expect(ada.outcome({ type: 'RegisterAll' })).toBe('not-allowed');
  });

  it('[SS63] each event names the SIP Server that wrote it', () => {
    const { board, phone, agent } = centreWorld();
    phone('7001');
    agent('ada', '7001').ask({ type: 'AgentNotReady', dn: '7001' });
    phone('7002');
    expect(board.events.map(({ name }) => name)).toEqual(['EventAgentNotReady', 'EventDNBackInService']);
    for (const { attributes, time } of board.events) {
      expect(attributes.Server).toBe('sip-north');
      expect(time).toBeGreaterThan(0);
    }
  });

  it('[SS10] that also registered for one DN hears its events once', () => {
    const { board, phone } = centreWorld();
    board.ask({ type: 'RegisterAddress', dn: '7001' });
    board.news();
    phone('7001');
    expect(board.news()).toEqual(['EventDNBackInService 7001']);
    board.ask({ type: 'UnregisterAddress', dn: '7001' });
    phone('7002');
    expect(board.news()).toEqual(['EventDNBackInService 7002']);
  });

  it('[SS11] registers for 64 DNs at most', () => {
    const dns = Array.from({ length: 66 }, (_, i) => ({
      number: `6${100 + i}`,
      type: 'Extension' as const,
      name: 'x',
    }));
    const { site } = centreWorld({ dns });
    const desk = new Desk(site, 'ada');
    desk.register();
    const outcomes = dns.map(({ number }) => desk.outcome({ type: 'RegisterAddress', dn: number }));
    expect(outcomes.filter((outcome) => outcome === 'Registered')).toHaveLength(64);
    expect(outcomes.slice(64)).toEqual(['overloaded', 'overloaded']);
    expect(desk.outcome({ type: 'RegisterAddress', dn: '6100' })).toBe('Registered');
    desk.ask({ type: 'UnregisterAddress', dn: '6100' });
    expect(desk.outcome({ type: 'RegisterAddress', dn: '6165' })).toBe('Registered');
    const { listened } = site.node.sizes();
    expect(listened).toBe(64);
    desk.drop();
    expect(site.node.sizes()).toMatchObject({ listened: 0, clients: 1 });
  });
});
