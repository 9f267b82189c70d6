import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const golden = readFileSync(join(root, 'ts/sdk/test/golden/light-proof.json'), 'utf8');

it('a page without a node verifies a receipt, and sees that a proof was changed', async () => {
  const bundle = buildSync({
    stdin: {
      contents: `
        import { verifyReceipt } from './verify.ts';
        import { parseLightProof } from './proof.ts';
        window.verify = async (text) => {
          const { proof, trust, answer } = JSON.parse(text);
          const { status, payments } = await verifyReceipt(parseLightProof(JSON.stringify(proof)), trust, answer);
          return status + ' ' + payments.map(({ amount }) => amount).join(' ');
        };`,
      resolveDir: join(root, 'ts/sdk/src/light'),
    },
    bundle: true,
    platform: 'browser',
    write: false,
  }).outputFiles[0]!.text;
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: bundle });
    const verify = (text: string) =>
      page.evaluate(
        (given) => (window as unknown as { verify(text: string): Promise<string> }).verify(given),
        text,
      );
    const { items } = JSON.parse(golden).proof.attribution;
    const amounts = items.map(({ amount }: { amount: string }) => amount).join(' ');
    expect(await verify(golden)).toBe(`final ${amounts}`);
    const changed = golden.replace(`"amount": "${items[0].amount}"`, '"amount": "1"');
    await expect(verify(changed)).rejects.toThrow('does not have this attribution');
  } finally {
    await browser.close();
  }
});
