import { auditRegistryAbi } from '@openledger/sdk/abis';
import { sameHex } from '@openledger/sdk/protocol/bytes';
import { decodeClaimData } from '@openledger/sdk/protocol/claim-data';
import { type ContextRow, contextRowOf, isContextOf } from '@openledger/sdk/protocol/context';
import { hashReceipt, isNoAudit } from '@openledger/sdk/protocol/receipts';
import { type Hex, parseEventLogs, zeroHash } from 'viem';
import type { Chain, ChainWallet } from '../chain/chain.ts';
import { type AcceptedContribution, loadContribution, rowText } from '../chain/contributions.ts';
import type { SeenClaim } from '../chain/settlement-reader.ts';
import { confirmed, revertOf } from '../chain/transact.ts';
import { type ClaimContextDeps, claimContext } from '../claims/claim-context.ts';
import { openingKeys, type ReceiptOpening, readOpening } from '../claims/receipt-opening.ts';
import { describe } from '../errors.ts';
import { requireBase } from '../gateway/plan.ts';
import type { ModelCatalog, VerifiedAdapter } from '../models/types.ts';
import type { BlobStore } from '../store/types.ts';
import { type AuditedRow, type AuditOutcome, type CheckDeps, checkOpening } from './audit-check.ts';
import { createCaseOpener } from './case-opener.ts';

export type AuditorDeps = ClaimContextDeps &
  CheckDeps & {
    chain: Chain;
    wallet: ChainWallet;
    privateKey: Hex;
    validatorId: number;
    catalog: Pick<ModelCatalog, 'find' | 'list' | 'verify'>;
    /** All accepted contributions. */
    contributions(): Promise<AcceptedContribution[]>;
    /** Of the base model that `tokenizer` and `engine` have. */
    baseHash: Hex;
    store: BlobStore;
    /** Whether to open a case, with its bond, about a claim with a receipt that is wrong. */
    opensCases: boolean;
  };

/** What became of one drawn receipt. */
export type Audit = AuditOutcome & { requestId: bigint; claimId: Hex; position: number };

type Opened = {
  requestId: bigint;
  payloadHash: Hex /** Why it could not be checked so far. */;
  failure?: string;
};

export type Auditor = {
  /** Asks for what this validator is drawn for, checks what was opened to it since the last call, and opens cases. */
  look(): Promise<Audit[]>;
};

/** A claim is drawn by the hash of the second block after its proposal, which the chain knows for 256 blocks. */
const SEED_DELAY = 2n;
const MAX_RANGE = 10_000n;

/**
 * Audits claims as a validator: has their draws stored, asks for the receipts that it is drawn for, opens them with its
 * key and recomputes them with the model. Nothing is remembered outside the chain.
 */
