import { agentRegistryAbi, modelRegistryAbi, protocolParametersAbi } from '@openledger/sdk/abis';
import { decodeSketches } from '@openledger/sdk/protocol/blobs';
import type { Config } from 'wagmi';
import { getPublicClient } from 'wagmi/actions';
import { loadBlob, loadUri } from '../../lib/content.ts';
import { listContributions } from '../../lib/indexer.ts';
import { parseCard } from '../../lib/models.ts';
import type { Network } from '../../lib/network.ts';
import type { ReceiptView } from '../../lib/receipts.ts';
import type { Exchange } from './channel-store.ts';
import type { Evidence } from './verify.ts';

/** Collects what a check needs: terms, parameters and the node's wallet from the chain, the rest by its hash. */
export async function gatherEvidence(options: {
  network: Network;
  config: Config;
  view: ReceiptView;
  exchange: Exchange;
}): Promise<Evidence> {
  const { network, view, exchange } = options;
  const { contracts, nodeUrl, chainId, indexerUrl } = network;
  const client = getPublicClient(options.config);
  if (client === undefined) throw new Error('There is no connection to the chain.');
  if (exchange.salt === undefined) throw new Error('This browser does not have the salt of this answer.');
  if (view.attribution === null) throw new Error('The answer is not attributed yet.');

  const [agentWallet, terms, parameters, uri] = await Promise.all([
    client.readContract({
      address: contracts.AgentRegistry,
      abi: agentRegistryAbi,
      functionName: 'getAgentWallet',
      args: [BigInt(view.nodeId)],
    }),
    client.readContract({
      address: contracts.ModelRegistry,
      abi: modelRegistryAbi,
      functionName: 'terms',
      args: [view.receipt.modelId],
    }),
    client.readContract({
      address: contracts.ProtocolParameters,
      abi: protocolParametersAbi,
      functionName: 'parameters',
      args: [view.attribution.paramsVersion],
    }),
    client.readContract({
      address: contracts.ModelRegistry,
      abi: modelRegistryAbi,
      functionName: 'tokenURI',
      args: [BigInt(view.receipt.modelId)],
    }),
  ]);

  const isAdapter = terms.parent !== 0;
  const card = isAdapter ? parseCard(await loadUri(nodeUrl, uri)) : undefined;
  const sketches = card === undefined ? [] : decodeSketches(await loadBlob(nodeUrl, card.sketches));
  const known = await listContributions(indexerUrl);
  const assets = new Set(
    view.attribution.items.filter(({ span }) => span !== null).map(({ asset }) => asset),
  );
  const contributions = await Promise.all(
    known
      .filter(({ asset }) => assets.has(asset))
      .map(async ({ asset, contentRoot, uri: content }) => ({
        asset,
        contentRoot,
        bytes: await loadUri(nodeUrl, content),
      })),
  );
  return {
    view,
    asked: { question: exchange.question, answer: exchange.answer, salt: exchange.salt },
    chain: {
      settlement: { chainId, verifyingContract: contracts.AttributionSettlement },
      agentWallet,
      terms,
      parameters,
    },
    content: { sketches, contributions },
  };
}
