import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hex } from 'viem';
import { createPublicClient, http, keccak256, parseAbi } from 'viem';
import { mnemonicToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devnetAt, sharedHome, type TestDevnet } from './devnet.ts';
import { openLedger, type Voucher } from './ledger.ts';

const MNEMONIC = 'test test test test test test test test test test test junk';
const address = (index: number): Hex => mnemonicToAccount(MNEMONIC, { addressIndex: index }).address;
const CONTRIBUTORS = Array.from({ length: 9 }, (_, i) => address(2 + i));

type Step = { seconds: number; result: Record<string, unknown> };
let devnet: TestDevnet;

/** Runs the demo up to a step and returns what its steps found. */
async function demo(...args: string[]): Promise<Record<string, Step>> {
  const { code, stdout, stderr } = await devnet.cli('demo', '--json', ...args);
  expect(`${code} ${stderr}`).toBe('0 ');
  return JSON.parse(stdout).steps;
}

const contracts = () => JSON.parse(readFileSync(devnet.deployment, 'utf8')).contracts as Record<string, Hex>;

beforeAll(async () => {
  rmSync(sharedHome, { recursive: true, force: true });
  devnet = await devnetAt(sharedHome);
});

// The state stays for the browser stage; the programs do not.
afterAll(async () => {
  await devnet.cli('devnet', 'down');
});