export async function createAuditor(deps: AuditorDeps): Promise<Auditor> {
  const { chain, wallet, validatorId, reader, state, store, log } = deps;
  const { client, contracts } = chain;
  const cases = createCaseOpener({ ...deps, isOver });
  const registry = { address: contracts.AuditRegistry, abi: auditRegistryAbi } as const;
  const call = { ...registry, account: wallet.account };
  const keys = await openingKeys(deps.privateKey);
  /** Claims that were asked about, or can't be any more. */
  const asked = new Set<Hex>();
  /** This validator's requests, by id. */
  const requests = new Map<bigint, { claimId: Hex; position: number }>();
  /** Openings that are not checked yet, by request. */
  const pending = new Map<bigint, Opened>();
  let next = chain.startBlock;

  /** Openings would else be sealed to a key that nobody here has. */
  async function registerKey(): Promise<void> {
    const known = await client.readContract({
      ...registry,
      functionName: 'encryptionKeyOf',
      args: [validatorId],
    });
    if (known === keys.publicKey) return;
    const args = [validatorId, keys.publicKey] as const;
    const { request } = await client.simulateContract({ ...call, functionName: 'setEncryptionKey', args });
    await confirmed(chain, await wallet.writeContract(request), 'registering the key of audits');
  }

  async function look(): Promise<Audit[]> {
    await reader.sync();
    await readEvents();
    for (const seen of reader.claims()) {
      if (asked.has(seen.claimId)) continue;
      const { status } = await state.claimRecord(seen.claimId);
      if (status !== 'proposed' || (await ask(seen))) asked.add(seen.claimId);
    }
    const audits: Audit[] = [];
    for (const opened of pending.values()) {
      try {
        const audit = await examine(opened);
        pending.delete(opened.requestId);
        if (audit === undefined) continue;
        report(audit);
        audits.push(audit);
      } catch (error) {
        // One that fails stands in no other's way; it is tried again until nobody can open a case any more.
        if (opened.failure === undefined)
          log.warn(
            { request: String(opened.requestId), error: describe(error) },
            'a drawn receipt cannot be checked yet',
          );
        opened.failure = describe(error);
      }
    }
    await cases.open();
    return audits;
  }

  async function readEvents(): Promise<void> {
    const head = await client.getBlockNumber();
    while (next <= head) {
      const toBlock = next + MAX_RANGE - 1n < head ? next + MAX_RANGE - 1n : head;
      const logs = await client.getLogs({ address: registry.address, fromBlock: next, toBlock });
      for (const event of parseEventLogs({ abi: auditRegistryAbi, logs })) {
        if (event.eventName === 'AuditRequested') {
          const { requestId, claimId, position, key } = event.args;
          // What was asked for with another key cannot be read here, and says nothing about the node.
          if (event.args.validatorId === validatorId && key === keys.publicKey)
            requests.set(requestId, { claimId, position });
        } else if (event.eventName === 'ReceiptOpened' && requests.has(event.args.requestId)) {
          pending.set(event.args.requestId, { ...event.args });
        }
      }
      next = toBlock + 1n;
    }
  }

  /** Asks for every draw that is this validator's; false while the draws are not known. */
  async function ask({ claimId, claim, block }: SeenClaim): Promise<boolean> {
    if (!(await hasSeed(claimId, block))) return false;
    const { auditDraws } = await state.parameters(claim.paramsVersion);
    const known = new Set(
      [...requests.values()].filter((one) => one.claimId === claimId).map(({ position }) => position),
    );
    for (let draw = 0; draw < auditDraws; draw += 1) {
      const args = [claim, draw, validatorId] as const;
      if (!(await client.readContract({ ...registry, functionName: 'isDrawn', args }))) continue;
      // Several draws may hit a receipt; it is opened once.
      const position = await client.readContract({
        ...registry,
        functionName: 'positionOf',
        args: [claim, draw],
      });
      if (known.has(position)) continue;
      known.add(position);
      try {
        const { request } = await client.simulateContract({ ...call, functionName: 'requestAudit', args });
        await confirmed(chain, await wallet.writeContract(request), 'request for an audit');
      } catch (error) {
        const revert = revertOf(error);
        if (revert === undefined) throw error;
        log.warn({ claim: claimId, draw, revert: revert.name }, 'a drawn receipt cannot be asked for');
      }
    }
    return true;
  }

  async function hasSeed(claimId: Hex, proposedAt: bigint): Promise<boolean> {
    const args = [claimId] as const;
    if ((await client.readContract({ ...registry, functionName: 'seedOf', args })) !== zeroHash) return true;
    if ((await client.getBlockNumber()) <= proposedAt + SEED_DELAY) return false;
    try {
      const { request } = await client.simulateContract({ ...call, functionName: 'drawSeed', args });
      await confirmed(chain, await wallet.writeContract(request), 'drawing the audits of a claim');
      return true;
    } catch (error) {
      // Another validator was faster, or the chain has forgotten the hash: the next look tells.
      if (revertOf(error) === undefined) throw error;
      return false;
    }
  }

  /** Undefined for a claim that was over before it was looked at. */
  async function examine(opened: Opened): Promise<Audit | undefined> {
    const { requestId, failure } = opened;
    const { claimId, position } = requests.get(requestId)!;
    const seen = reader.claim(claimId)!;
    if (await isOver(seen))
      return failure === undefined
        ? undefined
        : { requestId, claimId, position, outcome: 'unchecked', problems: [failure] };
    const { outcome, problems } = await judge(seen, position, opened);
    if (outcome === 'wrong' && deps.opensCases) cases.accuse({ seen, position, problems });
    return { requestId, claimId, position, outcome, problems };
  }

  async function judge(seen: SeenClaim, position: number, { payloadHash }: Opened): Promise<AuditOutcome> {
    const { claimData, dump } = await claimContext(deps, seen);
    const disclosed = decodeClaimData(claimData)[position];
    if (disclosed === undefined) throw new Error(`The claim's data do not have receipt ${position}.`);
    const { receipt } = disclosed;
    if (isNoAudit(receipt)) return { outcome: 'right', problems: [] };
    const adapter = await adapterOf(receipt.modelId);
    const bytes = await store.get(payloadHash);
    let opening: ReceiptOpening;
    try {
      opening = await readOpening(bytes, hashReceipt(receipt), keys);
    } catch (error) {
      return { outcome: 'wrong', problems: [`What it was opened with cannot be read. ${describe(error)}`] };
    }
    const cited = dump?.contexts?.find((one) => one.position === position)?.rows ?? [];
    if (!isContextOf(receipt, cited)) {
      return { outcome: 'unchecked', problems: ['The rows in its prompt were not published.'] };
    }
    const rows = await Promise.all(cited.map(rowOf));
    const other = rows.findIndex((row, i) => !sameHex(contextRowOf(row).bytesHash, cited[i].bytesHash));
    if (other === -1) return checkOpening(deps, disclosed, opening, rows, adapter);
    const { asset, row } = cited[other];
    return {
      outcome: 'wrong',
      problems: [`Row ${row} of asset ${asset} has another text than in the prompt.`],
    };
  }

  /** A row of a prompt as its contribution has it. */
  async function rowOf({ asset, row, score }: ContextRow): Promise<AuditedRow> {
    const contribution = (await deps.contributions()).find((one) => one.asset === asset);
    if (contribution === undefined) throw new Error(`Asset ${asset} is no accepted contribution any more.`);
    const found = (await loadContribution(store, contribution)).rows.find((one) => one.row === row);
    return {
      asset,
      row,
      score,
      datanet: contribution.datanet,
      text: found === undefined ? '' : rowText(found),
    };
  }

  async function isOver({ claimId, claim }: SeenClaim): Promise<boolean> {
    const { status, end } = await state.claimRecord(claimId);
    const { caseWindow } = await state.parameters(claim.paramsVersion);
    if (status === 'rejected') return true;
    return (await client.getBlock()).timestamp >= BigInt(end + caseWindow);
  }

  /** Undefined for a base model. What another base answered can't be recomputed here: `model_unusable`. */
  async function adapterOf(modelId: number): Promise<VerifiedAdapter | undefined> {
    const model = await deps.catalog.find(`ol-${modelId}`);
    await requireBase({ catalog: deps.catalog, engine: { baseHash: deps.baseHash } }, model);
    return model.kind === 'base' ? undefined : deps.catalog.verify(model);
  }

  function report({ outcome, requestId, ...audit }: Audit): void {
    const said = { request: String(requestId), ...audit };
    if (outcome === 'right') log.info(said, 'a drawn receipt is right');
    else if (outcome === 'wrong') log.error(said, 'A DRAWN RECEIPT IS WRONG');
    else log.warn(said, 'a drawn receipt could not be checked');
  }

  await registerKey();
  return { look };
}
