import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { type Hex, keccak256, toHex, toRlp } from 'viem';
import { describe, expect, it } from 'vitest';
import { parseLightProof } from './proof.ts';
import { claimState } from './slots.ts';
import { provenValue } from './trie.ts';
import { type LightTrust, verifyReceipt } from './verify.ts';

/** A node's proof with anvil's `eth_getProof`, and what was asked; recorded from `ts/node/test/node.test.ts`. */
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../test/golden/light-proof.json'), 'utf8'),
);
const trust = golden.trust as LightTrust;
const read = (proof: unknown) => parseLightProof(JSON.stringify(proof));

describe('a light proof', () => {
  it('shows that a final claim pays the receipt, to whom and how much', async () => {
    const shown = await verifyReceipt(read(golden.proof), trust, golden.answer);
    const { items } = golden.proof.attribution;
    expect(shown).toMatchObject({ status: 'final', fee: BigInt(golden.proof.receipt.fee) });
    expect(shown.payments).toEqual(
      items.map((item: { asset: number; kind: number; amount: string }) => ({
        asset: item.asset,
        kind: item.kind,
        amount: BigInt(item.amount),
      })),
    );
    expect(shown.block.timestamp).toBeGreaterThanOrEqual(shown.end);
  });

  it('fails when any single value in it is another one', async () => {
    const places: (string | number)[][] = [];
    const walk = (value: unknown, path: (string | number)[]) => {
      if (typeof value !== 'object' || value === null) return void places.push(path);
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
    };
    walk(golden.proof, []);
    // The block's hash is there for people: what counts is the one that is trusted.
    const checked = places.filter((path) => path.join('.') !== 'block.hash');
    expect(checked.length).toBeGreaterThan(70);
    for (const path of checked) {
      const proof = structuredClone(golden.proof);
      const holder = path.slice(0, -1).reduce((inner, key) => inner[key], proof);
      holder[path.at(-1)!] = other(holder[path.at(-1)!]);
      await expect(
        (async () => verifyReceipt(read(proof), trust))(),
        `with another ${path.join('.')}`,
      ).rejects.toThrow();
    }
  });

  it('fails for another block, chain or contract, without its nodes, and for another answer', async () => {
    const proof = read(golden.proof);
    for (const field of ['blockHash', 'settlement', 'agents'] as const) {
      await expect(verifyReceipt(proof, { ...trust, [field]: other(trust[field]) })).rejects.toThrow();
    }
    await expect(verifyReceipt(proof, { ...trust, chainId: 1 })).rejects.toThrow();
    const cut = read(golden.proof);
    cut.block.settlement = {
      ...cut.block.settlement,
      accountProof: cut.block.settlement.accountProof.slice(0, -1),
    };
    await expect(verifyReceipt(cut, trust)).rejects.toThrow('missing');
    const { text, salt } = golden.answer;
    await expect(verifyReceipt(proof, trust, { text: `${text}!`, salt })).rejects.toThrow('answer');
    await expect(verifyReceipt(proof, trust, { text, salt: other(salt) as Hex })).rejects.toThrow('answer');
  });

  it('fits a page: 60 kB compressed at most', () => {
    const { outputFiles, metafile } = buildSync({
      stdin: {
        contents:
          "export { verifyReceipt } from './verify.ts'; export { parseLightProof } from './proof.ts';",
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      metafile: true,
    });
    const bytes = outputFiles[0]!.contents;
    const compressed = gzipSync(bytes, { level: 9 }).length;
    console.log(`light client: ${bytes.length} bytes, ${compressed} compressed`);
    expect(compressed).toBeLessThan(60_000);
    // Nothing of Node is in it, and no schema library.
    expect(Object.keys(metafile.inputs).filter((path) => /node:|\/zod\//.test(path))).toEqual([]);
  });
});

describe('the trie', () => {
  // Two keys that share five nibbles, written by hand after the yellow paper's appendix D.
  const keys = ['0x12345a', '0x12345b'].map((key) => `${key}${'00'.repeat(29)}` as Hex);
  const long = toHex('a value that does not fit into its parent node', { size: 46 });
  const leaf = (value: Hex) => toRlp([`0x20${'00'.repeat(29)}` as Hex, value]);
  const leaves = [leaf(long), leaf('0x2a')];
  const branch = toRlp([
    ...Array<Hex>(10).fill('0x'),
    keccak256(leaves[0]!),
    keccak256(leaves[1]!),
    ...Array<Hex>(5).fill('0x'),
  ]);
  const extension = toRlp(['0x112345', keccak256(branch)]);
  const root = keccak256(extension);

  it('gives what is under a key', () => {
    expect(provenValue(root, keys[0]!, [extension, branch, leaves[0]!])).toBe(long);
    expect(provenValue(root, keys[1]!, [extension, branch, leaves[1]!])).toBe('0x2a');
  });

  it('shows that nothing is under a key: an empty branch, another path, another leaf, an empty trie', () => {
    const absent = (start: string) => `0x${start.padEnd(64, '0')}` as Hex;
    expect(provenValue(root, absent('12345c'), [extension, branch])).toBeUndefined();
    expect(provenValue(root, absent('12346a'), [extension])).toBeUndefined();
    expect(provenValue(root, absent('12345a1'), [extension, branch, leaves[0]!])).toBeUndefined();
    expect(provenValue(keccak256('0x80'), absent('12'), [])).toBeUndefined();
  });

  it('is not led astray by nodes of another trie, of another order, or malformed ones', () => {
    const tampered = `${leaves[0]!.slice(0, -2)}00` as Hex;
    expect(() => provenValue(root, keys[0]!, [extension, branch, tampered])).toThrow('hash');
    expect(() => provenValue(root, keys[0]!, [branch, extension, leaves[0]!])).toThrow('hash');
    expect(() => provenValue(root, keys[0]!, [extension, branch])).toThrow('missing');
    const odd = toRlp(['0x01', '0x02', '0x03']);
    expect(() => provenValue(keccak256(odd), keys[0]!, [odd])).toThrow('neither 2 nor 17');
  });
});

describe('a claim’s slots', () => {
  const record = (end: bigint, status: bigint, block: bigint) =>
    end | (status << 64n) | (7n << 168n) | (block << 208n);
  const pause = (from: bigint, until: bigint, atBlock: bigint) => from | (until << 40n) | (atBlock << 80n);

  it('say what the contract says: final by time, and later by a pause that the claim met', () => {
    expect(claimState([record(100n, 1n, 5n), 0n], 99n)).toMatchObject({ status: 'proposed', nodeId: 7 });
    expect(claimState([record(100n, 1n, 5n), 0n], 100n)).toMatchObject({ status: 'final', end: 100n });
    expect(claimState([record(100n, 1n, 5n), pause(90n, 120n, 6n)], 125n)).toMatchObject({
      status: 'proposed',
      end: 130n,
    });
    expect(claimState([record(100n, 1n, 7n), pause(90n, 120n, 6n)], 100n).status).toBe('final');
    expect(claimState([record(100n, 1n, 5n), pause(100n, 120n, 6n)], 100n).status).toBe('final');
    expect(claimState([record(100n, 3n, 5n), 0n], 500n).status).toBe('rejected');
    expect(claimState([0n, 0n], 500n).status).toBe('none');
  });
});

/** A value of the same kind that is not the same. */
function other(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value !== 'string') throw new Error('a proof has numbers and strings');
  if (/^\d+$/.test(value)) return `${BigInt(value) + 1n}`;
  const at = value.length === 2 ? 2 : Math.floor((value.length + 2) / 2);
  const digit = value[at];
  return digit === undefined
    ? '0x00'
    : `${value.slice(0, at)}${digit === '0' ? '1' : '0'}${value.slice(at + 1)}`;
}
