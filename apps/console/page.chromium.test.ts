/**
 * The built page in a real browser, fed by the invented lab (dev/fake-lab.ts): what a person sees, presses and
 * reads, by mouse, keyboard and screen reader.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FakeLab } from './dev/fake-lab-process.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const CHROMIUM = {
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
const STEP_MS = 20_000;

let browser: Browser;
let lab: FakeLab;
let page: Page;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function open(options: { agents?: number; dark?: boolean; lessMotion?: boolean } = {}): Promise<void> {
  lab = new FakeLab(await freePort(), options.agents);
  await lab.start();
  page = await browser.newPage({
    viewport: { width: 1280, height: 800 },
    colorScheme: options.dark === true ? 'dark' : 'light',
    reducedMotion: options.lessMotion === true ? 'reduce' : 'no-preference',
  });
  page.setDefaultTimeout(STEP_MS);
  await page.goto(`http://127.0.0.1:${lab.port}/`);
  await page.waitForSelector('.card');
}

const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
const cardsAt = (place: string) => page.locator(`.card-seat[data-site="${place}"]`);
/** Waits in the page until so many cards stand there, at their place and not on the way. */
const untilCardsAt = (place: string, count: number) =>
  page.waitForFunction(
    ([where, many]) => document.querySelectorAll(`.card-seat[data-site="${where}"]`).length === many,
    [place, count] as const,
  );

