/** What openssl, which asks as a phone would, says of the certificate of a site. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from './peers/processes.ts';
import { type SecuredSite, securedSite } from './secured-site.ts';

const OPENSSL = 'openssl';

let secured: SecuredSite;

beforeAll(async () => {
  secured = await securedSite(1);
}, 40_000);

afterAll(() => secured?.end(), 20_000);

/** What openssl says of the certificate that it is shown. */
async function shown(caFile: string, ...more: readonly string[]): Promise<string> {
  const args = ['s_client', '-connect', `127.0.0.1:${secured.ports.TLS}`, '-CAfile', caFile];
  const openssl = spawn(OPENSSL, [...args, '-verify_ip', '127.0.0.1', '-verify_return_error', ...more]);
  let said = '';
  openssl.stdout.on('data', (bytes) => (said += String(bytes)));
  openssl.stderr.on('data', (bytes) => (said += String(bytes)));
  openssl.stdin.end();
  await once(openssl, 'close');
  return said;
}

test('[TR2] openssl verifies the certificate, and the renewed one without a restart', async () => {
  expect(await shown(secured.caFile)).toContain('Verify return code: 0 (ok)');
  secured.renew();
  await until('the renewed one is shown', 10_000, async () =>
    (await shown(secured.caFile)).includes('Verify return code: 0 (ok)'),
  );
}, 30_000);

test('[TR2] openssl finds nothing below TLS 1.2 to speak', async () => {
  expect(await shown(secured.caFile, '-tls1_2')).toContain('Verify return code: 0 (ok)');
  expect(await shown(secured.caFile, '-tls1_1', '-cipher', 'DEFAULT@SECLEVEL=0')).toMatch(
    /Cipher is \(NONE\)/,
  );
});
