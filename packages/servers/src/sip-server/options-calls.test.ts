/** Options of calls, queues and agents, each from its object to a message or an event. */
import { describe, expect, it } from 'vitest';
import { OutboundTrunks } from './outbound-trunks.ts';
import { attributesOf, type CentreWorld, centreWorld } from './testing/centre-world.ts';
import { configured, type SetOptions } from './testing/configured-site.ts';
import { Desk } from './testing/desk.ts';
import { Peer } from './testing/people.ts';

const QUEUE = 'DN/8000@switch-north';
const LOGIN = 'AgentLogin/1001@switch-north';

const centreWith = (options: SetOptions = {}): CentreWorld => centreWorld(configured(options));
const queueWith = (values: Record<string, string>): SetOptions => ({ [QUEUE]: { holdfast: values } });

/** The caller calls, and the world goes on for so long. */
function call({ world, caller }: CentreWorld, to: string, ms: number): string[] {
  caller.tell({ name: 'call', to });
  world.run(ms);
  return caller.news();
}

/** ada at 7001, whose phone answers after half a second, has talked to the caller, who hangs up. */
function afterTalk(options: SetOptions): CentreWorld {
  const centre = centreWith(options);
  centre.phone('7001', { answerAfterMs: 500 });
  centre.agent('ada', '7001');
  call(centre, '8000', 2_000);
  centre.board.news();
  centre.caller.tell({ name: 'hangup' });
  return centre;
}

/** What becomes of the agent within `ms`, in the words of the events. */
function statesWithin({ world, board }: CentreWorld, ms: number): string[] {
  world.run(ms);
  return board.news().filter((event) => event.startsWith('EventAgent'));
}

const WORK = ['EventAgentNotReady 7001', 'EventAgentReady 7001'];

describe('after-call work', () => {
  it('[option TServer/wrap-up-time] takes so long, the Agent Login going before the server', () => {
    const wrapUp = (seconds: string) => ({ TServer: { 'wrap-up-time': seconds } });
    expect(statesWithin(afterTalk({}), 60_000)).toEqual([]);
    expect(statesWithin(afterTalk({ server: wrapUp('5') }), 4_500)).toEqual(WORK.slice(0, 1));
    expect(statesWithin(afterTalk({ server: wrapUp('5') }), 6_000)).toEqual(WORK);
    const longer = afterTalk({ server: wrapUp('5'), [LOGIN]: wrapUp('20') });
    expect(statesWithin(longer, 10_000)).toEqual(WORK.slice(0, 1));
    expect(statesWithin(longer, 11_000)).toEqual(WORK.slice(1));
  });

  it('[option TServer/untimed-wrap-up-value] has no end at that value', () => {
    const TServer = { 'wrap-up-time': '5', 'untimed-wrap-up-value': '5' };
    expect(statesWithin(afterTalk({ server: { TServer } }), 60_000)).toEqual(WORK.slice(0, 1));
  });

  /** ada is on a break and asks for after-call work. */
  function askedWhileIdle(options: SetOptions): CentreWorld {
    const centre = centreWith({ server: { TServer: { 'wrap-up-time': '5' } }, ...options });
    centre.phone('7001');
    const desk = centre.agent('ada', '7001');
    desk.ask({ type: 'AgentNotReady', dn: '7001', workMode: 'AuxWork' });
    desk.ask({ type: 'AgentNotReady', dn: '7001', workMode: 'AfterCallWork' });
    centre.board.news();
    return centre;
  }

  it('[option TServer/acw-in-idle-force-ready] that was asked for ends in Ready, or in the state before', () => {
    expect(statesWithin(askedWhileIdle({}), 10_000)).toEqual(['EventAgentReady 7001']);
    const back = askedWhileIdle({ [LOGIN]: { TServer: { 'acw-in-idle-force-ready': 'false' } } });
    back.world.run(10_000);
    expect(back.board.events.at(-1)).toMatchObject({
      name: 'EventAgentNotReady',
      attributes: { WorkMode: 'AuxWork' },
    });
  });

  it('[option TServer/timed-acw-in-idle] that was asked for ends by itself, or never', () => {
    const untimed = askedWhileIdle({ [LOGIN]: { TServer: { 'timed-acw-in-idle': 'false' } } });
    expect(statesWithin(untimed, 600_000)).toEqual([]);
  });
});

