// Puts the OP Stack predeploys that contracts and wallets look for on a bare anvil, at their addresses:
// WETH (wrapped OPEN), L1Block and L2ToL1MessagePasser, with the bytecode that @eth-optimism/contracts-bedrock ships; and
// what stands on a devnet for the escrow of metered payments (script/devnet; build the contracts first).
// Doing it again changes nothing. Usage: node script/predeploys.mjs [rpc url]
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestClient, http, parseEther, publicActions, stringToHex, walletActions } from 'viem';

/** Where the OP Stack puts them. */
export const predeploys = {
  WETH: '0x4200000000000000000000000000000000000006',
  L1Block: '0x4200000000000000000000000000000000000015',
  L2ToL1MessagePasser: '0x4200000000000000000000000000000000000016',
};

/** Where clients of x402 expect it: constants of @x402/evm, version 1.0 of the Commerce Payments Protocol. */
const holdEscrow = {
  DevnetAuthCaptureEscrow: '0xBdEA0D1bcC5966192B070Fdf62aB4EF5b4420cff',
  DevnetPaymentCollector: '0x0E3dF9510de65469C4518D7843919c0b8C7A7757',
};

/** The system address that alone may write to L1Block. */
const depositor = '0xDeaDDEaDDeAdDeAdDEAdDEaddeAddEAdDEAd0001';

/** OPEN on the L1 devnet: the second contract of the devnet's first account, a proxy after its implementation. */
const defaultL1Token = '0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512';

const own = (name) => {
  const file = path.resolve(import.meta.dirname, `../out/DevnetAuthCapture.sol/${name}.json`);
  return JSON.parse(readFileSync(file, 'utf8'));
};

const artifact = (name) => {
  const bedrock = path.dirname(
    createRequire(import.meta.url).resolve('@eth-optimism/contracts-bedrock/package.json'),
  );
  return JSON.parse(readFileSync(path.join(bedrock, `forge-artifacts/${name}.sol/${name}.json`), 'utf8'));
};

/**
 * Places what is missing on an anvil chain, and tells L1Block that the coin is OPEN.
 * @param {string} rpcUrl
 * @param {`0x${string}`} [l1Token] the address of OPEN on L1
 * @returns {Promise<string[]>} the names of what was placed now
 */
export async function placePredeploys(rpcUrl, l1Token = defaultL1Token) {
  const client = createTestClient({ mode: 'anvil', transport: http(rpcUrl), pollingInterval: 20 })
    .extend(publicActions)
    .extend(walletActions);
  const placed = [];
  const all = [
    ...Object.entries(predeploys).map(([name, address]) => [name, address, artifact(name)]),
    ...Object.entries(holdEscrow).map(([name, address]) => [name, address, own(name)]),
  ];
  for (const [name, address, { deployedBytecode }] of all) {
    const bytecode = deployedBytecode.object;
    if ((await client.getCode({ address })) === bytecode) continue;
    await client.setCode({ address, bytecode });
    placed.push(name);
  }
  const { abi } = artifact('L1Block');
  const l1Block = { address: predeploys.L1Block, abi };
  if (await client.readContract({ ...l1Block, functionName: 'isCustomGasToken' })) return placed;
  await client.impersonateAccount({ address: depositor });
  await client.setBalance({ address: depositor, value: parseEther('1') });
  const hash = await client.writeContract({
    ...l1Block,
    account: depositor,
    chain: null,
    functionName: 'setGasPayingToken',
    args: [l1Token, 18, stringToHex('OpenLedger', { size: 32 }), stringToHex('OPEN', { size: 32 })],
  });
  const { status } = await client.waitForTransactionReceipt({ hash });
  await client.setBalance({ address: depositor, value: 0n });
  await client.stopImpersonatingAccount({ address: depositor });
  if (status !== 'success') throw new Error('L1Block refused the gas token; is this chain a fresh anvil?');
  return placed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const url = process.argv[2] ?? process.env.OPENLEDGER_RPC_URL ?? 'http://127.0.0.1:8545';
  try {
    const placed = await placePredeploys(url);
    console.log(placed.length > 0 ? `placed ${placed.join(', ')}` : 'the predeploys are there already');
  } catch (error) {
    console.error(`Could not place the predeploys on ${url}: ${error.shortMessage ?? error.message}`);
    console.error('It must be an anvil that is running: the predeploys are placed with anvil_setCode.');
    process.exitCode = 1;
  }
}
