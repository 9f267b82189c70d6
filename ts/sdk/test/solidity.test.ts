import { readFileSync } from 'node:fs';
import { decodeAbiParameters, type Hex, hexToBytes, parseAbiParameters, sliceHex } from 'viem';
import { describe, expect, it } from 'vitest';
import * as naive from '../../../test/differential/naive/hashes.ts';
import { isHonest } from '../../../test/differential/naive/judge.ts';
import { dense } from '../../../test/differential/naive/trees.ts';
import {
  type Attribution,
  encodeAttribution,
  evidenceHash,
  hashAttribution,
  hashAttributionLeaf,
  hashCredit,
  hashPayout,
} from '../src/protocol/attribution.ts';
import { hashBaselineShare } from '../src/protocol/baseline.ts';
import { toHex } from '../src/protocol/bytes.ts';
import { dataCommitment } from '../src/protocol/claim-data.ts';
import { claimId } from '../src/protocol/claim-id.ts';
import { attributionFault } from '../src/protocol/fraud-allocation.ts';
import { decodeItems } from '../src/protocol/items.ts';
import { decodeReceipt, hashReceipt } from '../src/protocol/receipts.ts';
import { dotInt8, fromInt8Bytes, fromSketchBytes } from '../src/protocol/sketch.ts';
import {
  plainRoot,
  plainRootFrom,
  plainTree,
  sumRootFrom,
  verifyPlain,
  verifySum,
} from '../src/protocol/trees.ts';
import { hashVoucherLeaf } from '../src/protocol/vouchers.ts';

type Section = { types: string; cases: Hex[] };
const url = new URL('../../../test/differential/vectors/solidity.json', import.meta.url);
const file: Record<string, Section> & { chainId: number } = JSON.parse(readFileSync(url, 'utf8'));
const ZERO: Hex = `0x${'00'.repeat(32)}`;
const HEADER = 81;

/** The cases of a section: their values by name, as the section's types name them. */
// biome-ignore lint/suspicious/noExplicitAny: the types are in the file
function casesOf(section: string): any[] {
  const { types, cases } = file[section]!;
  const parameters = parseAbiParameters(types);
  return cases.map((encoded) => {
    const values = decodeAbiParameters(parameters, encoded);
    return Object.fromEntries(values.map((value, i) => [parameters[i]!.name, value]));
  });
}

function decodeAttribution(preimage: Hex): Attribution {
  const bytes = hexToBytes(preimage);
  return {
    receiptHash: sliceHex(preimage, 0, 32),
    modelId: Number(sliceHex(preimage, 32, 37)),
    fee: BigInt(sliceHex(preimage, 37, 49)),
    queryHash: sliceHex(preimage, 49, HEADER),
    items: decodeItems(bytes, (bytes.length - HEADER) / 40, HEADER),
  };
}

function decodeIndices(creditIndexes: Hex): number[] {
  const view = new DataView(hexToBytes(creditIndexes).buffer);
  return Array.from({ length: view.byteLength / 4 }, (_, k) => view.getUint32(4 * k));
}

