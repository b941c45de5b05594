import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packSip } from './build-sip.ts';

/** An empty project into which the tarball was installed, without a registry. */
let project: string;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'holdfast-sip-'));
  const tarball = await packSip(join(project, 'packed'));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'stranger', private: true, type: 'module' }),
  );
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', tarball]);
}, 60_000);

afterAll(() => rmSync(project, { recursive: true, force: true }));

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

test('the installed package parses and answers a message', () => {
  writeFileSync(
    join(project, 'use.js'),
    `import { createResponse, parseMessage, serializeMessage } from '@holdfast/sip';
     const lines = ['OPTIONS sip:7001@127.0.0.1 SIP/2.0', 'Via: SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK1',
       'From: <sip:a@b>;tag=1', 'To: <sip:7001@127.0.0.1>', 'Call-ID: c1', 'CSeq: 1 OPTIONS', 'Max-Forwards: 70',
       'Content-Length: 0', '', ''];
     const parsed = parseMessage(new TextEncoder().encode(lines.join('\\r\\n')));
     const answer = createResponse(parsed.message, 200, { toTag: 'x1' });
     console.log(parsed.message.method, new TextDecoder().decode(serializeMessage(answer)).split('\\r\\n')[0]);`,
  );
  expect(run(process.execPath, ['use.js']).trim()).toBe('OPTIONS SIP/2.0 200 OK');
});

test('its types are whole: a strict project without any other library compiles against them', () => {
  writeFileSync(
    join(project, 'use.ts'),
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
  const tsc = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url));
  const options = '--noEmit --strict --module nodenext --target es2023 --lib es2023 --types'.split(' ');
  expect(() => run(tsc, [...options, '', 'use.ts'])).not.toThrow();
});

test('it brings nothing with it', () => {
  const tree = JSON.parse(run('npm', ['ls', '--all', '--json'])) as {
    dependencies: Record<string, { dependencies?: unknown }>;
  };
  expect(Object.keys(tree.dependencies)).toEqual(['@holdfast/sip']);
  expect(tree.dependencies['@holdfast/sip']?.dependencies).toBeUndefined();
});
