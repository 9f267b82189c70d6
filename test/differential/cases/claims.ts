import { encodeAbiParameters, encodePacked, type Hex, parseAbiParameters, stringToHex } from 'viem';
import * as naive from '../naive/hashes.ts';
import { rng } from '../rng.ts';
import { randomReceipt } from './hashes.ts';

/** Claim ids and the bytes of claimData. */
export function claimVectors() {
  const random = rng(4);
  const chainId = 31_337n;
  const settlement = random.bytes(20);
  const claims = [0, 1, 2].map((index) => {
    const claim: naive.C = {
      nodeId: 1 + random.int(2 ** 39),
      seq: 1 + random.int(1000),
      parent: index === 0 ? `0x${'00'.repeat(32)}` : random.hash(),
      fromBatch: 1 + random.int(9),
      toBatch: 10 + random.int(9),
      firstReceipt: random.int(2 ** 40),
      receiptCount: random.int(2 ** 32),
      fees: random.bigint(2n ** 96n),
      payoutsRoot: random.hash(),
      payoutsTotal: random.bigint(2n ** 96n),
      payoutsDepth: random.int(41),
      attributionsRoot: random.hash(),
      dataCommitment: random.hash(),
      paramsVersion: 1 + random.int(99),
      proposer: 1 + random.int(2 ** 39),
    };
    return { claim, claimId: naive.claimId(chainId, settlement, claim) };
  });

  const evidence: Hex = `0x${'00'.repeat(14)}`;
  const openings: naive.Opened[] = [
    {
      receipt: { ...randomReceipt(random, 1), flags: 1, outputLength: 11 },
      items: [
        { asset: 4, kind: 0, score: 12n, amount: 400n, evidence },
        { asset: 9, kind: 3, score: 0n, amount: 200n, evidence },
      ],
      queryHash: random.hash(),
      open: {
        a: random.int8s(512),
        salt: random.hash(),
        request: stringToHex('{"messages":[]}'),
        output: stringToHex('eleven byte'),
      },
    },
    { receipt: { ...randomReceipt(random, 2), flags: 2 }, items: [], queryHash: `0x${'00'.repeat(32)}` },
    {
      receipt: { ...randomReceipt(random, 3), flags: 0 },
      items: [{ asset: 0, kind: 6, score: 0n, amount: 5n, evidence }],
      queryHash: random.hash(),
    },
  ];
  const claimData = naive.claimData(openings);
  const locator = `store:${random.hash()}`;
  const data = {
    openings,
    claimData,
    locator,
    scheme: 0,
    dataCommitment: naive.dataCommitment(0, claimData, stringToHex(locator)),
  };
  const fields = naive.CLAIM_FIELDS.map(([type, name]) => `${type} ${name};`).join(' ');
  return {
    chainId: Number(chainId),
    settlement,
    domain: naive.claimDomain(chainId, settlement),
    claims,
    data,
    abi: {
      claims: claims.map(({ claim, claimId }) =>
        encodeAbiParameters(
          parseAbiParameters(['Claim claim, bytes32 claimId', `struct Claim { ${fields} }`]) as never,
          [claim, claimId] as never,
        ),
      ),
      data: [
        encodeAbiParameters(parseAbiParameters('bytes claimData, bytes locator, bytes32 dataCommitment'), [
          claimData,
          encodePacked(['string'], [locator]),
          data.dataCommitment,
        ]),
      ],
    },
  };
}