describe('what the Solidity libraries compute', () => {
  it('is what the SDK and the naive implementation make of plain trees', () => {
    for (const { leaves, root } of casesOf('plainRoots')) {
      expect(plainRoot(plainTree(leaves))).toBe(root);
      expect(dense(leaves)).toBe(root);
    }
  });

  it('is what the SDK makes of proofs, and of those that are none', () => {
    let refused = 0;
    for (const { leaf, index, depth, proof, root } of casesOf('plainClimbs')) {
      const bytes = hexToBytes(proof);
      if (root === ZERO) {
        refused += 1;
        expect(() => plainRootFrom(leaf, Number(index), depth, bytes)).toThrow();
      } else expect(verifyPlain(root, leaf, Number(index), depth, bytes)).toBe(true);
    }
    for (const { leaf, sum, index, depth, proof, root, total } of casesOf('sumClimbs')) {
      const bytes = hexToBytes(proof);
      if (root === ZERO) {
        refused += 1;
        expect(() => sumRootFrom({ hash: leaf, sum }, Number(index), depth, bytes)).toThrow();
      } else {
        const node = { hash: root, sum: total };
        expect(verifySum(node, { hash: leaf, sum }, Number(index), depth, bytes)).toBe(true);
      }
    }
    expect(refused).toBeGreaterThan(5);
  });

  it('is what the SDK and the naive implementation make of receipts and vouchers', () => {
    for (const { preimage, hash, receipt } of casesOf('receipts')) {
      const decoded = decodeReceipt(hexToBytes(preimage));
      expect(decoded).toMatchObject({ ...receipt, modelId: Number(receipt.modelId) });
      expect(hashReceipt(decoded)).toBe(hash);
      expect(naive.receiptHash(decoded)).toBe(hash);
      expect(naive.receiptPreimage(decoded)).toBe(preimage);
    }
    for (const { leaf, ...voucher } of casesOf('vouchers')) {
      const record = { ...voucher, firstReceipt: Number(voucher.firstReceipt) };
      expect(hashVoucherLeaf(record)).toBe(leaf);
      expect(naive.voucherLeaf(record)).toBe(leaf);
    }
  });

  it('is what the SDK and the naive implementation make of attributions', () => {
    for (const { preimage, creditIndexes, hash, leaf, evidence } of casesOf('attributions')) {
      const attribution = decodeAttribution(preimage);
      const { receiptHash, queryHash, items } = attribution;
      const indices = decodeIndices(creditIndexes);
      expect(toHex(encodeAttribution(attribution))).toBe(preimage);
      expect(hashAttribution(attribution)).toBe(hash);
      expect(hashAttributionLeaf(hash, indices)).toBe(leaf);
      expect(naive.attributionLeaf(hash, indices)).toBe(leaf);
      expect(evidenceHash(receiptHash, queryHash, items)).toBe(evidence);
      expect(naive.evidenceHash(receiptHash, queryHash, items)).toBe(evidence);
    }
  });

  it('is what the SDK and the naive implementation make of credits, payouts and baselines', () => {
    for (const { leaf, ...credit } of casesOf('credits')) {
      const { item, amount } = credit;
      const receiptNumber = Number(credit.receiptNumber);
      expect(hashCredit({ receiptNumber, item, amount })).toBe(leaf);
      expect(naive.creditLeaf(receiptNumber, item, amount)).toBe(leaf);
    }
    for (const { leaf, ...payout } of casesOf('payouts')) {
      const asset = Number(payout.asset);
      expect(hashPayout({ ...payout, asset })).toBe(leaf);
      const { seq, cumulative, delta, creditsHash, creditsDepth } = payout;
      expect(naive.payoutLeaf(asset, seq, cumulative, delta, creditsHash, creditsDepth)).toBe(leaf);
    }
    for (const { asset, parts, leaf } of casesOf('baselines')) {
      expect(hashBaselineShare({ asset: Number(asset), parts })).toBe(leaf);
      expect(naive.baselineLeaf(Number(asset), parts)).toBe(leaf);
    }
  });

  it('is what the SDK makes of products of sketches and query vectors', () => {
    for (const { a, q, product } of casesOf('products')) {
      expect(dotInt8(fromSketchBytes(hexToBytes(a)), fromInt8Bytes(hexToBytes(q)))).toBe(Number(product));
    }
  });

  it('is what the SDK and the naive implementation make of claims', () => {
    for (const { settlement, claim, claimId: id } of casesOf('claims')) {
      const numbers = ['nodeId', 'firstReceipt', 'proposer'].map((key) => [key, Number(claim[key])]);
      const decoded = { ...claim, ...Object.fromEntries(numbers) };
      expect(claimId({ chainId: file.chainId, settlement }, decoded)).toBe(id);
      expect(naive.claimId(BigInt(file.chainId), settlement, decoded)).toBe(id);
    }
    for (const { scheme, claimData, locator, commitment } of casesOf('commitments')) {
      expect(dataCommitment(scheme, claimData, locator)).toBe(commitment);
      expect(naive.dataCommitment(scheme, claimData, locator)).toBe(commitment);
    }
  });

  it('is what the SDK and the naive judge say of attributions, honest or not', () => {
    const verdicts = casesOf('allocations').map((one) => {
      const receipt = decodeReceipt(hexToBytes(one.receipt));
      const terms = {
        parent: Number(one.terms.parent),
        royaltyBps: one.terms.royaltyBps,
        scheme: one.terms.scheme,
        baselineRoot: one.terms.hasBaseline ? (`0x${'01'.repeat(32)}` as const) : ZERO,
      };
      const attribution = decodeAttribution(one.attribution);
      const creditIndices = decodeIndices(one.creditIndexes);
      const fault = attributionFault(receipt, terms, one.params, { attribution, creditIndices });
      expect(fault === undefined, fault).toBe(one.honest);
      const world = { models: [terms], params: one.params };
      expect(isHonest(world, receipt, { ...attribution, creditIndex: creditIndices })).toBe(one.honest);
      return one.honest;
    });
    expect(new Set(verdicts)).toEqual(new Set([true, false]));
  });
});
