import { describe, expect, it } from 'vitest';
import { ANSWER, BOB, nameOf, OFFER, outsideRequest, read, Scenario, text } from '../dialog/scenario.ts';
import { createResponse, type HeaderLines } from '../message/build-message.ts';
import { headerValue } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize-message.ts';
import { destinationOf } from './user-agent-reach.ts';

/** Sends a request of Alice's owner outside any call, and runs until it is answered. */
function ask(s: Scenario, request: SipRequest): string {
  const { transaction, output } = s.ends.alice.sendRequest(s.now, request, { type: 'target', target: BOB });
  s.perform('alice', output);
  s.run(s.now + 10);
  return transaction;
}

describe('a call', () => {
  it('[UA1] rings, is answered, acknowledged and hung up, and leaves nothing behind', () => {
    for (const transport of ['UDP', 'TCP'] as const) {
      const s = new Scenario({ transport });
      s.on('bob', 'incoming', (event) => {
        s.act('bob', (agent, now) => agent.ring(now, event.leg, { status: 180 }));
        s.act('bob', (agent, now) => agent.answer(now, event.leg, { sdp: ANSWER }));
      });
      const leg = s.invite();
      s.run(100);
      expect(s.wire()).toEqual(['INVITE', '100', '180', '200', 'ACK']);
      expect(s.told('alice')).toEqual(['progress', 'answered']);
      expect(read(s.last('alice', 'answered').sdp)).toBe(read(ANSWER));
      expect(s.told('bob')).toEqual(['incoming', 'acknowledged']);
      expect(s.ends.alice.legInfo(leg)).toMatchObject({
        side: 'caller',
        state: 'established',
        remoteUri: 'sip:bob@example.org',
      });
      expect([...s.ends.alice.legs()]).toEqual([leg]);
      s.act('alice', (agent, now) => agent.bye(now, leg));
      s.run(200);
      expect(s.wire().slice(5)).toEqual(['BYE', '200']);
      expect(s.last('alice', 'ended').by).toBe('local');
      expect(s.last('bob', 'ended').by).toBe('remote');
      s.run(100_000);
      expect(s.held()).toBe(0);
    }
  });

  it('[UA1] a refused call leaves nothing behind, and a redirection carries its Contact', () => {
    const s = new Scenario();
    s.on('bob', 'incoming', (event) =>
      s.act('bob', (agent, now) =>
        agent.reject(now, event.leg, 302, { headers: [['Contact', '<sip:else@x>']], reason: 'Gone' }),
      ),
    );
    s.invite();
    s.run(10);
    const { status, response } = s.last('alice', 'failed');
    expect(status).toBe(302);
    expect(response && headerValue(response, 'contact')).toBe('<sip:else@x>');
    expect(response?.reason).toBe('Gone');
    s.run(100_000);
    expect(s.held()).toBe(0);
  });

  it('[UA2] an order for a leg that is gone does nothing', () => {
    const s = new Scenario();
    const { alice } = s.connect();
    s.act('alice', (agent, now) => agent.bye(now, alice));
    s.run(s.now + 10);
    for (const leg of [alice, 'never']) {
      const { alice: agent } = s.ends;
      const outputs = [
        agent.ring(s.now, leg, { status: 180 }),
        agent.answer(s.now, leg, {}),
        agent.reject(s.now, leg, 486),
        agent.acknowledge(s.now, leg, OFFER),
        agent.cancel(s.now, leg),
        agent.bye(s.now, leg),
        agent.reinvite(s.now, leg, OFFER),
        agent.update(s.now, leg),
        agent.acceptOffer(s.now, leg, OFFER),
        agent.rejectOffer(s.now, leg, 488),
        agent.sendInDialog(s.now, leg, 'INFO'),
        agent.respond(s.now, leg, 200),
      ];
      for (const output of outputs) expect(output).toEqual({ effects: [], events: [] });
      expect(agent.legInfo(leg)).toBeUndefined();
    }
  });

  it('[UA3] requests that are not ours to understand pass through the dialog both ways', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    for (const side of ['alice', 'bob'] as const) {
      s.on(side, 'inDialogRequest', (event) =>
        s.act(side, (agent, now) =>
          agent.respond(now, event.transaction, 200, { headers: [['X-Heard', 'yes']] }),
        ),
      );
    }
    for (const [side, leg] of [
      ['alice', alice],
      ['bob', bob],
    ] as const) {
      s.act(side, (agent, now) =>
        agent.sendInDialog(now, leg, 'INFO', {
          headers: [['Content-Type', 'application/dtmf']],
          body: text('5'),
        }),
      );
      s.run(s.now + 10);
      const other = side === 'alice' ? 'bob' : 'alice';
      expect(read(s.last(other, 'inDialogRequest').request.body)).toBe('5');
      const { method, status, response } = s.last(side, 'inDialogResponse');
      expect([method, status, response && headerValue(response, 'x-heard')]).toEqual(['INFO', 200, 'yes']);
    }
  });

  it('[UA4] more legs than the limit are refused in both directions', () => {
    const s = new Scenario({ alice: { legsMax: 3 }, bob: { legsMax: 1 } });
    s.bobAnswers();
    s.invite();
    s.invite();
    s.run(100);
    expect(s.last('alice', 'failed').status).toBe(503);
    expect(headerValue(s.messages('bob', '503')[0] as never, 'retry-after')).toMatch(/^([1-9]|10)$/);
    s.invite();
    s.invite();
    const leg = s.invite();
    expect(s.last('alice', 'failed')).toMatchObject({ leg, status: 503 });
  });
});

