/** A server that starts, and whoever listens at the address of its Configuration Server. */
import type { LogLine } from '@holdfast/kernel';
import { type ConfigReply, type ConfigRequest, configRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import { startLinkServer } from '@holdfast/shell';
import { afterEach, expect, test, vi } from 'vitest';
import { ConfigClient } from './config-client.ts';

const SECRET = 'the secret of all servers';
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const soon = (isTrue: () => void) => vi.waitFor(isTrue, { timeout: 5_000, interval: 10 });

test('[LK1] whoever listens at the address of a Configuration Server learns no secret, and nobody is configured by it', async () => {
  const heard: string[] = [];
  const here = { application: 'config-north', site: 'north' };
  const trap = await startLinkServer<ConfigRequest, ConfigReply>({
    ...{ host: '127.0.0.1', port: 0, schema: configRequest, linksMax: 4, requestBytesMax: 100_000 },
    handlers: {
      opened: () => undefined,
      message(link, message) {
        heard.push(JSON.stringify(message));
        const { ReferenceID } = { ReferenceID: 0, ...message };
        // It challenges as a server does, sends back what it was shown, and has a configuration at hand.
        if (message.type === 'Open')
          trap.send(link, { type: 'Challenge', ReferenceID, ...here, nonce: message.nonce ?? '' });
        if (message.type !== 'Proof') return;
        const opened = { type: 'Opened', ReferenceID, ...here, version: PROTOCOL_VERSION } as const;
        trap.send(link, { ...opened, revision: 'r1', proof: message.proof });
        trap.send(link, { type: 'Objects', ReferenceID: 2, revision: 'r1', objects: [] });
      },
      closed: () => undefined,
      trouble: () => undefined,
    },
  });
  closing.push(() => trap.stop());
  const lines: LogLine[] = [];
  const taken: unknown[] = [];
  const refused: string[] = [];
  const client = new ConfigClient({
    ...{ application: 'sip-north', secret: SECRET, servers: [{ host: '127.0.0.1', port: trap.port }] },
    log: (line) => void lines.push(line),
    onConfiguration: (configuration) => void taken.push(configuration),
    onRefused: (_server, code) => void refused.push(code),
  });
  client.start();
  closing.push(() => client.stop());
  await soon(() => expect(lines[0]?.because).toContain('does not show the server secret'));
  expect(heard.map((text) => JSON.parse(text).type)).toEqual(['Open', 'Proof']);
  expect(heard.join()).not.toContain(SECRET);
  expect(taken).toEqual([]);
  expect(refused).toEqual([]);
});
