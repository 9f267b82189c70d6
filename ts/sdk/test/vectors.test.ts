import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Hex } from 'viem';
import { hashTypedData } from 'viem';
import { describe, expect, it } from 'vitest';
import { allocate as naiveAllocate } from '../../../test/differential/naive/allocate.ts';
import { rng } from '../../../test/differential/rng.ts';
import { allocate } from '../src/protocol/allocate.ts';
import {
  evidenceHash,
  hashAttribution,
  hashAttributionLeaf,
  hashCredit,
  hashPayout,
} from '../src/protocol/attribution.ts';
import { baselineTree, hashBaselineShare } from '../src/protocol/baseline.ts';
import { fromHex, keccak, toHex, utf8 } from '../src/protocol/bytes.ts';
import { dataCommitment, decodeClaimData, encodeClaimData } from '../src/protocol/claim-data.ts';
import { claimDomain, claimId } from '../src/protocol/claim-id.ts';
import { contentTree, outputTree, requestHash, rowsTree, splitRows } from '../src/protocol/content.ts';
import { hashContextRow } from '../src/protocol/context.ts';
import { hashCorpusEntry } from '../src/protocol/corpus.ts';
import { nextVersion } from '../src/protocol/datanet.ts';
import { decodeItems, encodeItems, type Item } from '../src/protocol/items.ts';
import { decodeReceipt, encodeReceipt, hashReceipt, receiptsTree } from '../src/protocol/receipts.ts';
import {
  dotInt8,
  fromInt8Bytes,
  fromSketchBytes,
  hashRowSketch,
  hashSketch,
  influenceScore,
} from '../src/protocol/sketch.ts';
import { runInputsTree, stepsTree } from '../src/protocol/training.ts';
import {
  plainPad,
  plainRoot,
  plainRootFrom,
  plainTree,
  provePlain,
  proveSum,
  sparsePlainTree,
  sparseSumTree,
  sumPad,
  sumRoot,
  sumRootFrom,
  sumTree,
} from '../src/protocol/trees.ts';
import {
  acceptanceDigest,
  channelId,
  hashVoucherLeaf,
  noticeTypedData,
  receiptIssuedTypedData,
  voucherDigest,
  vouchersTree,
} from '../src/protocol/vouchers.ts';

/** JSON has no big integers: fields of these names are decimal strings. */
const BIG = new Set([
  'sum',
  'fee',
  'settledFee',
  'cumulativeFee',
  'score',
  'amount',
  'feeRef',
  'cumulative',
  'delta',
  'fees',
  'payoutsTotal',
]);

// biome-ignore lint/suspicious/noExplicitAny: the files are written by test/differential/generate.ts, whose types are not ours
function load(name: string): any {
  const file = new URL(`../../../test/differential/vectors/${name}.json`, import.meta.url);
  const revive = (key: string, value: unknown) =>
    BIG.has(key) && typeof value === 'string' && !value.startsWith('0x') ? BigInt(value) : value;
  return JSON.parse(readFileSync(file, 'utf8'), revive);
}