describe('what is refused before it reaches the owner', () => {
  it('[UA5] a request in a dialog that does not exist gets 481, whatever its method', () => {
    const s = new Scenario();
    const { bob } = s.connect();
    const dialog = s.ends.bob.legInfo(bob)?.dialog;
    const known = s.told('bob').length;
    const strange: HeaderLines = [['Contact', '<sip:alice@10.0.0.1>']];
    for (const method of ['BYE', 'INFO', 'INVITE', 'UPDATE', 'PRACK', 'NOTIFY']) {
      ask(s, outsideRequest(method, strange, '<sip:bob@example.org>;tag=nobody'));
      expect(s.last('alice', 'response').status).toBe(481);
      // The right tag with another Call-ID is another dialog.
      ask(s, outsideRequest(method, strange, `<sip:bob@example.org>;tag=${dialog?.localTag}`));
      expect(s.last('alice', 'response').status).toBe(481);
    }
    // Right Call-ID and tag of ours, but another From tag.
    const own = s.messages('alice', 'INVITE')[0] as SipRequest;
    const forged = outsideRequest('BYE', strange, `<sip:bob@example.org>;tag=${dialog?.localTag}`);
    const headers = forged.headers.map((field) =>
      field.key === 'call-id' ? { ...field, value: headerValue(own, 'call-id') ?? '' } : field,
    );
    ask(s, { ...forged, headers });
    expect(s.last('alice', 'response').status).toBe(481);
    for (const method of ['BYE', 'PRACK', 'UPDATE']) {
      ask(s, outsideRequest(method));
      expect(s.last('alice', 'response').status).toBe(481);
    }
    expect(s.told('bob')).toHaveLength(known);
    expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
  });

  it('[UA6] an INVITE that requires an unknown extension gets 420 and its name, unless our owner knows it', () => {
    const s = new Scenario({ bob: { extensions: ['replaces'] } });
    s.bobAnswers();
    s.invite('alice', { sdp: OFFER, headers: [['Require', 'replaces, secret']] });
    s.run(100);
    expect(s.last('alice', 'failed').status).toBe(420);
    expect(headerValue(s.messages('bob', '420')[0] as never, 'unsupported')).toBe('secret');
    s.invite('alice', { sdp: OFFER, headers: [['Require', 'replaces']] });
    s.run(200);
    expect(s.told('alice')).toEqual(['failed', 'answered']);
  });

  it('[UA6] OPTIONS too is looked at before our owner gets it: 420 for what it requires, 416 for where it goes', () => {
    const s = new Scenario();
    const known = s.told('bob').length;
    ask(s, outsideRequest('OPTIONS', [['Require', 'secret']]));
    expect(s.last('alice', 'response').status).toBe(420);
    ask(s, { ...outsideRequest('OPTIONS', []), uri: 'nobodyknows:opaque' });
    expect(s.last('alice', 'response').status).toBe(416);
    expect(s.told('bob')).toHaveLength(known);
    for (const uri of ['SIP:bob@example.org', 'sips:bob@example.org', 'tel:+15550100']) {
      ask(s, { ...outsideRequest('OPTIONS', []), uri });
      expect(s.told('bob').at(-1)).toBe('request');
    }
  });

  it('[UA7] a body of another kind gets 415 and what we accept, unless it is optional', () => {
    const s = new Scenario();
    s.bobAnswers();
    const body = text('<xml/>');
    const type: HeaderLines = [
      ['Contact', '<sip:alice@10.0.0.1>'],
      ['Content-Type', 'application/xml'],
    ];
    ask(s, outsideRequest('INVITE', type, undefined, body));
    expect(s.last('alice', 'response').status).toBe(415);
    expect(headerValue(s.messages('bob', '415')[0] as never, 'accept')).toBe('application/sdp');
    expect(s.told('bob')).toEqual([]);
    ask(
      s,
      outsideRequest(
        'INVITE',
        [...type, ['Content-Disposition', 'render;handling=optional']],
        undefined,
        body,
      ),
    );
    expect(s.last('alice', 'response').status).toBe(200);
  });

  it('[UA8] an INVITE that may travel no further gets 483, but not at a phone', () => {
    for (const forwards of [true, false]) {
      const s = new Scenario({ bob: { forwards } });
      s.bobAnswers();
      s.invite('alice', { sdp: OFFER, headers: [['Max-Forwards', '0']] });
      s.run(100);
      expect(s.told('alice')).toEqual([forwards ? 'failed' : 'answered']);
      if (forwards) expect(s.last('alice', 'failed').status).toBe(483);
      expect(s.messages('alice', 'INVITE').map((invite) => headerValue(invite, 'max-forwards'))).toEqual([
        '0',
      ]);
    }
  });
});

