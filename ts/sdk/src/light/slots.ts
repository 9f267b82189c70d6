import type { Hex } from 'viem';
import { mappingSlot, slotWord } from './state.ts';

/** ERC-7201 places of the contracts' storage; a test compares them with the contracts' own reads. */
export const SETTLEMENT_STORAGE = 0x37f0fda2be984329fbb043e10538f0d4226e13db84d18851cb3e8b928f05e100n;
const AGENTS = 0xcd0312cc5914ec1a85ed4dc2a9b6755ca8e572607da561376b7b6561c7fbae00n;
const ERC721 = 0x80bb2b638cc20bc4d0a60d66940f3ab4a00c1d7b313497ca82fb0b4ab0079300n;

/** The slots of the settlement that say what became of a claim: its record, and the last pause. */
export function settlementSlots(claimId: Hex): [Hex, Hex] {
  return [mappingSlot(claimId, SETTLEMENT_STORAGE + 5n), slotWord(SETTLEMENT_STORAGE + 1n)];
}

/** The slots of the agent registry that say which wallet signs for a node: the one it chose, and its owner. */
export function agentSlots(nodeId: number): [Hex, Hex] {
  return [mappingSlot(BigInt(nodeId), AGENTS + 2n), mappingSlot(BigInt(nodeId), ERC721 + 2n)];
}

const bits = (word: bigint, from: number, count: number) =>
  (word >> BigInt(from)) & ((1n << BigInt(count)) - 1n);

/** `IAttributionSettlement.ClaimStatus`. */
export const CLAIM_STATUS = ['none', 'proposed', 'final', 'rejected', 'vetoed'] as const;

/**
 * What the slots say of a claim at a block's time, as the contract would: a proposed claim is final once its window is
 * over, which a pause that it met makes longer.
 */
export function claimState([record, pause]: readonly bigint[], timestamp: bigint) {
  const stored = CLAIM_STATUS[Number(bits(record!, 64, 8))] ?? 'none';
  const [from, until, atBlock] = [bits(pause!, 0, 40), bits(pause!, 40, 40), bits(pause!, 80, 40)];
  let end = bits(record!, 0, 40);
  const proposedBlock = bits(record!, 208, 40);
  if (stored !== 'final' && proposedBlock <= atBlock && end > from) end += until - from;
  const isFinal = stored === 'final' || (stored === 'proposed' && timestamp >= end);
  return { status: isFinal ? ('final' as const) : stored, end, nodeId: Number(bits(record!, 168, 40)) };
}
