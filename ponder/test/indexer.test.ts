import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  agentRegistryAbi,
  datanetRegistryAbi,
  governanceOpenAbi,
  inferenceEscrowAbi,
  modelRegistryAbi,
  openGovernorAbi,
  protocolParametersAbi,
  trainingLogAbi,
} from '@openledger/sdk/abis';
import {
  type Abi,
  type Address,
  createTestClient,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  http,
  keccak256,
  type LocalAccount,
  parseEther,
  publicActions,
  stringToHex,
  walletActions,
} from 'viem';
import { foundry } from 'viem/chains';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { waitUntil } from '../../test/e2e/anvil.ts';
import { startChain, type TestChain } from '../../test/e2e/chain.ts';
import { freePort, root } from '../../test/e2e/ports.ts';

const database = mkdtempSync(path.join(tmpdir(), 'openledger-indexer-'));

const clientOf = (rpc: string) =>
  createTestClient({ mode: 'anvil', chain: foundry, transport: http(rpc), pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions);

let chain: TestChain;
let client: ReturnType<typeof clientOf>;
let ponder: ChildProcess;
let api: string;

const hash = (text: string): Hex => keccak256(stringToHex(text));

type Call = { abi: Abi; address: Address; functionName: string; args?: unknown[]; value?: bigint };

const send = async (from: LocalAccount, call: Call): Promise<void> => {
  const hash = await client.writeContract({ ...call, account: from });
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== 'success') throw new Error(`${call.functionName} reverted`);
};

const query = async (text: string) => {
  const response = await fetch(`${api}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: text }),
  });
  const { data, errors } = await response.json();
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
};

beforeAll(async () => {
  chain = await startChain();
  client = clientOf(chain.rpc);
  const port = await freePort();
  api = `http://127.0.0.1:${port}`;
  const env = {
    ...process.env,
    OPENLEDGER_DEPLOYMENT: chain.deployment,
    OPENLEDGER_RPC_URL: chain.rpc,
    PGLITE_DIR: database,
    PONDER_TELEMETRY_DISABLED: '1',
  };
  const args = ['start', '--schema', 'test', '-H', '127.0.0.1', '-p', String(port)];
  const options = { cwd: path.join(root, 'ponder'), stdio: 'ignore', env } as const;
  ponder = spawn(path.join(root, 'node_modules/.bin/ponder'), args, options);
});

afterAll(async () => {
  if (ponder !== undefined && ponder.exitCode === null) {
    const exit = new Promise((done) => ponder.once('exit', done));
    ponder.kill('SIGTERM');
    await exit;
  }
  await chain?.close();
  rmSync(database, { recursive: true, force: true });
});

