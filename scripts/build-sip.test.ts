import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packSip } from './build-sip.ts';
import { EmptyProject } from './empty-project.ts';

const project = new EmptyProject();

beforeAll(async () => {
  project.install(await packSip(join(project.folder, 'packed')));
}, 60_000);

afterAll(() => project.remove());

test('the installed package parses and answers a message', () => {
  project.write(
    'use.js',
    `import { createResponse, parseMessage, serializeMessage } from '@holdfast/sip';
     const lines = ['OPTIONS sip:7001@127.0.0.1 SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1',
       'From: <sip:a@b>;tag=1', 'To: <sip:7001@127.0.0.1>', 'Call-ID: c1', 'CSeq: 1 OPTIONS', 'Max-Forwards: 70',
       'Content-Length: 0', '', ''];
     const parsed = parseMessage(new TextEncoder().encode(lines.join('\\r\\n')));
     const answer = createResponse(parsed.message, 200, { toTag: 'x1' });
     console.log(parsed.message.method, new TextDecoder().decode(serializeMessage(answer)).split('\\r\\n')[0]);`,
  );
  expect(project.run(process.execPath, ['use.js']).trim()).toBe('OPTIONS SIP/2.0 200 OK');
});

test('its types are whole: a strict project without any other library compiles against them', () => {
  project.write(
    'use.ts',
    `import { parseMessage, type PhoneNode, type SipMessage, type SipUserAgent } from '@holdfast/sip';
     export function methodOf(bytes: Uint8Array): string | undefined {
       const parsed = parseMessage(bytes);
       const message: SipMessage | undefined = parsed.ok ? parsed.message : undefined;
       return message?.kind === 'request' ? message.method : undefined;
     }
     export const deadline = (node: PhoneNode | SipUserAgent): number | undefined => node.nextDeadline();
     // @ts-expect-error A message has no such kind: the types are there, and are not any.
     export const wrong: SipMessage['kind'] = 'neither';`,
  );
  expect(project.compile('use.ts')).toBe('');
});

test('it brings nothing with it', () => {
  const installed = project.installed();
  expect(Object.keys(installed)).toEqual(['@holdfast/sip']);
  expect(installed['@holdfast/sip']?.dependencies).toBeUndefined();
});