describe('requests outside calls', () => {
  it('[UA9] go to the owner, and its answer to who asked', () => {
    const s = new Scenario();
    s.on('bob', 'request', (event) =>
      s.act('bob', (agent, now) =>
        agent.respond(now, event.transaction, 200, { toTag: 'mine', body: 'fine' }),
      ),
    );
    const transaction = ask(s, outsideRequest('OPTIONS'));
    const answer = s.last('alice', 'response');
    expect(answer).toMatchObject({ transaction, status: 200 });
    expect(answer.response && headerValue(answer.response, 'to')).toContain(';tag=mine');
    expect(read(answer.response?.body)).toBe('fine');
    expect(s.ends.bob.sizes().asked).toBe(0);
  });

  it('[UA9] may be answered with a response that is made already, once', () => {
    const s = new Scenario();
    s.on('bob', 'request', (event) => {
      const response = createResponse(event.request, 202, { toTag: 'made' });
      s.act('bob', (agent, now) => agent.sendResponse(now, event.transaction, response));
      s.act('bob', (agent, now) => agent.sendResponse(now, event.transaction, response));
    });
    ask(s, outsideRequest('MESSAGE'));
    expect(s.last('alice', 'response').status).toBe(202);
    expect(s.count('bob', '202')).toBe(1);
  });

  it('[UA10] that the owner forgets are answered 504 while somebody still waits', () => {
    const s = new Scenario();
    ask(s, outsideRequest('OPTIONS'));
    s.run(16_100);
    expect(s.last('alice', 'response').status).toBe(504);
    s.run(100_000);
    expect(s.held()).toBe(0);
  });

  it('[UA9] that nobody answers end with 408, and with 503 where there is no way', () => {
    const s = new Scenario({ link: () => [] });
    const transaction = ask(s, outsideRequest('OPTIONS'));
    s.run(40_000);
    expect(s.last('alice', 'response')).toMatchObject({ transaction, status: 408 });
    const { output } = s.ends.alice.sendRequest(s.now, outsideRequest('OPTIONS'), {
      type: 'uri',
      uri: 'tel:5',
    });
    s.perform('alice', output);
    s.run(s.now + 10);
    expect(s.last('alice', 'response').status).toBe(503);
  });
});