it('shows over GraphQL what happens on the chain', async () => {
  const { contracts } = chain.book;
  const [curator, contributor, builder, consumer, operator, voter] = [1, 2, 11, 12, 13, 14].map(
    chain.account,
  );
  const datanets = { abi: datanetRegistryAbi as Abi, address: contracts.DatanetRegistry };
  const config = {
    name: 'Tides',
    subject: 'the tides',
    licences: ['CC0-1.0'],
    schema: 'chat',
    mediaType: 'text/plain',
    permissioned: false,
    contributionBond: 7n,
    pricePerRow: 0n,
    metadataURI: '',
    metadataHash: hash('metadata'),
    curators: [curator.address],
  };
  await send(curator, { ...datanets, functionName: 'createDatanet', args: [config] });
  const input = {
    datanetId: 1,
    contentRoot: hash('content'),
    byteLength: 5_000,
    rowsRoot: hash('rows'),
    rowCount: 40,
    kind: 0,
    refersTo: 0,
    firstRow: 0,
    licence: 'CC0-1.0',
    sourceHash: hash('source'),
    uri: `store:${hash('blob')}`,
  };
  const commitment = keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'bytes32' }],
      [contributor.address, input.contentRoot, input.rowsRoot, hash('salt')],
    ),
  );
  await send(contributor, { ...datanets, functionName: 'commit', args: [commitment] });
  await send(contributor, { ...datanets, functionName: 'submit', args: [1, input, hash('salt')], value: 7n });
  await send(curator, { ...datanets, functionName: 'accept', args: [1] });

  const models = { abi: modelRegistryAbi as Abi, address: contracts.ModelRegistry };
  const base = { weightsHash: hash('weights'), tokenizerHash: hash('tokenizer'), licence: 'MIT', uri: '' };
  await send(builder, { ...models, functionName: 'registerBase', args: [base] });
  const runs = { abi: trainingLogAbi as Abi, address: contracts.TrainingLog };
  const runId = hash('manifest');
  await send(builder, { ...runs, functionName: 'openRun', args: [runId, hash('inputs'), 1, 20, [1], ''] });
  await send(builder, { ...runs, functionName: 'anchor', args: [runId, 10, hash('a'), hash('b')] });
  await send(builder, { ...runs, functionName: 'anchor', args: [runId, 20, hash('c'), hash('d')] });
  await send(builder, { ...runs, functionName: 'finish', args: [runId, hash('adapter')] });
  const terms = {
    parent: 1,
    adapterHash: hash('adapter'),
    runId,
    royaltyBps: 500,
    scheme: 2,
    treeDepth: 3,
    sigmaCap: 0,
    sketchRoot: hash('sketches'),
    corpusRoot: hash('corpus'),
    baselineRoot: hash('baseline'),
    basisHash: hash('basis'),
    datanets: [1],
    licence: 'CC0-1.0',
    uri: '',
  };
  const prices = { activation: 0n, baseFee: 10n ** 9n, inputPer1k: 0n, outputPer1k: 2n * 10n ** 9n };
  await send(builder, { ...models, functionName: 'publishAdapter', args: [terms, prices] });

  const agents = { abi: agentRegistryAbi as Abi, address: contracts.AgentRegistry };
  await send(operator, { ...agents, functionName: 'register', args: ['https://node.example'] });
  const escrow = { abi: inferenceEscrowAbi as Abi, address: contracts.InferenceEscrow };
  const opening = [1, consumer.address, hash('nonce')];
  await send(consumer, { ...escrow, functionName: 'openChannel', args: opening, value: parseEther('1') });

  const gopen = { abi: governanceOpenAbi as Abi, address: contracts.GovernanceOpen };
  await send(voter, { ...gopen, functionName: 'deposit', value: parseEther('500') });
  await send(voter, { ...gopen, functionName: 'delegate', args: [voter.address] });
  await client.increaseTime({ seconds: 2 });
  await client.mine({ blocks: 1 });
  const governor = { abi: openGovernorAbi as Abi, address: contracts.OpenGovernor };
  const data = encodeFunctionData({
    abi: protocolParametersAbi,
    functionName: 'setAttributionThreshold',
    args: [100_000, 10_000, 200_000],
  });
  const proposal = [[contracts.ProtocolParameters], [0n], [data]];
  await send(voter, { ...governor, functionName: 'propose', args: [...proposal, 'raise it'] });
  const [id] = await client.getContractEvents({
    ...governor,
    abi: openGovernorAbi,
    eventName: 'ProposalCreated',
    fromBlock: 0n,
  });
  await client.increaseTime({ seconds: 3 });
  await client.mine({ blocks: 1 });
  await send(voter, { ...governor, functionName: 'castVote', args: [id.args.proposalId, 1] });
  await client.increaseTime({ seconds: 12 });
  await client.mine({ blocks: 1 });
  await send(voter, { ...governor, functionName: 'queue', args: [...proposal, hash('raise it')] });
  await client.increaseTime({ seconds: 2 });
  await client.mine({ blocks: 1 });
  await send(voter, { ...governor, functionName: 'execute', args: [...proposal, hash('raise it')] });

  // The execution is the last thing that happens: once it shows, everything before is there as well.
  const shown = await waitUntil(async () => {
    const done = await query('{ proposals(where: { status: "executed" }) { totalCount } }');
    if (done.proposals.totalCount === 0) throw new Error('The vote is not shown as executed.');
    return query(`{
      datanets { items { id name owner accepted rows contributions { items { id status owner rowCount bond } } } }
      models(orderBy: "id") { items { id kind owner parent outputPer1k datanets run { step finishedAt } } }
      checkpoints(orderBy: "step") { items { runId step } }
      agents { items { id owner uri wallet channels { items { consumer deposit settled } } } }
      proposals { items { status forVotes description votes { items { voter support weight } } } }
      parametersVersions(orderBy: "version") { items { version tauBasePpm contributorsBps } }
    }`);
  }, 60_000);
  const low = (a: Address) => a.toLowerCase();
  expect(shown.datanets.items).toEqual([
    {
      id: 1,
      name: 'Tides',
      owner: low(curator.address),
      accepted: 1,
      rows: 40,
      contributions: {
        items: [{ id: 1, status: 'accepted', owner: low(contributor.address), rowCount: 40, bond: '7' }],
      },
    },
  ]);
  expect(shown.models.items).toMatchObject([
    { id: 1, kind: 'base', parent: null, run: null },
    {
      id: 2,
      kind: 'adapter',
      owner: low(builder.address),
      parent: 1,
      outputPer1k: '2000000000',
      datanets: [1],
    },
  ]);
  expect(shown.models.items[1].run.step).toBe(20);
  expect(shown.checkpoints.items.map((c: { step: number }) => c.step)).toEqual([10, 20]);
  expect(shown.agents.items).toMatchObject([
    {
      id: 1,
      owner: low(operator.address),
      wallet: null,
      channels: {
        items: [{ consumer: low(consumer.address), deposit: '1000000000000000000', settled: '0' }],
      },
    },
  ]);
  expect(shown.proposals.items).toMatchObject([
    {
      status: 'executed',
      forVotes: '500000000000000000000',
      description: 'raise it',
      votes: { items: [{ voter: low(voter.address), support: 1 }] },
    },
  ]);
  expect(shown.parametersVersions.items).toEqual([
    { version: 1, tauBasePpm: 50_000, contributorsBps: 4_000 },
    { version: 2, tauBasePpm: 100_000, contributorsBps: 4_000 },
  ]);
  const summary = await (await fetch(`${api}/summary`)).json();
  expect(summary).toMatchObject({ datanets: 1, contributions: 1, models: 2, agents: 1, claims: 0 });
});
