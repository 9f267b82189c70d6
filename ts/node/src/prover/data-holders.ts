import { setTimeout as delay } from 'node:timers/promises';
import { agentRegistryAbi, agentStakingAbi } from '@openledger/sdk/abis';
import { fromHex, keccak } from '@openledger/sdk/protocol/bytes';
import { ROLE } from '@openledger/sdk/protocol/roles';
import { dataHeldTypedData } from '@openledger/sdk/protocol/vouchers';
import type { Hex } from 'viem';
import { z } from 'zod';
import type { Chain } from '../chain/chain.ts';
import { describe, NodeError } from '../errors.ts';
import { toJson } from '../gateway/json.ts';
import type { Log } from '../log.ts';
import { httpStore } from '../store/http-store.ts';
import type { ClaimToPropose } from './large-claim.ts';

/** A validator's signature that it holds the data of a claim. */
export type Attestation = { validatorId: number; signature: Hex };

export type DataHolders = {
  /**
   * Gives a claim's data to the validators and collects their signatures, at least `needed`, in the order that the
   * settlement wants. `parent` is the dump of the claim that it builds on. Too few: `busy`.
   */
  attest(built: ClaimToPropose, parent: Uint8Array | undefined, needed: number): Promise<Attestation[]>;
};

/** Rebuilding thousands of receipts takes a validator some time, and those of other nodes come before. */
const TIMEOUT_MS = 120_000;
const MIN_PAUSE_MS = 100;

const answer = z.object({
  validatorId: z.number().int().min(1),
  signature: z.templateLiteral(['0x', z.string().regex(/^([0-9a-f]{2})+$/i)]),
});

/** Validators by the URLs of their programs. One that is down, refuses or lies is passed over. */
export function createDataHolders(deps: { chain: Chain; urls: readonly string[]; log: Log }): DataHolders {
  const { chain, urls, log } = deps;

  async function attest(built: ClaimToPropose, parent: Uint8Array | undefined, needed: number) {
    const asked = await Promise.all(
      urls.map(async (url) => {
        try {
          return await ask(url, built, parent);
        } catch (error) {
          log.warn(
            { validator: url, claim: built.claimId, error: describe(error) },
            'a validator does not attest',
          );
          return undefined;
        }
      }),
    );
    // One id counts once, whatever it answers at.
    const byId = new Map(
      asked.flatMap((one) => (one === undefined ? [] : [[one.validatorId, one] as const])),
    );
    if (byId.size < needed) {
      throw new NodeError(
        'busy',
        `${byId.size} of ${urls.length} validators attest the claim's data, and ${needed} must.`,
        'Name more validators with --validators, or see their logs; it is tried again.',
      );
    }
    return [...byId.values()].toSorted((a, b) => a.validatorId - b.validatorId);
  }

  async function ask(
    url: string,
    built: ClaimToPropose,
    parent: Uint8Array | undefined,
  ): Promise<Attestation> {
    const { claim, claimData, locator, dump, claimId } = built;
    const store = httpStore({ url });
    for (const blob of [fromHex(claimData), dump, ...(parent === undefined ? [] : [parent])]) {
      if (!(await store.has(keccak(blob)))) await store.put(blob);
    }
    const body = toJson({ claim, dataHash: keccak(claimData), locator });
    const response = await untilTaken(url, body);
    if (!response.ok)
      throw new Error(`it answers ${response.status}: ${(await response.text()).slice(0, 500)}`);
    const attestation = answer.parse(await response.json());
    await requireValid(attestation, claimId);
    return attestation;
  }

  /** Asks again when the validator says so: to have no place now is no refusal. */
  async function untilTaken(url: string, body: string): Promise<Response> {
    const end = Date.now() + TIMEOUT_MS;
    for (;;) {
      const response = await fetch(`${url}/v1/attestations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(Math.max(1, end - Date.now())),
      });
      const pause = pauseOf(response);
      if (pause === undefined) return response;
      if (Date.now() + pause >= end) throw new Error('it has had no place for the claim so far');
      log.debug({ validator: url, pause }, 'a validator has no place for a claim now');
      await response.body?.cancel();
      await delay(pause);
    }
  }

  /** The chain refuses all attestations for a false one among them. */
  async function requireValid({ validatorId, signature }: Attestation, claimId: Hex): Promise<void> {
    const [wallet, isActive] = await Promise.all([
      chain.client.readContract({
        address: chain.contracts.AgentRegistry,
        abi: agentRegistryAbi,
        functionName: 'getAgentWallet',
        args: [BigInt(validatorId)],
      }),
      chain.client.readContract({
        address: chain.contracts.AgentStaking,
        abi: agentStakingAbi,
        functionName: 'isActive',
        args: [validatorId, ROLE.validator],
      }),
    ]);
    if (!isActive) throw new Error(`agent ${validatorId} is no active validator`);
    const held = dataHeldTypedData(chain.settlement, claimId);
    const isSigned = await chain.client.verifyTypedData({ address: wallet, ...held, signature });
    if (!isSigned) throw new Error(`its signature is not by the wallet of agent ${validatorId}`);
  }

  return { attest };
}

/** How long, in milliseconds, a validator that is busy wants to be left alone; undefined for any other answer. */
function pauseOf({ status, headers }: Response): number | undefined {
  const after = headers.get('retry-after');
  if ((status !== 429 && status !== 503) || after === null) return undefined;
  const seconds = Number(after);
  return Number.isFinite(seconds) ? Math.max(MIN_PAUSE_MS, seconds * 1000) : undefined;
}
