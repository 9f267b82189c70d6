import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import {
  agentRegistryAbi,
  agentStakingAbi,
  attributionSettlementAbi,
  auditRegistryAbi,
  protocolParametersAbi,
} from '@openledger/sdk/abis';
import { REQUEST_KIND } from '@openledger/sdk/protocol/answers';
import { fromHex, fromUtf8, utf8 } from '@openledger/sdk/protocol/bytes';
import { decodeClaimData } from '@openledger/sdk/protocol/claim-data';
import { outputTree, requestHash } from '@openledger/sdk/protocol/content';
import { hashReceipt, isPublic } from '@openledger/sdk/protocol/receipts';
import { ROLE } from '@openledger/sdk/protocol/roles';
import { parseStoreUri } from '@openledger/sdk/protocol/store';
import { plainRoot } from '@openledger/sdk/protocol/trees';
import { createTestClient, type Hex, http, toHex } from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../../test/e2e/anvil.ts';
import { startChain, type TestChain } from '../../../test/e2e/chain.ts';
import type { Chain } from '../src/chain/chain.ts';
import { createSettlementReader, type SeenClaim } from '../src/chain/settlement-reader.ts';
import { type NodeProcess, startNode } from './support/node-process.ts';
import { askModel, connect, registerBase, send } from './support/world.ts';

const [PUBLIC, PRIVATE, NODE, VALIDATOR, ASKER] = [12, 16, 13, 14, 17];
const STATUS = ['none', 'open', 'answered', 'reclaimed'];
const SUITE = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

type Sealed = { key: Hex; enc: Hex; ciphertext: Hex };

