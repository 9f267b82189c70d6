import type { Ledger } from '../ledger/ledger.ts';
import type { NodeSigner } from './signer.ts';

/**
 * Shows receipts and notices of a node whose agent was given another wallet as the present key signs them: whoever reads
 * them goes by the wallet that the chain has now. What they say stays as it was.
 */
export async function reissued(ledger: Ledger, signer: NodeSigner): Promise<Ledger> {
  for (const head of ledger.running()) head.nodeSignature = await signer.signReceipt(head.hash);
  return {
    ...ledger,
    async receipt(hash) {
      const entry = await ledger.receipt(hash);
      return entry && { ...entry, nodeSignature: await signer.signReceipt(entry.hash) };
    },
    async attribution(hash) {
      const entry = await ledger.attribution(hash);
      return entry && { ...entry, noticeSignature: await signer.signNotice(entry.hash, entry.evidenceHash) };
    },
  };
}
