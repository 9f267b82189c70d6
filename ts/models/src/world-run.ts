/** The demo world as inputs of a fine-tune, with the ids that its contributions get on a fresh chain. */
import type { BaseModel } from '@openledger/engine/model/base';
import {
  createManifest,
  type RunContribution,
  type TrainingManifest,
} from '@openledger/engine/training/manifest';
import type { FineTuneSettings } from '@openledger/engine/training/presets';
import { type Row, splitRows } from '@openledger/engine/training/rows';
import { blobId } from '@openledger/sdk/protocol/store';
import { loadWorld, type World, type WorldContribution } from './world.ts';

/** A contribution with its asset id, and the datanet's id. */
export type NumberedContribution = WorldContribution & { readonly asset: number; readonly datanetId: number };

/** Contributions are numbered from 1 in the order of the world; an asset id is the number shifted by two bits. */
export function numberedContributions(world: World = loadWorld()): NumberedContribution[] {
  const all = world.datanets.flatMap((datanet, index) =>
    datanet.contributions.map((contribution) => ({ ...contribution, datanetId: index + 1 })),
  );
  return all.map((contribution, index) => ({ ...contribution, asset: (index + 1) * 4 }));
}

/** The contributions of the datanets whose rows are among the questions. */
export function askedContributions(world: World = loadWorld()): NumberedContribution[] {
  const asked = new Set(world.datanets.filter((datanet) => datanet.asked).map((datanet) => datanet.slug));
  return numberedContributions(world).filter((contribution) => asked.has(contribution.datanet));
}

/** A training run on contributions of the world. */
export function worldRun(
  base: BaseModel,
  contributions: readonly NumberedContribution[],
  settings: FineTuneSettings,
): { manifest: TrainingManifest; rows: Row[] } {
  const rows = contributions.flatMap(({ asset, bytes }) => splitRows(asset, new TextDecoder().decode(bytes)));
  const inputs: RunContribution[] = contributions.map(({ asset, datanetId, bytes }) => ({
    datanet: datanetId,
    asset,
    contentHash: blobId(bytes),
  }));
  return { manifest: createManifest({ base, contributions: inputs, rows, settings }), rows };
}
