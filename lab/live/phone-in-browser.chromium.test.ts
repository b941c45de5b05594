/**
 * A phone in a real browser: JsSIP in Chromium registers over WebSocket, in clear and within TLS, is called over the connection
 * that it has made, and is found again when the primary is killed. It takes no call: the WebRTC of browsers wants DTLS-SRTP,
 * and sound here is RTP in clear, so that it says whether it has heard of the call.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killPrimary, mateInStep } from './kill-primary.ts';
import { PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { PairLog } from './pair-log.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';
import { type SecuredSite, securedSite } from './secured-site.ts';

const NUMBER = '7002';
const STEP_MAX_MS = 30_000;

let secured: SecuredSite;
let browser: Browser;
let caller: LabPhone;
let script: string;

beforeAll(async () => {
  const bundle = await build({
    entryPoints: [fileURLToPath(import.meta.resolve('jssip'))],
    ...{ bundle: true, write: false, format: 'iife', globalName: 'JsSIP', platform: 'browser' },
  });
  script = bundle.outputFiles[0]?.text ?? '';
  secured = await securedSite(2);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--ignore-certificate-errors'],
  });
  caller = await secured.site.registeredPhone('7001', 0);
}, 90_000);

afterAll(async () => {
  await browser?.close();
  await secured?.end();
}, 20_000);

/** What the phone in the page has told, oldest first. */
const told = (page: Page) => page.evaluate<string[]>('told');

async function phoneAt(url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.addScriptTag({ content: script });
  const account = { uri: `sip:${NUMBER}@${REALM}`, password: PHONE_PASSWORD, register_expires: 60 };
  await page.evaluate(`
    told = [];
    phone = new JsSIP.UA({
      ...${JSON.stringify(account)},
      sockets: [new JsSIP.WebSocketInterface(${JSON.stringify(url)})],
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 2,
    });
    phone.on('registered', () => told.push('registered'));
    phone.on('registrationFailed', ({ cause }) => told.push('registration failed: ' + cause));
    phone.on('disconnected', () => told.push('disconnected'));
    phone.on('newRTCSession', ({ session, originator }) => {
      told.push('call ' + originator);
      session.terminate({ status_code: 486 });
    });
    phone.start();
  `);
  await until(`the browser registers over ${url}`, STEP_MAX_MS, async () =>
    (await told(page)).includes('registered'),
  );
  return page;
}

/** The phone in the page refuses, which shows that the call has reached it. */
async function isCalled(page: Page): Promise<void> {
  const before = (await told(page)).length;
  const after = caller.facts.length;
  caller.command({ name: 'call', to: NUMBER, site: 'north' });
  expect(await caller.fact('ended', { after, withinMs: STEP_MAX_MS })).toMatchObject({ status: 486 });
  expect((await told(page)).slice(before)).toContain('call remote');
}

test.each(['ws', 'wss'] as const)(
  '[TR3] JsSIP in Chromium registers over %s and is called',
  async (scheme) => {
    const port = secured.ports[scheme === 'ws' ? 'WS' : 'WSS'];
    const page = await phoneAt(`${scheme}://127.0.0.1:${port}/`);
    await isCalled(page);
    await page.evaluate('phone.stop()');
    await page.close();
  },
  60_000,
);

test('[TR1] the primary is killed: the browser connects and registers again, and is called', async () => {
  const pair = new PairLog(secured.site.logFile);
  const page = await phoneAt(`wss://127.0.0.1:${secured.ports.WSS}/`);
  await mateInStep(pair);
  const before = (await told(page)).length;
  await killPrimary(secured.site, pair);
  await until('the browser is registered again', STEP_MAX_MS, async () =>
    (await told(page)).slice(before).includes('registered'),
  );
  expect((await told(page)).slice(before)).toContain('disconnected');
  await isCalled(page);
  await page.close();
}, 90_000);
