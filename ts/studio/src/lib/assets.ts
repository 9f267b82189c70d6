import { ASSET_KIND, parseAsset } from '@openledger/sdk/protocol/assets';

/** What an asset id names, in words. */
export function assetName(asset: number): string {
  const parsed = parseAsset(asset);
  if (parsed === undefined) return 'Treasury';
  if (parsed.kind === ASSET_KIND.model) return `Model ${parsed.tokenId}`;
  if (parsed.kind === ASSET_KIND.baseline) return `All data of model ${parsed.tokenId}`;
  return `Contribution ${parsed.tokenId}`;
}

/** The contribution that an asset is; undefined when it is something else. */
export function contributionOf(asset: number): number | undefined {
  const parsed = parseAsset(asset);
  return parsed?.kind === ASSET_KIND.contribution ? parsed.tokenId : undefined;
}

/** The model that an asset is; undefined when it is something else. */
export function modelOf(asset: number): number | undefined {
  const parsed = parseAsset(asset);
  return parsed?.kind === ASSET_KIND.model ? parsed.tokenId : undefined;
}
