import { encodeAbiParameters, type Hex, numberToHex, parseAbiParameters, stringToHex } from 'viem';
import * as naive from '../naive/hashes.ts';
import { dense, depth, root } from '../naive/trees.ts';
import { type Rng, rng } from '../rng.ts';

/** A hash of every kind over random fields, with the largest and smallest values among them. */
export function hashVectors() {
  const random = rng(3);
  const times = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, index) => make(index));
  const chainId = 31_337n;
  const [escrow, settlement] = [random.bytes(20), random.bytes(20)];

  const receipts = times(6, (index) => {
    const receipt = randomReceipt(random, index);
    return { receipt, preimage: naive.receiptPreimage(receipt), hash: naive.receiptHash(receipt) };
  });
  const vouchers = times(4, (index) => {
    const settledFee = random.bigint(2n ** 90n);
    const voucher = {
      channelId: random.hash(),
      epoch: index === 0 ? 2 ** 32 - 1 : random.int(9),
      settledFee,
      cumulativeFee: settledFee + random.bigint(2n ** 60n),
      receiptsRoot: random.hash(),
      receiptCount: random.int(1000),
    };
    const leaf = {
      ...voucher,
      fee: voucher.cumulativeFee - voucher.settledFee,
      firstReceipt: random.int(2 ** 40),
    };
    return {
      voucher,
      firstReceipt: leaf.firstReceipt,
      digest: naive.voucherDigest(chainId, escrow, voucher),
      acceptance: naive.acceptedDigest(
        chainId,
        escrow,
        naive.voucherDigest(chainId, escrow, voucher),
        voucher.receiptsRoot,
      ),
      leaf: naive.voucherLeaf(leaf),
    };
  });
  const signed = times(2, () => {
    const [nodeId, receiptHash, evidenceHash] = [1 + random.int(2 ** 39), random.hash(), random.hash()];
    return {
      nodeId,
      receiptHash,
      evidenceHash,
      notice: naive.noticeDigest(chainId, settlement, nodeId, receiptHash, evidenceHash),
      issued: naive.issuedDigest(chainId, settlement, nodeId, receiptHash),
    };
  });
  const channels = times(3, () => {
    const channel = { consumer: random.bytes(20), nodeId: random.int(2 ** 40), nonce: random.hash() };
    return {
      ...channel,
      channelId: naive.channelId(chainId, escrow, channel.consumer, channel.nodeId, channel.nonce),
    };
  });
  const items = times(6, (index) => {
    const listed = times([0, 1, 2, 5, 11, 16][index]!, (at) => randomItem(random, at));
    const [receiptHash, modelId, fee, queryHash] = [
      random.hash(),
      random.int(2 ** 40),
      random.bigint(2n ** 96n),
      random.hash(),
    ];
    const creditIndices = times(listed.length, (at) => (at === 1 ? 0xffffffff : random.int(2 ** 32)));
    const attribution = naive.attributionHash(receiptHash, modelId, fee, queryHash, listed);
    return {
      receiptHash,
      modelId,
      fee,
      queryHash,
      items: listed,
      bytes: naive.itemsBytes(listed),
      creditIndices,
      attribution,
      leaf: naive.attributionLeaf(attribution, creditIndices),
      evidenceHash: naive.evidenceHash(receiptHash, queryHash, listed),
    };
  });
  const credits = times(3, () => {
    const [receiptNumber, item, amount] = [random.int(2 ** 40), random.int(16), random.bigint(2n ** 96n)];
    return { receiptNumber, item, amount, hash: naive.creditLeaf(receiptNumber, item, amount) };
  });
  const payouts = times(3, () => {
    const payout = {
      asset: random.int(2 ** 40),
      seq: random.int(2 ** 32),
      cumulative: random.bigint(2n ** 96n),
      delta: random.bigint(2n ** 96n),
      creditsHash: random.hash(),
      creditsDepth: random.int(41),
    };
    return {
      ...payout,
      hash: naive.payoutLeaf(
        payout.asset,
        payout.seq,
        payout.cumulative,
        payout.delta,
        payout.creditsHash,
        payout.creditsDepth,
      ),
    };
  });
  const vectors = times(4, (index) => {
    const a = index === 0 ? times(512, (at) => [-8, 7][at % 2]!) : random.nibbles(512);
    const q = index === 0 ? times(512, (at) => [-128, 127][at % 2]!) : random.int8s(512);
    let dot = 0;
    for (let at = 0; at < 512; at++) dot += a[at]! * q[at]!;
    const [asset, sigma, rowsSketchRoot, row] = [
      random.int(2 ** 40),
      index === 0 ? 2 ** 32 - 1 : random.int(2 ** 32),
      random.hash(),
      random.int(2 ** 32),
    ];
    return {
      asset,
      sigma,
      a,
      q,
      rowsSketchRoot,
      row,
      dot,
      score: BigInt(sigma) * BigInt(dot),
      aBytes: naive.nibbles(a),
      qBytes: naive.int8s(q),
      sketch: naive.sketchLeaf(asset, sigma, a, rowsSketchRoot),
      rowSketch: naive.rowSketchLeaf(row, sigma, a),
    };
  });
  const commitments = times(3, () => {
    const [asset, parts, contentRoot, byteLength] = [
      random.int(2 ** 40),
      random.int(2 ** 32),
      random.hash(),
      random.int(2 ** 40),
    ];
    return {
      asset,
      parts,
      contentRoot,
      byteLength,
      baseline: naive.baselineLeaf(asset, parts),
      corpus: naive.corpusLeaf(asset, contentRoot, byteLength),
    };
  });
  const texts = [
    '',
    'a',
    'exactly thirty-two bytes of text',
    'Ein Satz über Größe, länger als ein Wort.',
    '題'.repeat(40),
  ].map((text) => {
    const bytes = stringToHex(text);
    const salt = random.hash();
    const list = words(bytes);
    return {
      text,
      bytes,
      salt,
      contentRoot: dense(list.map(naive.contentWord)),
      outputRoot: dense(list.map((word, index) => naive.outputWord(salt, index, word))),
      requestHash: naive.requestHash(salt, bytes),
    };
  });
  const rowTexts = ['What burns?\nWood does.', 'Second row.', 'Third\nrow of\nthree lines'];
  const rows = {
    file: `${rowTexts.join('\n\n')}\n`,
    rows: rowTexts.map((text, row) => ({
      row,
      byteOffset: rowTexts.slice(0, row).reduce((sum, one) => sum + one.length + 2, 0),
      text,
    })),
    rowsRoot: '0x' as Hex,
    context: naive.contextRow(4, 1, -7n, stringToHex(rowTexts[1]!)),
  };
  rows.rowsRoot = dense(rows.rows.map((one) => naive.row(one.row, one.byteOffset, stringToHex(one.text))));
  const steps = times(5, (index) => ({
    step: index + 1,
    batchHash: random.hash(),
    lossBits: random.int(2 ** 32),
    weightsHash: random.hash(),
  }));
  const inputs = times(4, (index) => ({
    datanet: 1 + random.int(9),
    asset: 4 * (index + 1),
    weight: random.int(2 ** 32),
  }));
  const version = {
    ops: times(3, (index) => ({ op: index === 2 ? 1 : 0, asset: 4 * (index + 1) })),
    versions: [] as Hex[],
  };
  let last: Hex = `0x${'00'.repeat(32)}`;
  for (const { op, asset } of version.ops) {
    last = naive.datanetVersion(last, op, asset);
    version.versions.push(last);
  }
  const shares = [
    { asset: 4, parts: 333_333_334 },
    { asset: 8, parts: 333_333_333 },
    { asset: 20, parts: 333_333_333 },
  ];
  const baseline = root(
    shares.map(({ asset, parts }) => ({
      position: asset,
      hash: naive.baselineLeaf(asset, parts),
      sum: BigInt(parts),
    })),
    5,
    true,
  );

  return {
    chainId: Number(chainId),
    escrow,
    settlement,
    receipts,
    vouchers,
    signed,
    channels,
    items,
    credits,
    payouts,
    vectors,
    commitments,
    texts,
    rows,
    training: {
      steps,
      stepsRoot: dense(steps.map((s) => naive.stepRecord(s.step, s.batchHash, s.lossBits, s.weightsHash))),
      inputs,
      inputsRoot: dense(inputs.map((i) => naive.runInput(i.datanet, i.asset, i.weight))),
    },
    datanet: version,
    baseline: { depth: 5, shares, root: baseline.hash, sum: baseline.sum },
    vouchersRoot: { depth: depth(vouchers.length), root: dense(vouchers.map(({ leaf }) => leaf)) },
    abi: {
      receipts: receipts.map(({ preimage, hash }) =>
        encodeAbiParameters(parseAbiParameters('bytes preimage, bytes32 hash'), [preimage, hash]),
      ),
      vouchers: vouchers.map(({ voucher, digest, acceptance, leaf, firstReceipt }) =>
        encodeAbiParameters(
          parseAbiParameters([
            'SignedVoucher voucher, uint40 firstReceipt, bytes32 digest, bytes32 acceptance, bytes32 leaf',
            'struct SignedVoucher { bytes32 channelId; uint32 epoch; uint96 settledFee; uint96 cumulativeFee; bytes32 receiptsRoot; uint32 receiptCount; bytes signature; bytes acceptance; }',
          ]),
          [{ ...voucher, signature: '0x', acceptance: '0x' }, firstReceipt, digest, acceptance, leaf],
        ),
      ),
      channels: channels.map((c) =>
        encodeAbiParameters(
          parseAbiParameters('address consumer, uint40 nodeId, bytes32 nonce, bytes32 channelId'),
          [c.consumer, c.nodeId, c.nonce, c.channelId],
        ),
      ),
      attributions: items.map((one) =>
        encodeAbiParameters(
          parseAbiParameters('bytes preimage, bytes creditIndexes, bytes32 hash, bytes32 leaf'),
          [
            `${one.receiptHash}${numberToHex(one.modelId, { size: 5 }).slice(2)}${numberToHex(one.fee, { size: 12 }).slice(2)}${one.queryHash.slice(2)}${one.bytes.slice(2)}`,
            `0x${one.creditIndices.map((index) => numberToHex(index, { size: 4 }).slice(2)).join('')}`,
            one.attribution,
            one.leaf,
          ],
        ),
      ),
      credits: credits.map((c) =>
        encodeAbiParameters(
          parseAbiParameters('uint40 receiptNumber, uint8 item, uint96 amount, bytes32 hash'),
          [c.receiptNumber, c.item, c.amount, c.hash],
        ),
      ),
      payouts: payouts.map((payout) =>
        encodeAbiParameters(
          parseAbiParameters([
            'PayoutProof payout, bytes32 hash',
            'struct PayoutProof { uint40 nodeId; uint40 asset; uint32 seq; uint96 cumulative; uint96 delta; bytes32 creditsHash; uint8 creditsDepth; bytes proof; }',
          ]),
          [{ nodeId: 1, ...payout, proof: '0x' }, payout.hash],
        ),
      ),
      vectors: vectors.map(({ asset, sigma, rowsSketchRoot, sketch, ...v }) =>
        encodeAbiParameters(
          parseAbiParameters([
            'Case c',
            'struct Case { bytes a; bytes q; int256 dot; uint40 asset; uint32 sigma; bytes32 rowsSketchRoot; bytes32 sketch; }',
          ]),
          [{ a: v.aBytes, q: v.qBytes, dot: BigInt(v.dot), asset, sigma, rowsSketchRoot, sketch }],
        ),
      ),
      baselines: commitments.map((c) =>
        encodeAbiParameters(parseAbiParameters('uint40 asset, uint32 parts, bytes32 hash'), [
          c.asset,
          c.parts,
          c.baseline,
        ]),
      ),
      versions: version.ops.map(({ op, asset }, index) =>
        encodeAbiParameters(parseAbiParameters('bytes32 from, uint8 op, uint40 asset, bytes32 to'), [
          version.versions[index - 1] ?? `0x${'00'.repeat(32)}`,
          op,
          asset,
          version.versions[index]!,
        ]),
      ),
    },
  };
}