describe('an agent who does nothing', () => {
  function inactive(options: SetOptions, workMode?: 'AuxWork'): string[] {
    const centre = centreWith(options);
    centre.phone('7001');
    const desk = centre.agent('ada', '7001');
    desk.ask({ type: 'AgentNotReady', dn: '7001', ...(workMode && { workMode }) });
    centre.board.news();
    return statesWithin(centre, 130_000);
  }

  it('[option TServer/auto-logout-timeout] is logged out after so many minutes', () => {
    expect(inactive({})).toEqual([]);
    expect(inactive({ server: { TServer: { 'auto-logout-timeout': '2' } } })).toEqual([
      'EventAgentLogout 7001',
    ]);
    expect(inactive({ server: { TServer: { 'auto-logout-timeout': '3' } } })).toEqual([]);
  });

  it('[option TServer/auto-logout-ready] on a break too', () => {
    const TServer = { 'auto-logout-timeout': '2' };
    expect(inactive({ server: { TServer } }, 'AuxWork')).toEqual([]);
    expect(inactive({ server: { TServer: { ...TServer, 'auto-logout-ready': 'true' } } }, 'AuxWork')).toEqual(
      ['EventAgentLogout 7001'],
    );
  });
});

describe('a queue', () => {
  /** When the call is taken back from ada, who lets it ring. */
  function unanswered(options: SetOptions) {
    const centre = centreWith(options);
    centre.phone('7001');
    centre.agent('ada', '7001');
    call(centre, '8000', 7_000);
    const after7s = centre.board.news();
    centre.world.run(20_000);
    return { after7s, board: centre.board };
  }

  it('[option TServer/no-answer-timeout] takes the call back after so long, the queue going before the server', () => {
    const timeout = (seconds: string) => ({ TServer: { 'no-answer-timeout': seconds } });
    expect(unanswered({}).after7s).not.toContain('EventReleased 7001');
    expect(unanswered({ server: timeout('5') }).after7s).toContain('EventReleased 7001');
    const after = unanswered({ server: timeout('5'), [QUEUE]: timeout('20') }).after7s;
    expect(after).not.toContain('EventReleased 7001');
  });

  it('[option TServer/no-answer-action] sets who does not answer NotReady, or rings on', () => {
    const action = (value: string) => ({ server: { TServer: { 'no-answer-action': value } } });
    expect(unanswered(action('notready')).board.news()).toContain('EventAgentNotReady 7001');
    expect(unanswered(action('none')).board.news()).not.toContain('EventAgentNotReady 7001');
  });

  it('[option holdfast/waiting-max] refuses one caller more', () => {
    expect(call(centreWith(), '8000', 1_000)).toEqual(['dialing', 'established']);
    expect(call(centreWith(queueWith({ 'waiting-max': '0' })), '8000', 1_000)).toEqual([
      'dialing',
      'ended refused 486',
    ]);
  });

  it('[option holdfast/overflow-dn] sends one caller more there', () => {
    const centre = centreWith(queueWith({ 'waiting-max': '0', 'overflow-dn': '7003' }));
    const cyd = centre.phone('7003');
    call(centre, '8000', 1_000);
    expect(cyd.news()).toEqual(['ringing']);
  });

  it('[option holdfast/wait-max] sends who has waited so long to the overflow DN', () => {
    const rungAfter = (values: Record<string, string>) => {
      const centre = centreWith(queueWith({ 'overflow-dn': '7003', ...values }));
      const cyd = centre.phone('7003');
      call(centre, '8000', 11_000);
      return cyd.news();
    };
    expect(rungAfter({})).toEqual([]);
    expect(rungAfter({ 'wait-max': '10' })).toEqual(['ringing']);
    expect(rungAfter({ 'wait-max': '12' })).toEqual([]);
  });

  it('[option holdfast/treatment] plays music, a tone or nothing to who waits', () => {
    const heard = (values: Record<string, string>) => {
      const centre = centreWith(queueWith(values));
      return [...call(centre, '8000', 1_000), ...centre.site.announced];
    };
    expect(heard({})).toEqual(['dialing', 'established', 'start music with remote']);
    expect(heard({ treatment: 'tone' })).toEqual(['dialing', 'established', 'start tone with remote']);
    expect(heard({ treatment: 'ringback' })).toEqual(['dialing', 'progress 180']);
  });

  it('[option holdfast/priority] serves calls of the higher one first', () => {
    const firstServed = (priority: string) => {
      const centre = centreWith({ 'DN/8001@switch-north': { holdfast: { priority } } });
      const { world, site, board } = centre;
      call(centre, '8000', 1_000);
      new Peer(world, '7002', '10.0.1.2').call('8001');
      world.run(1_000);
      centre.phone('7001');
      const desk = new Desk(site, 'ada');
      desk.register();
      desk.login('7001');
      world.run(100);
      return attributesOf(board.events, 'EventRinging', '7001')?.ThisQueue;
    };
    expect(firstServed('0')).toBe('8000');
    expect(firstServed('5')).toBe('8001');
  });

  it('[option holdfast/route-to] is where a routing point sends a call', () => {
    const queued = (options: SetOptions) => {
      const centre = centreWith(options);
      call(centre, '8900', 100);
      return centre.board.news().filter((event) => event.startsWith('EventQueued'));
    };
    expect(queued({})).toEqual(['EventQueued 8900', 'EventQueued 8000']);
    expect(queued({ 'DN/8900@switch-north': { holdfast: { 'route-to': '8001' } } })).toEqual([
      'EventQueued 8900',
      'EventQueued 8001',
    ]);
  });
});

