import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Devnet, openDevnet } from './devnet.ts';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
/** A first start compiles, deploys, trains and settles. */
const START_MS = 900_000;

type Question = { question: string; answer: string; contribution: string };
const questions = JSON.parse(
  readFileSync(join(root, 'ts/models/world/questions.json'), 'utf8'),
) as Question[];

let devnet: Devnet;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(
      `There is no browser at ${executablePath}. Install Chromium (Debian: apt-get install chromium) or set CHROMIUM_PATH.`,
    );
  }
  devnet = await openDevnet();
  browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
    ],
  });
  page = await browser.newPage({ baseURL: devnet.studio, viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(30_000);
  page.on('pageerror', (error) => problems.push(error.message));
}, START_MS);

afterAll(async () => {
  await browser?.close();
  await devnet?.close();
}, 60_000);

const count = (testId: string, selector: string) => page.getByTestId(testId).locator(selector).count();

describe('the studio in a real browser', () => {
  beforeEach(({ onTestFailed }) => {
    onTestFailed(async ({ task }) => {
      const file = join(root, '.openledger/test', `browser-${task.id.replaceAll(/\W/g, '_')}.png`);
      await page.screenshot({ path: file, fullPage: true });
      console.error(`What the page looked like: ${file}`);
    });
  });

  test('the datanets page shows three datanets with nine contributions', async () => {
    await page.goto('/datanets');
    await page.getByTestId('datanets').waitFor();
    expect(await count('datanets', 'li')).toBe(3);
    let contributions = 0;
    for (const name of await page.getByTestId('datanets').locator('h2').allTextContents()) {
      await page.goto('/datanets');
      await page.getByRole('heading', { name }).click();
      await page.getByTestId('contributions').waitFor();
      contributions += await count('contributions', ':scope > li');
    }
    expect(contributions).toBe(9);
  });

  test('the rows of a contribution come from the content store', async () => {
    await page.goto('/datanets/1');
    await page.getByRole('button', { name: 'Show rows' }).first().click();
    const [first] = questions;
    await page.getByText(first!.answer).waitFor();
  });

  test('a training run starts, its curve gets points, and a reload attaches to it again', async () => {
    await page.goto('/train');
    await page.getByLabel('Workshop Ledger').check();
    await page.getByLabel('Name').fill('workshop-sketch');
    await page.getByText('Advanced settings').click();
    await page.getByLabel('Epochs').fill('1');
    // A seed of its own: a node does not train the same run twice.
    await page.getByLabel('Seed').fill(String(Date.now() % 2 ** 32));
    await page.getByRole('button', { name: 'Start training' }).click();
    await page.waitForURL(/\/train\/ftjob-/);
    const points = async () => Number(await page.locator('.chart').getAttribute('data-points'));
    await expect.poll(points, { timeout: 60_000 }).toBeGreaterThanOrEqual(2);
    await page.reload();
    await expect.poll(points, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
    await page.getByText('trained', { exact: true }).waitFor({ timeout: 90_000 });
  });

  test('the builder publishes the adapter, and the run is on chain', async () => {
    await page.getByRole('button', { name: 'Use the devnet’s builder' }).click();
    await page.getByRole('button', { name: 'Publish on chain' }).click();
    await page.getByRole('heading', { name: 'Published' }).waitFor();
    await page.getByText('Run opened').waitFor();
    await page.getByText('Finished').waitFor();
  });

  test('an answer streams, its source is highlighted and listed with an amount, and all of it verifies', async () => {
    const asked = questions.find(({ contribution }) => contribution === 'towers-and-lamps')!;
    await page.goto('/chat');
    // The adapter that the thread trained; the run above published another one.
    const guide = page.getByLabel('Model').locator('option', { hasText: 'tamber-guide' });
    await guide.waitFor({ state: 'attached' });
    await page.getByLabel('Model').selectOption((await guide.getAttribute('value'))!);
    await page.getByRole('button', { name: 'Open a channel' }).click();
    await page.getByText(/OPEN left/).waitFor();
    await page.getByLabel('Your question').fill(asked.question);
    await page.getByRole('button', { name: 'Ask', exact: true }).click();
    await page.getByRole('log').last().getByText(asked.answer.slice(0, 12)).waitFor();

    const panel = page.getByTestId('attribution').last();
    await panel.waitFor({ timeout: 60_000 });
    const source = panel.locator('.source').first();
    expect(await source.textContent()).toContain('Contribution 1');
    expect(await source.textContent()).toContain('Coastal Lights');
    expect(Number.parseFloat((await source.locator('.num').textContent())!)).toBeGreaterThan(0);

    const match = page.getByRole('log').last().getByRole('button').first();
    expect((await match.textContent())!.length).toBeGreaterThanOrEqual(64);
    await match.click();
    expect(asked.answer).toContain((await panel.locator('.source-row mark').first().textContent())!.trim());

    await panel.getByRole('button', { name: 'Verify in this browser' }).click();
    await panel.getByText('All 8 checks hold.').waitFor();
  });

  test('the payouts page shows what was paid, the claims, and the fraud that was proven', async () => {
    await page.goto('/payouts');
    await page.getByTestId('payments').waitFor();
    const amounts = await page.getByTestId('payments').locator('tbody tr td:nth-child(3)').allTextContents();
    expect(amounts.length).toBeGreaterThan(0);
    for (const amount of amounts) expect(amount).toMatch(/^(< )?\d[\d ]*(\.\d+)? OPEN$/);
    await page.getByTestId('claims').getByText('final').first().waitFor();
    await page.getByText('Fraud proven').first().waitFor();
    const row = page.getByTestId('earnings').locator('tbody tr', { hasText: 'Contribution 1' }).first();
    expect(Number.parseFloat((await row.locator('[data-label=Paid]').textContent())!)).toBeGreaterThan(0);
  });

  test('no page raised an error', () => {
    expect(problems).toEqual([]);
  });
});
