/** The page in a real Chromium: every button, every state, and no serious finding of axe. */

import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDashboard, type DashboardOptions } from '../../src/dashboard/index.ts';
import { serve } from '../http/serve.ts';
import { driver, setUpRollout } from '../support/rollout-traffic.ts';
import type { SetUp } from '../support/set-up.ts';

const path = chromiumPath();
if (path === undefined)
  process.emitWarning('No chromium on this machine: the tests of the page in a browser are skipped.');

const EVIL = '<img src=x onerror=alert(1)>';
/** Leaves room for another rollout. */
const HALF_STEPS = [{ weight: 0.2, hold: '1h' }, { weight: 0.4 }] as const;
const STEPS = [{ weight: 0.2, hold: '1h' }, { weight: 0.5, hold: '1h' }, { weight: 1 }] as const;

describe.skipIf(path === undefined)('in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: path ?? '', args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  /** A page over a rollout to `gemini`, with what the browser reports against it. */
  async function open(
    options: DashboardOptions,
    width = 1280,
    fragment = '',
    set: SetUp = setUpRollout({ steps: STEPS }),
  ) {
    const dashboard = createDashboard(set.ai, { updateInterval: 100, ...options });
    const server = await serve(dashboard.node);
    const context = await browser.newContext({ viewport: { width, height: 800 }, reducedMotion: 'reduce' });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
    await page.goto(`${server.url}/${fragment}`);
    await page.getByRole('heading', { level: 1, name: 'gemini' }).waitFor();
    return {
      ...set,
      page,
      complaints,
      async [Symbol.asyncDispose]() {
        await context.close();
        dashboard.close();
        await server[Symbol.asyncDispose]();
        await set.ai.canary.close();
      },
    };
  }

  test('every button says what will happen, does it, and the page follows', async () => {
    await using opened = await open({ authorize: () => true });
    const { page, complaints, ai } = opened;
    const state = () => ai.canary.rollout.state;

    await confirm(page, 'Pause', /No further step begins/, { Reason: 'lunch' });
    await page.getByText('❚❚ paused').waitFor();
    expect(state().reason).toBe('lunch');
    await confirm(page, 'Resume', /goes on from step 1 of 3/);
    await page.getByText('▶ progressing').waitFor();
    await confirm(page, 'Set weight', /10 % of the calls instead of 20 %/, { 'Share of gemini': '10' });
    await page.locator('.summary', { hasText: 'gemini answers 10 % of the calls' }).waitFor();
    await confirm(page, 'Promote', /Step 2 of 3 begins now/);
    await page.locator('.summary', { hasText: /^Step 2 of 3 since/ }).waitFor();
    await confirm(page, 'Roll back', /gets no more calls/, { Reason: EVIL });
    await page.getByText('✕ rolled back', { exact: true }).waitFor();
    expect(state().phase).toBe('rolledBack');
    // Script in a reason is text, wherever it is shown.
    await page.locator('.reason', { hasText: EVIL }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    await confirm(page, 'Retry', /starts again at step 1/);
    await page.getByText('▶ progressing').waitFor();
    await page.getByRole('button', { name: 'Promote' }).click();
    await page.getByLabel('Promote at once').check();
    await page.getByRole('dialog').getByText('answers all calls').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Promote' }).click();
    await page.getByText('✓ promoted').waitFor();
    await confirm(page, 'Undo', /openai answers all calls again/);
    await expect.poll(() => state().phase).toBe('rolledBack');
    await expect.poll(() => page.locator('.decisions li').count()).toBeGreaterThan(7);
    expect(complaints).toEqual([]);
  });

  test('Cancel and Escape change nothing, and a rollout that moved meanwhile is not changed', async () => {
    await using opened = await open({ authorize: () => true });
    const { page, ai } = opened;
    await page.getByRole('button', { name: 'Roll back' }).click();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Cancel');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Roll back' }).press('Enter');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Roll back' }).click();
    ai.canary.rollout.promote();
    await page.getByText('The rollout has moved since you opened this').waitFor();
    expect(await page.getByRole('dialog').getByRole('button', { name: 'Roll back' }).isDisabled()).toBe(true);
    expect(ai.canary.rollout.state).toMatchObject({ phase: 'progressing', step: 1 });
  });

  test('a read-only page has no buttons that move the rollout', async () => {
    await using opened = await open({});
    await opened.page.getByText('Read-only').waitFor();
    for (const name of ['Promote', 'Pause', 'Roll back', 'Set weight'])
      expect(await opened.page.getByRole('button', { name }).count()).toBe(0);
  });

  test('a refused change says why, and the token of the address is sent and taken off it', async () => {
    const mayChange = (request: Request) => request.headers.get('authorization') === 'Bearer right';
    const options: DashboardOptions = { authorize: (request, wish) => wish === 'read' || mayChange(request) };
    await using refused = await open(options, 1280, '#token=wrong');
    await refused.page.getByRole('button', { name: 'Pause' }).click();
    await refused.page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await refused.page.getByText('You may read this page, and change nothing').waitFor();
    await using allowed = await open(options, 1280, '#token=right');
    expect(allowed.page.url()).not.toContain('token');
    await confirm(allowed.page, 'Pause', /No further step/);
    await expect.poll(() => allowed.ai.canary.rollout.state.phase).toBe('paused');
  });

  test('of two rollouts the page shows one, the buttons move that one, and a press on the other name changes both', async () => {
    const rollouts = ['gemini', 'deepseek'].map((to) => ({
      to,
      salt: to,
      steps: HALF_STEPS,
    }));
    const set = setUpRollout(rollouts, {}, { gemini: {}, deepseek: {} });
    await using opened = await open({ authorize: () => true }, 1280, '', set);
    const { page, complaints, ai } = opened;
    const phases = () => Object.entries(ai.canary.rollouts).map(([name, rollout]) => `${name} ${rollout.state.phase}`);
    await confirm(page, 'Pause', /No further step begins/);
    await expect.poll(phases).toEqual(['gemini paused', 'deepseek progressing']);
    await page.locator('#rollouts').getByRole('button', { name: 'deepseek' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'deepseek' }).waitFor();
    await page.getByText('▶ progressing').waitFor();
    await confirm(page, 'Roll back', /gets no more calls/);
    await expect.poll(phases).toEqual(['gemini paused', 'deepseek rolledBack']);
    await page.locator('#rollouts').getByRole('button', { name: 'gemini' }).click();
    await page.getByText('❚❚ paused').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a key is explained, and sliders plan another rollout', async () => {
    await using opened = await open({});
    const { page } = opened;
    await page.getByLabel('Key', { exact: true }).fill('user-7');
    await page.getByRole('button', { name: 'Explain' }).click();
    await page.getByText(/answers it: its bucket lies within/).waitFor();
    const answer = page.locator('.what-if .answer');
    const before = await answer.textContent();
    await page.getByLabel('Calls per second').fill('900');
    await expect.poll(() => answer.textContent()).not.toBe(before);
  });

  test.each([320, 1280, 3840])('at %i px nothing is wider than the page, with numbers of calls', async (width) => {
    await using opened = await open({ authorize: () => true }, width);
    await driver(opened)({ calls: 100, perSecond: 50 });
    await opened.page
      .getByText(/over \d+; openai/)
      .first()
      .waitFor();
    await opened.page.locator('canvas').first().waitFor();
    const overflow = await opened.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect(overflow).toBeLessThanOrEqual(0);
    expect(opened.complaints).toEqual([]);
  });

  test.each(['light', 'dark'] as const)(
    'axe finds nothing serious in the %s page and its dialog',
    async (colorScheme) => {
      await using opened = await open({ authorize: () => true });
      const { page } = opened;
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.locator('canvas').first().waitFor();
      expect(await seriousFindings(page)).toEqual([]);
      await page.getByRole('button', { name: 'Roll back' }).click();
      expect(await seriousFindings(page)).toEqual([]);
    },
  );
});

/** Clicks a button, reads the dialog, fills its fields and confirms. */
async function confirm(page: Page, name: string, consequence: RegExp, fields: Readonly<Record<string, string>> = {}) {
  await page.getByRole('button', { name }).click();
  const dialog = page.getByRole('dialog');
  for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value);
  await dialog.getByText(consequence).waitFor();
  await dialog.getByRole('button', { name }).click();
  await dialog.waitFor({ state: 'hidden' });
}

async function seriousFindings(page: Page): Promise<readonly string[]> {
  const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // As the browser's own tools: the policy of the page allows no other script.
  await page.evaluate(source);
  const found = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

function chromiumPath(): string | undefined {
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}