describe('the golden vectors of the formats', () => {
  const trees = load('trees');
  const hashes = load('hashes');
  const claims = load('claims');
  const allocation = load('allocate');
  const domain = { chainId: hashes.chainId, verifyingContract: hashes.escrow as Hex };

  it('are what the naive implementation writes', () => {
    const generate = fileURLToPath(new URL('../../../test/differential/generate.ts', import.meta.url));
    execFileSync(process.execPath, [generate, '--check'], { stdio: 'pipe' });
  }, 180_000);

  it('agree on empty subtrees', () => {
    for (const { height, sum, plain } of trees.pads) {
      expect(sumPad(height).hash).toBe(sum);
      expect(plainPad(height)).toBe(plain);
    }
  });

  it.each([...trees.cases.keys()])('agree on tree %i and its proofs', (index) => {
    const { sums, depth, leaves, root, sum, proofs } = trees.cases[index];
    const dense = leaves.every((leaf: { position: number }, at: number) => leaf.position === at);
    for (const { position, proof } of proofs) {
      const leaf = leaves.find((one: { position: number }) => one.position === position);
      if (sums) {
        const tree = sparseSumTree(
          new Map(leaves.map((one: { position: number }) => [one.position, one])),
          depth,
        );
        expect(sumRoot(tree)).toMatchObject({ hash: root, sum });
        if (dense) expect(sumRoot(sumTree(leaves))).toMatchObject({ hash: root, sum });
        expect(toHex(proveSum(tree, position))).toBe(proof);
        expect(sumRootFrom(leaf ?? sumPad(0), position, depth, fromHex(proof))).toMatchObject({
          hash: root,
          sum,
        });
      } else {
        const tree = sparsePlainTree(
          new Map(leaves.map((one: { position: number; hash: Hex }) => [one.position, one.hash])),
          depth,
        );
        expect(plainRoot(tree)).toBe(root);
        if (dense) expect(plainRoot(plainTree(leaves.map((one: { hash: Hex }) => one.hash)))).toBe(root);
        expect(toHex(provePlain(tree, position))).toBe(proof);
        expect(plainRootFrom(leaf?.hash ?? plainPad(0), position, depth, fromHex(proof))).toBe(root);
      }
    }
  });

  it('agree on receipts', () => {
    for (const { receipt, preimage, hash } of hashes.receipts) {
      expect(toHex(encodeReceipt(receipt))).toBe(preimage);
      expect(decodeReceipt(fromHex(preimage))).toEqual(receipt);
      expect(hashReceipt(receipt)).toBe(hash);
    }
    expect(() => receiptsTree([hashes.receipts[0].receipt])).toThrow('position');
  });

  it('agree on vouchers, their signatures and their leaves', () => {
    const records = hashes.vouchers.map(({ voucher, firstReceipt, digest, acceptance, leaf }: never) => {
      const { settledFee, cumulativeFee } = voucher as { settledFee: bigint; cumulativeFee: bigint };
      const record = { ...(voucher as object), fee: cumulativeFee - settledFee, firstReceipt } as never;
      expect(voucherDigest(domain, voucher)).toBe(digest);
      expect(acceptanceDigest(domain, voucher)).toBe(acceptance);
      expect(hashVoucherLeaf(record)).toBe(leaf);
      return record;
    });
    expect(plainRoot(vouchersTree(records))).toBe(hashes.vouchersRoot.root);
  });

  it('agree on notices and issued receipts', () => {
    const settlement = { chainId: hashes.chainId, verifyingContract: hashes.settlement as Hex };
    for (const one of hashes.signed) {
      const typed = noticeTypedData(settlement, one.nodeId, one.receiptHash, one.evidenceHash);
      expect(hashTypedData(typed)).toBe(one.notice);
      expect(hashTypedData(receiptIssuedTypedData(settlement, one.nodeId, one.receiptHash))).toBe(one.issued);
    }
  });

  it('agree on channel ids', () => {
    for (const { channelId: id, ...channel } of hashes.channels) {
      expect(channelId({ chainId: hashes.chainId, escrow: hashes.escrow, ...channel })).toBe(id);
    }
  });

  it('agree on items, attributions and evidence', () => {
    for (const one of hashes.items) {
      expect(toHex(encodeItems(one.items))).toBe(one.bytes);
      expect(decodeItems(fromHex(one.bytes), one.items.length)).toEqual(one.items);
      expect(hashAttribution(one)).toBe(one.attribution);
      expect(hashAttributionLeaf(one.attribution, one.creditIndices)).toBe(one.leaf);
      expect(evidenceHash(one.receiptHash, one.queryHash, one.items)).toBe(one.evidenceHash);
    }
  });

  it('agree on credits and payouts', () => {
    for (const { hash, ...credit } of hashes.credits) expect(hashCredit(credit)).toBe(hash);
    for (const { hash, ...payout } of hashes.payouts) expect(hashPayout(payout)).toBe(hash);
  });

  it('agree on sketches and scores', () => {
    for (const one of hashes.vectors) {
      const [a, q] = [Int8Array.from(one.a), Int8Array.from(one.q)];
      expect(fromSketchBytes(fromHex(one.aBytes))).toEqual(a);
      expect(fromInt8Bytes(fromHex(one.qBytes))).toEqual(q);
      expect(dotInt8(a, q)).toBe(one.dot);
      expect(influenceScore({ sigma: one.sigma, a }, q)).toBe(one.score);
      expect(hashSketch({ ...one, a })).toBe(one.sketch);
      expect(hashRowSketch({ ...one, a })).toBe(one.rowSketch);
    }
  });

  it('agree on baselines and corpora', () => {
    for (const one of hashes.commitments) {
      expect(hashBaselineShare(one)).toBe(one.baseline);
      expect(hashCorpusEntry(one)).toBe(one.corpus);
    }
    const { depth, shares, root, sum } = hashes.baseline;
    expect(sumRoot(baselineTree(shares, depth))).toMatchObject({ hash: root, sum });
  });

  it('agree on contents, answers and requests', () => {
    for (const { text, bytes, salt, contentRoot, outputRoot, requestHash: request } of hashes.texts) {
      expect(toHex(utf8(text))).toBe(bytes);
      expect(plainRoot(contentTree(utf8(text)))).toBe(contentRoot);
      expect(plainRoot(outputTree(salt, utf8(text)))).toBe(outputRoot);
      expect(requestHash(salt, utf8(text))).toBe(request);
    }
  });

  it('agree on rows and their context', () => {
    const { file, rows, rowsRoot, context } = hashes.rows;
    const split = splitRows(utf8(file));
    expect(
      split.map(({ row, byteOffset, bytes }) => ({ row, byteOffset, text: new TextDecoder().decode(bytes) })),
    ).toEqual(rows);
    expect(plainRoot(rowsTree(split))).toBe(rowsRoot);
    const bytesHash = keccak(split[1]!.bytes);
    expect(hashContextRow({ asset: 4, row: 1, score: -7n, bytesHash })).toBe(context);
  });

  it('agree on step records, run inputs and datanet versions', () => {
    const { steps, stepsRoot, inputs, inputsRoot } = hashes.training;
    expect(plainRoot(stepsTree(steps))).toBe(stepsRoot);
    expect(plainRoot(runInputsTree(inputs.toReversed()))).toBe(inputsRoot);
    let version: Hex = `0x${'00'.repeat(32)}`;
    for (const [index, { op, asset }] of hashes.datanet.ops.entries()) {
      version = nextVersion(version, op, asset);
      expect(version).toBe(hashes.datanet.versions[index]);
    }
  });

  it('agree on claim ids', () => {
    expect(claimDomain(claims)).toBe(claims.domain);
    for (const { claim, claimId: id } of claims.claims) expect(claimId(claims, claim)).toBe(id);
  });

  it('agree on claimData', () => {
    const { openings, claimData, locator, scheme, dataCommitment: commitment } = claims.data;
    const disclosed = openings.map(({ open, ...one }: { open?: unknown }) => {
      if (!open) return one;
      const { a, salt, request, output } = open as { a: number[]; salt: Hex; request: Hex; output: Hex };
      const opening = {
        queryVector: Int8Array.from(a),
        salt,
        request: fromHex(request),
        output: fromHex(output),
      };
      return { ...(one as object), opening };
    });
    expect(toHex(encodeClaimData(disclosed))).toBe(claimData);
    expect(decodeClaimData(claimData)).toEqual(disclosed);
    expect(dataCommitment(scheme, claimData, utf8(locator))).toBe(commitment);
    expect(() => decodeClaimData(claimData.slice(0, -2))).toThrow('data end');
  });

  it('agree on every edge rule and random case of what is allocated', () => {
    for (const { name, input, terms, params, listed, items } of allocation.cases) {
      expect(allocate(input, terms, params, listed), name).toEqual(items);
    }
  });

  it('agree with the naive implementation on 2,000 more allocations', () => {
    const random = rng(7);
    const { cases } = allocation;
    const vary = (value: bigint) => (value * BigInt(1 + random.int(1000))) / 500n;
    for (let round = 0; round < 2000; round++) {
      const { input, terms, params, listed } = random.pick<
        { input: { fee: bigint }; listed: Item[] } & Record<string, never>
      >(cases);
      const fee = (vary(input.fee) / 10n ** 9n) * 10n ** 9n;
      if (fee === 0n) continue;
      const changed = listed.map((one) => ({
        ...one,
        score: one.score > 1n ? vary(one.score) % 2n ** 63n : one.score,
      }));
      const call = [
        { ...(input as object), fee } as never,
        terms as never,
        params as never,
        changed,
      ] as const;
      expect(allocate(...call)).toEqual(naiveAllocate(...call));
    }
  });
});