export function randomReceipt(random: Rng, index: number): naive.R {
  const top = index === 0;
  return {
    channelId: random.hash(),
    epoch: top ? 2 ** 32 - 1 : random.int(50),
    position: top ? 2 ** 32 - 1 : random.int(50),
    modelId: top ? 2 ** 40 - 1 : 1 + random.int(99),
    tokensIn: top ? 2 ** 32 - 1 : random.int(5000),
    tokensOut: top ? 2 ** 32 - 1 : random.int(5000),
    fee: top ? 2n ** 96n - 1n : random.bigint(10n ** 10n) * 10n ** 9n,
    servedAt: top ? 2 ** 40 - 1 : 1_700_000_000 + random.int(10 ** 8),
    flags: random.int(3),
    requestHash: random.hash(),
    outputRoot: random.hash(),
    outputLength: top ? 2 ** 32 - 1 : random.int(4000),
    contextRoot: random.int(2) ? random.hash() : `0x${'00'.repeat(32)}`,
  };
}

function randomItem(random: Rng, at: number): naive.I {
  const kind = at % 7;
  const score = at === 2 ? -(2n ** 63n) : at === 3 ? 2n ** 63n - 1n : random.bigint(2n ** 63n);
  return {
    asset: random.int(2 ** 40),
    kind,
    score,
    amount: random.bigint(2n ** 96n),
    evidence: random.bytes(14),
  };
}

export function words(bytes: Hex): Hex[] {
  const list: Hex[] = [];
  for (let at = 2; at < bytes.length; at += 64) list.push(`0x${bytes.slice(at, at + 64).padEnd(64, '0')}`);
  return list;
}
