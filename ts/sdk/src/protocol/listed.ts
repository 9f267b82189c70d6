import { type Evidence, ITEM_LIMITS } from './items.ts';

/** Whether something that is not listed would have had a place among the listed of its kind. */
export function hasPlaceFor(
  items: readonly Evidence[],
  one: { asset: number; kind: 0 | 1 | 2; score: bigint },
): boolean {
  const listed = items.filter(({ kind }) => kind === one.kind);
  if (listed.length < ITEM_LIMITS[one.kind] && one.score > 0n) return true;
  const last = listed.at(-1);
  if (!last) return false;
  return one.score > last.score || (one.score === last.score && one.asset < last.asset);
}

/** As {@link hasPlaceFor}, or the asset is listed with a lower score. */
export function isLacking(
  items: readonly Evidence[],
  one: { asset: number; kind: 0 | 1 | 2; score: bigint },
): boolean {
  const own = items.findLast(({ kind, asset }) => kind === one.kind && asset === one.asset);
  return own ? one.score > own.score : hasPlaceFor(items, one);
}