async function violations(): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: {
        run: () => Promise<{
          violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
        }>;
      };
    };
    const found = await axe.run();
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary} (${nodes.length})`,
    );
  });
}

beforeAll(async () => {
  const built = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/build.ts', '--quiet'], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  expect(built.status).toBe(0);
  browser = await chromium.launch(CHROMIUM);
}, 60_000);

afterEach(async () => {
  await page?.close();
  await lab?.kill();
});
afterAll(async () => {
  await browser?.close();
});

describe('the live page', { timeout: 60_000 }, () => {
  it('shows twenty agents, ten on each bank, without scrolling at 1280 by 800', async () => {
    await open();
    expect(await cardsAt('north').count()).toBe(10);
    expect(await cardsAt('south').count()).toBe(10);
    const overflow = await page.evaluate(() => [
      document.documentElement.scrollWidth - window.innerWidth,
      document.documentElement.scrollHeight - window.innerHeight,
    ]);
    expect(overflow).toEqual([0, 0]);
    const clipped = await page.evaluate(() =>
      [...document.querySelectorAll('.card-name, .card-word, .bank-title, .legend li')]
        .filter((element) => element.scrollWidth > element.clientWidth + 1)
        .map((element) => element.textContent),
    );
    expect(clipped).toEqual([]);
  });

  it.each([20, 40, 60])(
    '%i agents have number, links and family on their card, and nothing sticks out',
    async (agents) => {
      await open({ agents });
      expect(await page.locator('.card').count()).toBe(agents);
      const found = await page.evaluate(() => {
        const all = (selector: string) => [...document.querySelectorAll(selector)];
        const isClipped = (element: Element) => element.scrollWidth > element.clientWidth + 1;
        return {
          clipped: all('.card-name, .card-links').filter(isClipped).length,
          marks: all('.card-links .mark-link[data-state="on"]').filter(
            (mark) => mark.getBoundingClientRect().width >= 8,
          ).length,
          families: all('.card .family').length,
          overflow: document.documentElement.scrollHeight - window.innerHeight,
        };
      });
      expect(found).toEqual({ clipped: 0, marks: 3 * agents, families: agents, overflow: 0 });
    },
  );

  it('a hundred agents have their whole number on their card', async () => {
    await open({ agents: 100 });
    expect(await page.locator('.card').count()).toBe(100);
    const clipped = await page.evaluate(
      () =>
        [...document.querySelectorAll('.card-name')].filter(
          (element) => element.scrollWidth > element.clientWidth + 1,
        ).length,
    );
    expect(clipped).toBe(0);
  });

  it('a killed site: rings close, cards cross to the other bank, the curve reaches everybody', async () => {
    await open();
    const card = page.locator('[data-agent="agent7001"]');
    const startX = (await card.boundingBox())?.x ?? 0;
    await press('Kill north');
    await page.waitForSelector('[data-agent="agent7001"] .ring');
    expect(await page.getByRole('region', { name: 'Site north' }).textContent()).toContain('Dead');
    await untilCardsAt('south', 20);
    await page.waitForFunction(
      (x) => (document.querySelector('[data-agent="agent7001"]')?.getBoundingClientRect().x ?? 0) > x,
      startX + 600,
    );
    expect(lab.commands).toEqual([{ type: 'kill', site: 'north' }]);
    await page.getByText('10 of 10 Ready again', { exact: true }).waitFor();
    expect(await page.locator('.lane[data-lane="ready"] .mark').count()).toBe(10);
    const p99 = await page.locator('.disaster-figures tbody tr').nth(2).locator('td').first().textContent();
    expect(p99).toMatch(/^\d+\.\d s$/);
    const decisions = page.getByRole('region', { name: 'Decisions' }).first();
    const told = await decisions.textContent();
    expect(told).toMatch(/agent70\d\d and \d more log in at south/);
    expect(told).toContain('DS9');
    expect(told).toContain('disaster-recovery.timeout = 3 s, from Application/workspace');
    // What governed is told once each, with how many agents it governed.
    const governors = await page.locator('.governor').allTextContents();
    expect(governors).toEqual(['disaster-recovery.timeout = 3 s 5 ×', 'site-timeout = 3 s 5 ×']);
  });

  it('links that follow a move are folded into it, and unfold on demand', async () => {
    await open();
    await press('Kill north');
    await page.getByText('10 of 10 Ready again', { exact: true }).waitFor();
    const feed = page.getByRole('region', { name: 'Decisions' }).first();
    const links = feed.locator('.followers').first();
    await links.getByText('+2 links', { exact: true }).waitFor();
    expect(await feed.locator('.decision[data-look="link"]').count()).toBe(0);
    const sentence = links.getByText('The statistics link follows the voice link to site south.');
    expect(await sentence.isVisible()).toBe(false);
    await links.locator('summary').focus();
    await page.keyboard.press('Enter');
    await sentence.waitFor();
    expect(await violations()).toEqual([]);
  });

  it('a page that is opened after the disaster is told what was decided before', async () => {
    await open();
    await press('Kill north');
    await page.getByText('10 of 10 Ready again', { exact: true }).waitFor();
    const decisions = () => page.locator('.feed .decision-head').allTextContents();
    const before = await decisions();
    await page.reload();
    await page.waitForSelector('.decision');
    expect(await decisions()).toEqual(before);
    expect(before.join()).toMatch(/log in at south/);
  });

  it('what came of a button is said where it covers nothing, and moves nothing', async () => {
    await open();
    const boxes = () =>
      page.evaluate(() =>
        ['.header', '.stage', '.disaster', '.feed'].map((selector) => {
          const { top, bottom } = document.querySelector(selector)?.getBoundingClientRect() ?? new DOMRect();
          return { top, bottom };
        }),
      );
    const before = await boxes();
    await press('Hang north');
    const notice = page.locator('.notice').first();
    await notice.waitFor();
    const { y = 0, height = 0 } = (await notice.boundingBox()) ?? {};
    for (const { top, bottom } of await boxes()) expect(y >= bottom || y + height <= top).toBe(true);
    expect(y + height).toBeLessThanOrEqual(800);
    expect(await boxes()).toEqual(before);
  });

  it('a queue says who could be given a caller, and who is in a call', async () => {
    await open();
    const agents = page.locator('.queue-agents').first();
    await page.waitForFunction(() =>
      /^[1-9]\d* free, [1-9]\d* in calls$/.test(document.querySelector('.queue-agents')?.textContent ?? ''),
    );
    expect(await agents.getAttribute('title')).toMatch(/^Of 10 agents who serve this queue here, \d+ can be/);
  });

  it('while some still wait the figures count them and say how many', async () => {
    await open();
    await press('Kill north');
    await page.getByText('10 still wait', { exact: true }).waitFor();
    const caption = page.getByText('Every agent counts from the fault. Who was in a call goes on talking;');
    expect(await caption.count()).toBe(1);
    const figures = page.locator('.disaster-figures');
    await figures.getByText('in all, so far', { exact: true }).waitFor();
    const cells = await figures.locator('tbody tr').first().locator('td').allTextContents();
    expect(cells[0]).toMatch(/^\d\.\d s$/);
    expect(cells[1]).toBe('–');
    await page.getByText('10 of 10 Ready again', { exact: true }).waitFor();
    expect(await figures.textContent()).not.toContain('so far');
  });

  it('a Configuration Server lost alone: bells and struck marks, an alarm in the feed, and no card moves', async () => {
    await open();
    lab.turnConfiguration('lose', 'north');
    await page.waitForSelector('[data-agent="agent7001"] [data-kind="configuration"][data-state="lost"]');
    expect(await cardsAt('north').count()).toBe(10);
    expect(await page.locator('.card-alarm').count()).toBe(10);
    expect(await page.locator('[data-agent="agent7001"] .card').textContent()).toContain(
      'Alarm: configuration link lost',
    );
    const north = page.getByRole('region', { name: 'Site north' });
    expect(await north.textContent()).toContain('Alarm at 10 agents (configuration link lost).');
    expect(await north.textContent()).toContain('Running');
    const alarm = page.locator('.decision[data-look="alarm"]').first();
    expect(await alarm.textContent()).toContain('Alarm, no move');
    expect(await violations()).toEqual([]);
    // Workspace takes that link alone to the other site; a third-party desktop keeps its alarm.
    await page.waitForSelector('[data-agent="agent7001"] [data-kind="configuration"] .mark-towards');
    expect(
      await page
        .locator('[data-agent="agent7003"] + .card-alarm, [data-agent="agent7003"] .card-alarm')
        .count(),
    ).toBe(1);
    expect(await page.locator('[data-agent="agent7001"] .card-alarm').count()).toBe(0);
    expect(await cardsAt('north').count()).toBe(10);
    expect(await page.locator('.card-seat[data-crossing="true"]').count()).toBe(0);
    lab.turnConfiguration('restore', 'north');
    await page.waitForFunction(() => document.querySelectorAll('.card-alarm').length === 0);
  });

  it('the time until a lesser link goes by itself runs down where what decides next is told', async () => {
    await open();
    await page.locator('[data-agent="agent7001"] .card').click();
    const drawer = page.getByRole('dialog', { name: 'Agent agent7001' });
    await drawer.waitFor();
    lab.turnConfiguration('lose', 'north');
    const move = drawer.locator('.next[data-of="link"]');
    await move.waitFor();
    expect(await move.textContent()).toMatch(
      /^\dConfiguration link goes to south by itself\d s moredisaster-recovery.timeout = 3 s, from /,
    );
    await move.waitFor({ state: 'detached' });
    await drawer.getByText('takes the configuration link to south').waitFor();
  });

  it('the details of one agent: links, what decides next, a countdown, and the time line', async () => {
    await open();
    await page.locator('[data-agent="agent7001"] .card').click();
    const drawer = page.getByRole('dialog', { name: 'Agent agent7001' });
    const text = () => drawer.textContent();
    await drawer.getByText('Leaves north after 3 s without a SIP Server.').waitFor();
    expect(await text()).toContain(
      'disaster-recovery.timeout = 3 s, from Application/workspace, set for site north',
    );
    expect(await drawer.locator('.links tbody tr').count()).toBe(4);
    expect(await text()).toContain('This agent has decided nothing yet.');
    // Whoever reads may go on pressing: nothing of the stage is closed off.
    await press('Kill north');
    await drawer.locator('.next:not([data-of]) .ring').waitFor();
    expect(await text()).toMatch(/Waits for site north to answer\d s more/);
    await page.waitForFunction(() => document.querySelectorAll('.links tr[data-state="lost"]').length === 3);
    expect(await drawer.locator('.line-entry[data-look="now"]').count()).toBe(1);
    expect(await violations()).toEqual([]);
    await drawer.getByText('logs in at south').waitFor();
    const line = await drawer.locator('.line-entry').allTextContents();
    expect(line).toHaveLength(2);
    expect(line[1]).toMatch(
      /\d\d:\d\d:\d\dleaves northNo SIP Server of site north .*DS8adisaster-recovery.timeout = 3 s/,
    );
    await drawer.getByText('Goes back to north by itself').waitFor();
    await drawer.getByRole('button', { name: 'Close' }).click();
    expect(await drawer.count()).toBe(0);
    // What was decided before the page was opened is told by the lab.
    await page.reload();
    await page.locator('[data-agent="agent7001"] .card').click();
    await drawer.getByText('leaves north').waitFor();
    expect(await drawer.locator('.line-entry').count()).toBe(2);
  });

  it('a card moves on its way, unless less motion is asked for', async () => {
    await open({ lessMotion: true });
    const duration = () =>
      page
        .locator('.card-seat')
        .first()
        .evaluate((element) => getComputedStyle(element).transitionDuration);
    expect(await duration()).toBe('0s');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await duration()).toContain('1.1s');
  });

  it('the buttons send kill, hang and restore, and offer only what makes sense', async () => {
    await open();
    const state = (name: string) =>
      page.getByRole('button', { name, exact: true }).getAttribute('aria-disabled');
    expect(await state('Restore south')).toBe('true');
    await press('Hang south');
    await page.getByText('Hung', { exact: false }).first().waitFor();
    await page.waitForSelector('[aria-label="Restore south"][aria-disabled="false"]');
    expect(await state('Hang south')).toBe('true');
    await press('Restore south');
    await page.waitForSelector('[aria-label="Kill south"][aria-disabled="false"]');
    await press('Kill south');
    await page.waitForSelector('[aria-label="Restore south"][aria-disabled="false"]');
    expect(lab.commands).toEqual([
      { type: 'hang', site: 'south' },
      { type: 'restore', site: 'south' },
      { type: 'kill', site: 'south' },
    ]);
  });

  it('says that the lab is gone, keeps the picture, and comes back by itself', async () => {
    await open();
    await lab.kill();
    await page.getByText('The lab is gone.').waitFor();
    expect(await page.locator('.card').count()).toBe(20);
    expect(await page.locator('.site-button[aria-disabled="false"]').count()).toBe(0);
    await lab.start();
    await page.waitForSelector('.page[data-link="live"]');
    expect(await page.getByText('The lab is gone.').count()).toBe(0);
    await press('Hang north');
    await page.waitForSelector('[aria-label="Restore north"][aria-disabled="false"]');
  });

  it('says that the lab has gone silent and for how long, and is live again by itself', async () => {
    await open();
    lab.hang();
    await page.getByText('The lab says nothing.').waitFor();
    await page.locator('.pill', { hasText: /No data for [4-9] s/ }).waitFor();
    expect(await page.locator('.site-button[aria-disabled="false"]').count()).toBe(0);
    expect(await page.locator('.card').count()).toBe(20);
    expect(await violations()).toEqual([]);
    lab.goOn();
    await page.waitForSelector('.page[data-link="live"]');
    expect(await page.getByText('The lab says nothing.').count()).toBe(0);
  });

  it('who is cut off stays on the old bank, with the ring that runs, until logged in at the other', async () => {
    await open();
    await press('Kill north');
    // Not a named one: who is in a call goes on talking.
    await page.waitForSelector('.card-seat[data-site="north"] .card[data-face="cut"] .ring');
    expect(await cardsAt('north').count()).toBe(10);
    expect(await cardsAt('river').count()).toBe(0);
    await untilCardsAt('south', 20);
    expect(await page.locator('.card[data-face="cut"]').count()).toBe(0);
  });

  it.each([false, true])('axe finds nothing, calm and in a disaster (dark: %s)', async (dark) => {
    await open({ dark });
    expect(await violations()).toEqual([]);
    await press('Hang north');
    await press('Kill south');
    await page.waitForSelector('.ring');
    await page.locator('.card').first().click();
    expect(await violations()).toEqual([]);
    await press('What is this?');
    await page.getByText('What am I looking at?').waitFor();
    // The dialog fades in: only then are its colours those that count.
    await page.waitForFunction(() =>
      document.getAnimations().every(({ effect }) => effect?.getTiming().iterations === Infinity),
    );
    expect(await violations()).toEqual([]);
  });

  it('light and dark can be chosen against the system', async () => {
    await open();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await press('Dark');
    expect(await ground()).not.toBe(light);
    await press('Light');
    expect(await ground()).toBe(light);
  });

  it('by keyboard: one tab stop for all cards, arrows between them, Enter opens one', async () => {
    await open();
    expect(await page.locator('.card[tabindex="0"]').count()).toBe(1);
    await page.locator('.card[tabindex="0"]').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: 'Agent agent7003' });
    await drawer.waitFor();
    expect(await drawer.evaluate((element) => element === document.activeElement)).toBe(true);
    const name = await page.locator('.card[tabindex="0"]').textContent();
    expect(name).toMatch(/^7003 [A-Z][a-z ]+3P, at site north\. Links: telephony on, configuration on, /);
    await page.keyboard.press('Tab');
    expect(
      await drawer
        .getByRole('button', { name: 'Close' })
        .evaluate((element) => element === document.activeElement),
    ).toBe(true);
    await page.keyboard.press('Escape');
    expect(await drawer.count()).toBe(0);
    const focused = () =>
      page.evaluate(() => document.activeElement?.closest('[data-agent]')?.getAttribute('data-agent'));
    expect(await focused()).toBe('agent7003');
    // Escape closes from wherever the focus is, and leaves it there.
    await page.keyboard.press('Enter');
    await drawer.waitFor();
    await page.getByRole('button', { name: 'Hang south' }).focus();
    await page.keyboard.press('Escape');
    expect(await drawer.count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Hang south');
  });

  it('tells how to join with a phone', async () => {
    await open();
    await press('Join by phone');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('127.0.0.1:5160').waitFor();
    const text = await dialog.textContent();
    for (const value of ['7999', 'fake-phone-password', '8000']) expect(text).toContain(value);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await dialog.getByRole('button', { name: 'Copy: Account' }).click();
    await dialog.getByRole('button', { name: 'Copied: Account' }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('7999');
  });
});
