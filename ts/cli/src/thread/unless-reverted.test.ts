import {
  ContractFunctionExecutionError,
  ContractFunctionRevertedError,
  HttpRequestError,
  parseAbi,
} from 'viem';
import { expect, it } from 'vitest';
import { unlessReverted } from './unless-reverted.ts';

const abi = parseAbi(['function ownerOf(uint256) view returns (address)']);
const failing = (cause: ContractFunctionRevertedError | HttpRequestError) =>
  Promise.reject(new ContractFunctionExecutionError(cause, { abi, functionName: 'ownerOf', args: [1n] }));

it('takes a revert for an answer', async () => {
  const reverted = new ContractFunctionRevertedError({ abi, functionName: 'ownerOf' });
  expect(await unlessReverted(failing(reverted))).toBeUndefined();
  expect(await unlessReverted(Promise.resolve('0x1'))).toBe('0x1');
});

it('does not take a chain that is away for one', async () => {
  const away = new HttpRequestError({ url: 'http://127.0.0.1:1' });
  await expect(unlessReverted(failing(away))).rejects.toThrow();
});