// Trains a model, for minutes where the machine is slow.
describe('the thread', { timeout: 900_000 }, () => {
  it('turns nine files into ERC-721 contributions, an anchored training run and a published adapter', async () => {
    const steps = await demo('--until', 'train');
    const datanets = steps.contribute.result.datanets as { contributions: { owner: Hex; rows: number }[] }[];
    expect(datanets.map((d) => d.contributions.length)).toEqual([3, 3, 3]);
    expect(datanets.flatMap((d) => d.contributions.map((c) => c.owner))).toEqual(CONTRIBUTORS);
    const {
      firstLoss,
      lastLoss,
      steps: trained,
    } = steps.train.result as { firstLoss: number; lastLoss: number; steps: number };
    expect(lastLoss).toBeLessThan(firstLoss / 4);
    const chain = createPublicClient({ transport: http(devnet.urls.rpc) });
    const run = await chain.readContract({
      address: contracts().TrainingLog,
      abi: parseAbi([
        'function run(bytes32) view returns ((address owner, uint40 openedAt, uint40 finishedAt, uint8 status, uint32 inputCount, uint32 totalSteps, uint32 step, bytes32 inputsRoot, bytes32 datanetsHash, bytes32 stepsRoot, bytes32 checkpointHash, bytes32 adapterHash))',
      ]),
      functionName: 'run',
      args: [steps.train.result.runId as Hex],
    });
    expect(run).toMatchObject({
      owner: address(11),
      inputCount: 6,
      step: trained,
      adapterHash: steps.train.result.adapterHash,
    });
  });

  it('says what its data is, and hands its model over', async () => {
    const printed = async (...args: string[]) => {
      const { code, stdout, stderr } = await devnet.cli(...args);
      expect(`${code} ${stderr}`).toBe('0 ');
      return stdout;
    };
    const report = JSON.parse(await printed('dataset', 'check', '1', '2', '3', '--json'));
    expect(report.totals).toMatchObject({
      contributions: 9,
      rows: 156,
      includedRows: 156,
      nearDuplicates: 0,
    });
    const evaluation = join(devnet.home, 'evaluation.txt');
    writeFileSync(
      evaluation,
      'When was the lamp of Harrow Ness first lit?\n\nWho lit the lamp of Harrow Reef?\n',
    );
    const held = ['--held-out', evaluation, '--exclude', 'held-out', '--json'];
    expect(JSON.parse(await printed('dataset', 'check', '1', '2', '3', ...held))).toMatchObject({
      totals: { rows: 156, includedRows: 155 },
      heldOut: [{ text: 0, similarity: 1 }],
    });
    const croissant = JSON.parse(await printed('dataset', 'export', '1'));
    expect(croissant.distribution).toHaveLength(3);
    for (const { contentUrl, sha256 } of croissant.distribution) {
      const bytes = new Uint8Array(await (await fetch(contentUrl)).arrayBuffer());
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
    const listed = JSON.parse(await printed('model', 'list', '--json'));
    expect(listed.local).toMatchObject([{ name: 'base', modelId: 1 }]);
    expect(listed.adapters).toMatchObject([{ modelId: 2, parent: 1, datanets: [1, 2] }]);
    const summary = await printed('model', 'summary', 'ol-2');
    expect(summary).toContain('120 rows');
    expect(summary).toContain('0 of 120 hold what looks like personal data');
    const out = join(devnet.home, 'exported');
    await printed('model', 'export', 'ol-2', '--format', 'peft', '--out', out);
    const card = JSON.parse(readFileSync(join(out, 'adapter_config.json'), 'utf8'));
    expect(card).toMatchObject({ peft_type: 'LORA' });
  });

  it('answers, attributes, settles, and pays every wei where the split says', async () => {
    const steps = await demo('--until', 'attribute');
    expect((steps.ask.result.answers as string[]).length).toBe(8);
    expect(steps.attribute.result.checks).toBeGreaterThan(8 * 10);

    const book = contracts() as unknown as Parameters<typeof openLedger>[1];
    const parties = { node: address(13), modelOwners: [address(11), address(0)], contributors: CONTRIBUTORS };
    const audit = await openLedger(devnet.urls.rpc, book, parties);
    const settled = await demo('--until', 'settle');
    const saved: Record<string, Record<string, string | number>> = JSON.parse(
      readFileSync(join(devnet.home, 'consumer/vouchers.json'), 'utf8'),
    );
    const vouchers = Object.values(saved).map(
      (v) => ({ ...v, settledFee: BigInt(v.settledFee), cumulativeFee: BigInt(v.cumulativeFee) }) as Voucher,
    );
    expect(await audit(vouchers)).toEqual([]);
    const fees = vouchers.reduce((sum, v) => sum + v.cumulativeFee - v.settledFee, 0n);
    expect(String(settled.settle.result.fees)).toBe(String(fees));

    const { claimId, paid } = settled.settle.result as {
      claimId: Hex;
      paid: { asset: number; amount: string }[];
    };
    const [first] = paid.filter(({ asset }) => asset > 0 && asset % 4 === 0);
    const explained = await devnet.cli('explain', `${first.asset / 4}`, '--claim', claimId, '--json');
    expect(`${explained.code} ${explained.stderr}`).toBe('0 ');
    expect(JSON.parse(explained.stdout)).toMatchObject({ asset: first.asset, amount: first.amount });
  });

  it('has the evidence on disk before it is paid: a receipt verifies from public data, and a tampered one does not', async () => {
    const { ask } = await demo('--until', 'ask');
    const [id] = ask.result.receipts as string[];
    const good = await devnet.cli('receipt', 'verify', id, '--json');
    expect(good.code, good.stderr).toBe(0);
    const view = await (await fetch(`${devnet.urls.node}/v1/receipts/${id}`)).json();
    view.attribution.items[0].score = String(BigInt(view.attribution.items[0].score) + 1n);
    const file = join(devnet.home, 'tampered.json');
    (await import('node:fs')).writeFileSync(file, JSON.stringify(view));
    const bad = await devnet.cli('receipt', 'verify', file, '--json');
    expect(bad.code).toBe(1);
    const failed = JSON.parse(bad.stdout).checks.filter((c: { ok: boolean }) => !c.ok);
    expect(failed.length).toBeGreaterThan(0);
  });

  it('catches the liar, and a vote changes what the same answers pay', async () => {
    const steps = await demo();
    expect(steps.liar.result.predicate).toMatch(/Predicate$/);
    expect(BigInt(steps.liar.result.slashed as string)).toBeGreaterThan(0n);
    expect(steps.govern.result.newPayouts).not.toEqual(steps.govern.result.oldPayouts);
  });

  it('shows everything in the indexer', async () => {
    const query =
      '{ datanets { totalCount } contributions { totalCount } models { totalCount } claims { items { status } } fraudProofs { totalCount } payouts { totalCount } }';
    const answer = await fetch(`${devnet.urls.indexer}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data } = await answer.json();
    expect(data.datanets.totalCount).toBe(3);
    expect(data.contributions.totalCount).toBe(9);
    expect(data.models.totalCount).toBe(2);
    expect(data.fraudProofs.totalCount).toBe(1);
    expect(data.payouts.totalCount).toBeGreaterThan(0);
    expect(data.claims.items.map((c: { status: string }) => c.status)).toContain('rejected');
  });
});

describe('a devnet that dies', () => {
  it.each(['node', 'chain', 'anvil', 'indexer', 'watcher', 'studio'])(
    'continues after kill -9 of the %s',
    async (name) => {
      const before = await fetchChannel();
      const { pid } = JSON.parse(readFileSync(join(devnet.home, 'run', `${name}.json`), 'utf8'));
      // The devnet's state is saved each second; what is younger may be lost with the chain, and is done again.
      if (name === 'anvil') await new Promise((done) => setTimeout(done, 2500));
      process.kill(pid, 'SIGKILL');
      const steps = await demo();
      expect(Object.keys(steps)).toContain('govern');
      expect(await fetchChannel()).toEqual(before);
    },
  );
});

/** What the node's journal says of the consumer's receipts. */
async function fetchChannel(): Promise<Hex> {
  const { data } = await (await fetch(`${devnet.urls.node}/v1/receipts`)).json();
  return keccak256(new TextEncoder().encode(JSON.stringify(data.map((r: { id: string }) => r.id))));
}