describe('where a request in a dialog goes', () => {
  const udp = { transport: 'UDP', host: '10.0.0.2', port: 5062, flow: 'socket' } as const;
  const tcp = { transport: 'TCP', host: '10.0.0.2', port: 49_152, flow: 'TCP 10.0.0.2 49152' } as const;
  const tls = { ...tcp, transport: 'TLS' } as const;
  const wss = { ...tcp, transport: 'WSS' } as const;
  const to = (nextHop: string, source: typeof udp | typeof tcp | typeof tls | typeof wss) =>
    destinationOf(nextHop, { source, invited: undefined });

  it('[DG10] over the flow of the last message where the addresses are the same', () => {
    expect(to('sip:bob@10.0.0.2:5062', udp)).toEqual({ type: 'target', target: udp });
    expect(to('sip:bob@10.0.0.2:5062;transport=udp', udp).type).toBe('target');
    expect(to('sip:bob@10.0.0.2;transport=tcp', tcp)).toEqual({ type: 'target', target: tcp });
    expect(to('sip:bob@abc.invalid;transport=ws', { ...wss, transport: 'WS' } as never).type).toBe('target');
    // RFC 7118 §5: `ws` is what a Contact says within TLS as well.
    expect(to('sip:bob@abc.invalid;transport=ws', wss).type).toBe('target');
    // A phone finds the server by its name, should the connection have ended with the one before; else it keeps to it.
    const connects = (uri: string) => destinationOf(uri, { source: wss, invited: undefined }, true);
    expect(connects('sip:north.example.net;transport=wss').type).toBe('uri');
    expect(connects(`sip:${wss.host}:443;transport=wss`)).toEqual({ type: 'target', target: wss });
  });

  it('[DG10] else where the URI leads', () => {
    for (const uri of [
      'sip:bob@10.0.0.2',
      'sip:bob@10.0.0.3:5062',
      'sip:bob@10.0.0.2:5062;transport=tcp',
      'sip:pool.example.org;lr',
    ])
      expect(to(uri, udp)).toEqual({ type: 'uri', uri });
    expect(destinationOf('sip:bob@10.0.0.2', { source: undefined, invited: undefined }).type).toBe('uri');
  });

  it('[DG10] a phone that answers with the Contact that it registered is reached as before', () => {
    const target = { transport: 'TCP', host: '192.0.2.7', port: 40_000, flow: 'nat' } as const;
    const invited = { uri: 'sip:bob@192.168.0.5', destination: { type: 'target', target } } as const;
    expect(destinationOf('sip:bob@192.168.0.5', { source: undefined, invited })).toEqual(invited.destination);
    expect(destinationOf('sip:bob@192.168.0.6', { source: undefined, invited }).type).toBe('uri');
  });

  it('[C41] a sips dialog never leaves TLS, and an IPv6 leg is found with its brackets', () => {
    expect(to('sips:bob@10.0.0.2:49152', tcp)).toEqual({ type: 'uri', uri: 'sips:bob@10.0.0.2:49152' });
    expect(to('sips:bob@10.0.0.2;transport=tcp', tls)).toEqual({ type: 'target', target: tls });
    expect(to('sips:bob@10.0.0.2', tls).type).toBe('target');
    const six = { transport: 'UDP', host: '2001:db8::2', port: 5060, flow: 'six' } as const;
    expect(destinationOf('sip:bob@[2001:db8::2]', { source: six, invited: undefined })).toEqual({
      type: 'target',
      target: six,
    });
  });

  it('[DG10] in a call over TCP every request uses the connection that stands', () => {
    const s = new Scenario({ transport: 'TCP' });
    const { bob } = s.connect();
    s.act('bob', (agent, now) => agent.bye(now, bob));
    const bye = s.sent.find((each) => nameOf(each.message) === 'BYE');
    expect(bye?.target).toMatchObject({ transport: 'TCP', flow: 'TCP 10.0.0.1 5060' });
  });
});

describe('malformed messages', () => {
  it('[UA12] a malformed request is answered by the endpoint and makes no leg', () => {
    const s = new Scenario();
    const bytes = serializeMessage(
      outsideRequest('INVITE', [['Via', 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKq']]),
    );
    const failure = {
      ok: false,
      status: 400,
      field: 'From',
      offset: 3,
      reason: 'bad From',
      method: 'INVITE',
    } as const;
    const request = outsideRequest('INVITE', [['Via', 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKq']]);
    const source = { transport: 'UDP', host: '10.0.0.1', port: 5060, flow: 'f' } as const;
    s.perform('bob', s.ends.bob.receiveMalformed(0, { ...failure, request }, source));
    expect(bytes.length).toBeGreaterThan(0);
    expect(s.wire('bob')).toEqual(['400']);
    expect(s.ends.bob.sizes().legs).toBe(0);
  });

  it('[UA12] a transport that fails ends the attempt with 503', () => {
    const s = new Scenario({ link: () => [] });
    const { leg, output } = s.ends.alice.invite(0, {
      uri: 'sip:bob@10.0.0.2',
      destination: { type: 'target', target: { ...BOB, transport: 'TCP' } },
      from: '<sip:alice@example.org>',
      to: '<sip:bob@example.org>',
      contact: 'sip:alice@10.0.0.1',
    });
    const transmit = output.effects[0];
    const transaction = transmit?.type === 'transmit' ? transmit.transaction : undefined;
    expect(transaction).toBeDefined();
    s.perform('alice', s.ends.alice.transportFailed(1, { transaction: transaction ?? '' }));
    expect(s.last('alice', 'failed')).toMatchObject({ leg, status: 503 });
  });
});
