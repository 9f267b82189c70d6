import { BaseError, ContractFunctionRevertedError, ContractFunctionZeroDataError } from 'viem';

/** What a view answers, or undefined where the contract reverts because it knows no such thing. Other errors are errors. */
export async function unlessReverted<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    const reverted =
      error instanceof BaseError &&
      error.walk(
        (e) => e instanceof ContractFunctionRevertedError || e instanceof ContractFunctionZeroDataError,
      );
    if (reverted) return undefined;
    throw error;
  }
}