/** The window of an answer is five seconds on the test's chain. */
describe('a node whose claim is asked about', () => {
  let devnet: TestChain;
  let chain: Chain;
  let home: string;
  let node: NodeProcess;
  let validatorId: number;
  let keys: CryptoKeyPair;

  const registry = () => ({ address: chain.contracts.AuditRegistry, abi: auditRegistryAbi }) as const;
  const test = () => createTestClient({ mode: 'anvil', chain: foundry, transport: http(devnet.rpc) });
  const requestOf = (id: bigint) =>
    chain.client.readContract({ ...registry(), functionName: 'requestOf', args: [id] });
  const answered = (ids: readonly bigint[]) =>
    waitUntil(async () => {
      const states = await Promise.all(ids.map(async (id) => STATUS[(await requestOf(id)).status]));
      expect(states, node.output().slice(-2000)).toEqual(ids.map(() => 'answered'));
    }, 4_500);

  /** What the validator reads with its key. */
  async function unseal({ receiptHash, sealed }: { receiptHash: Hex; sealed: Sealed[] }) {
    expect(sealed).toHaveLength(1);
    const { enc, ciphertext } = sealed[0]!;
    const recipient = { recipientKey: keys, enc: fromHex(enc), info: utf8('OpenLedger.ReceiptOpening.1') };
    const plain = await SUITE.open(recipient, fromHex(ciphertext), fromHex(receiptHash));
    return JSON.parse(fromUtf8(new Uint8Array(plain))) as { request: string; output: string; salt: Hex };
  }

  async function askAndSettle(): Promise<SeenClaim> {
    for (const [account, isPublic] of [
      [PUBLIC, true],
      [PRIVATE, false],
    ] as const) {
      const questions = ['Who kept the light?', 'What is a bell made of?'];
      await askModel(devnet, chain, { ...node, id: 1 }, devnet.account(account), questions, { isPublic });
    }
    expect((await node.settle()).json).toMatchObject({ settled: true, receipts: 4 });
    const reader = createSettlementReader(chain);
    await reader.sync();
    return reader.claims().at(-1)!;
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'openledger-requests-'));
    devnet = await startChain();
    chain = await connect(devnet);
    await registerBase(devnet, chain);
    node = await startNode(
      ['--home', join(home, 'node'), '--rpc', devnet.rpc, '--deployment', devnet.deployment],
      { OPENLEDGER_NODE_KEY: devnet.key(NODE) },
    );
    // The node's agent is the first, the validator's the second.
    validatorId = 2;
    const validator = devnet.account(VALIDATOR);
    const agents = { address: chain.contracts.AgentRegistry, abi: agentRegistryAbi } as const;
    const staking = { address: chain.contracts.AgentStaking, abi: agentStakingAbi } as const;
    await send(chain, validator, {
      ...agents,
      functionName: 'register',
      args: ['https://validator.example'],
    });
    const stake = { args: [validatorId, ROLE.validator], value: 10n ** 19n };
    await send(chain, validator, { ...staking, functionName: 'stake', ...stake });
    keys = await SUITE.kem.generateKeyPair();
    const key = toHex(new Uint8Array(await SUITE.kem.serializePublicKey(keys.publicKey)));
    await send(chain, validator, {
      ...registry(),
      functionName: 'setEncryptionKey',
      args: [validatorId, key],
    });
  });

  afterAll(async () => {
    node?.child.kill('SIGKILL');
    await devnet?.close();
    await rm(home, { recursive: true, force: true });
  });

  it('shows every kind of leaf in time, gets the bonds, and keeps its claim', async () => {
    const { claim, claimId } = await askAndSettle();
    const { requestBond } = await chain.client.readContract({
      address: chain.contracts.ProtocolParameters,
      abi: protocolParametersAbi,
      functionName: 'parameters',
      args: [claim.paramsVersion],
    });
    const balance = () => chain.client.getBalance({ address: devnet.account(NODE).address });
    const before = await balance();
    const { attribution, payout, credit, data } = REQUEST_KIND;
    const asked = [
      [attribution, 0, 0],
      [attribution, 3, 0],
      [payout, 0, 0],
      [credit, 0, 0],
      [credit, 0, 99],
      [data, 1, 0],
      [data, 2, 0],
    ] as const;
    for (const [kind, subject, index] of asked)
      await send(chain, devnet.account(ASKER), {
        ...registry(),
        functionName: 'request',
        args: [claim, kind, subject, index],
        value: requestBond,
      });
    await answered(asked.map((_, index) => BigInt(index + 1)));
    expect(await balance()).toBeGreaterThan(before + (requestBond * BigInt(asked.length) * 9n) / 10n);

    await devnet.travel(60);
    const record = await chain.client.readContract({
      address: chain.contracts.AttributionSettlement,
      abi: attributionSettlementAbi,
      functionName: 'claimRecord',
      args: [claimId],
    });
    expect(record.status).toBe(2);
  });

  it('opens drawn receipts: in the clear where they are public, else sealed to the validator', async () => {
    const seen = await askAndSettle();
    const { claim, claimId } = seen;
    await test().mine({ blocks: 3 });
    await send(chain, devnet.account(ASKER), {
      ...registry(),
      functionName: 'drawSeed',
      args: [claimId],
    });
    const positions = await Promise.all(
      Array.from({ length: 8 }, (_, draw) =>
        chain.client.readContract({ ...registry(), functionName: 'positionOf', args: [claim, draw] }),
      ),
    );
    const first = Number(await chain.client.readContract({ ...registry(), functionName: 'requestCount' }));
    for (const draw of positions.keys())
      await send(chain, devnet.account(VALIDATOR), {
        ...registry(),
        functionName: 'requestAudit',
        args: [claim, draw, validatorId],
      });
    const ids = positions.map((_, draw) => BigInt(first + draw + 1));
    await answered(ids);

    const opened = await chain.client.getContractEvents({
      ...registry(),
      eventName: 'ReceiptOpened',
      args: { claimId },
      fromBlock: 0n,
      strict: true,
    });
    expect(opened.map(({ args }) => args.requestId).toSorted()).toEqual(ids.toSorted());
    const disclosed = decodeClaimData(seen.claimData).map(({ receipt }) => receipt);
    const drawn = new Set<string>();
    for (const { args } of opened) {
      const id = parseStoreUri(fromUtf8(fromHex(args.locator)));
      expect(id).toBe(args.payloadHash);
      const payload = await (await fetch(`${node.url}/v1/store/${id}`)).json();
      const { subject } = await requestOf(args.requestId);
      const receipt = disclosed[subject]!;
      expect(payload.receiptHash).toBe(hashReceipt(receipt));
      expect(payload.opening === undefined).toBe(!isPublic(receipt));
      const { request, output, salt } = payload.opening ?? (await unseal(payload));
      expect(requestHash(salt, utf8(request))).toBe(receipt.requestHash);
      expect(plainRoot(outputTree(salt, utf8(output)))).toBe(receipt.outputRoot);
      drawn.add(payload.opening === undefined ? 'sealed' : 'public');
    }
    expect(drawn).toEqual(new Set(['sealed', 'public']));
  });
});
