import { ProtocolError } from './bytes.ts';

/** What kind of token an asset id stands for. */
export const ASSET_KIND = { contribution: 0, model: 1, baseline: 2 } as const;
export type AssetKind = (typeof ASSET_KIND)[keyof typeof ASSET_KIND];

/** The treasury's asset id. */
export const TREASURY_ASSET = 0;

const MAX_TOKEN_ID = 2 ** 38 - 1;

function assetId(tokenId: number, kind: AssetKind): number {
  if (!Number.isSafeInteger(tokenId) || tokenId < 1 || tokenId > MAX_TOKEN_ID) {
    throw new ProtocolError(`Token id ${tokenId} is outside 1 … 2^38 − 1 and has no asset id.`);
  }
  // Not a shift: asset ids have 40 bits, JavaScript's bit operators only 32.
  return tokenId * 4 + kind;
}

/** Asset of a contribution: its owner earns. */
export function contributionAsset(contributionId: number): number {
  return assetId(contributionId, ASSET_KIND.contribution);
}

/** Asset of a model: its owner earns. */
export function modelAsset(modelId: number): number {
  return assetId(modelId, ASSET_KIND.model);
}

/** Asset of a model's baseline: the vault shares it among the contributions it names. */
export function baselineAsset(modelId: number): number {
  return assetId(modelId, ASSET_KIND.baseline);
}

/** Takes an asset id apart. Undefined for the treasury. */
export function parseAsset(asset: number): { tokenId: number; kind: AssetKind } | undefined {
  if (asset === TREASURY_ASSET) return undefined;
  const kind = asset % 4;
  const tokenId = Math.floor(asset / 4);
  if (!Number.isSafeInteger(asset) || kind === 3 || tokenId < 1 || tokenId > MAX_TOKEN_ID) {
    throw new ProtocolError(`${asset} is not an asset id (token id × 4 + 0, 1 or 2; or 0).`);
  }
  return { tokenId, kind: kind as AssetKind };
}