describe('a trunk', () => {
  /** Its gateway says nothing for `ms`: how often it is asked, and whether that is said. */
  const silence = (options: SetOptions, ms: number) => {
    const { world, site, caller } = centreWith(options);
    world.remove(caller.host);
    const gateway = new Peer(world, '4930', caller.host);
    world.packets = [];
    world.cut.add(gateway.host);
    world.run(ms);
    const asked = world.packets.filter(
      ({ to, message }) => to === gateway.host && message.kind === 'request' && message.method === 'OPTIONS',
    );
    const branches = asked.map(({ message }) => message.headers.find(({ key }) => key === 'via')?.value);
    const said = site.logs.filter(({ what }) => what === 'trunk out of service').length;
    return { asked: new Set(branches).size, said };
  };
  const trunk = (TServer: Record<string, string>): SetOptions => ({ 'DN/9000@switch-north': { TServer } });

  it('[option TServer/oos-check] is asked by OPTIONS that often', () => {
    expect(silence({}, 100_000).asked).toBe(0);
    const force = { 'oos-force': '1' };
    expect(silence(trunk({ 'oos-check': '20', ...force }), 99_000).asked).toBe(5);
    expect(silence(trunk({ 'oos-check': '50', ...force }), 99_000).asked).toBe(2);
  });

  it('[option TServer/oos-force] is out of service when it has said nothing for so long', () => {
    const silent = (seconds: string, ms: number) =>
      silence(trunk({ 'oos-check': '60', 'oos-force': seconds }), ms).said;
    expect([silent('5', 4_000), silent('5', 6_000)]).toEqual([0, 1]);
    expect([silent('20', 19_000), silent('20', 21_000)]).toEqual([0, 1]);
    expect([silent('0', 31_000), silent('0', 33_000)]).toEqual([0, 1]);
  });
});

describe('a call', () => {
  it('[option TServer/recovery-timeout] tries a trunk that has failed after the others for so long', () => {
    const trunks = new OutboundTrunks();
    trunks.configure(configured({ 'DN/9000@switch-north': { TServer: { 'recovery-timeout': '5' } } }));
    for (const trunk of ['9000', '9001']) trunks.failed(0, trunk);
    const first = (now: number, chosen: string) => trunks.order(now, chosen)[0];
    expect([first(5_000, '9000'), first(5_000, '9001')]).toEqual(['9000', '9000']);
    expect([first(29_999, '9001'), first(30_000, '9001')]).toEqual(['9000', '9001']);
  });

  it('[option holdfast/ringing-max] rings no longer than so', () => {
    const endedAfter = (seconds: string) => {
      const centre = centreWith({ server: { holdfast: { 'ringing-max': seconds } } });
      centre.phone('7001');
      return call(centre, '7001', 31_000).at(-1);
    };
    expect(endedAfter('30')).toBe('ended refused 480');
    expect(endedAfter('40')).toBe('progress 180');
  });

  it('[option TServer/contact] comes from there over a trunk, and goes there to a Call Processing Port', () => {
    const elsewhere = '10.0.9.7';
    const contact = { TServer: { contact: `sip:${elsewhere}` } };
    expect(call(centreWith(), '8000', 100)).toEqual(['dialing', 'established']);
    expect(call(centreWith({ 'DN/9000@switch-north': contact }), '8000', 100)).toEqual([
      'dialing',
      'ended refused 401',
    ]);
    const calledAt = (options: SetOptions) => {
      const centre = centreWith(options);
      const ivr = new Peer(centre.world, '8800', elsewhere);
      call(centre, '8800', 1_000);
      return ivr.types();
    };
    expect(calledAt({})).toEqual([]);
    expect(calledAt({ 'DN/8800@switch-north': contact })).toContain('incoming');
  });
});
