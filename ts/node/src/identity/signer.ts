import {
  noticeTypedData,
  receiptIssuedTypedData,
  type SigningDomain,
} from '@openledger/sdk/protocol/vouchers';
import type { Hex, LocalAccount } from 'viem';

/** Signs what a node tells its consumers. The key is the node's agent wallet. */
export type NodeSigner = {
  address: Hex;
  nodeId: number;
  signReceipt(receiptHash: Hex): Promise<Hex>;
  signNotice(receiptHash: Hex, evidenceHash: Hex): Promise<Hex>;
};

/** A signer with the node's key in memory. `settlement` is the domain of both signatures. */
export function createNodeSigner(
  account: LocalAccount,
  nodeId: number,
  settlement: SigningDomain,
): NodeSigner {
  return {
    address: account.address,
    nodeId,
    signReceipt: (hash) => account.signTypedData(receiptIssuedTypedData(settlement, nodeId, hash)),
    signNotice: (hash, evidence) =>
      account.signTypedData(noticeTypedData(settlement, nodeId, hash, evidence)),
  };
}
