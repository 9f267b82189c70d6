import type { Profile } from '@openledger/engine/runtime/profile';

/** Pairs of products in the chain that measures how fast matrices are multiplied. */
export const GEMM_CHAIN = 8;

/** What a process of the training benchmark does, ours and torch's alike. */
export type TrainTask = {
  /** `lora-per-sample` computes gradients only; the others take steps of AdamW with clipping. */
  readonly kind: 'gemm' | 'full' | 'lora' | 'lora-per-sample';
  /** The numeric profile that we run in. */
  readonly profile: Profile;
  /** Whether torch may multiply in bfloat16. */
  readonly bf16: boolean;
  readonly threads: number;
  readonly batch: number;
  readonly length: number;
  readonly rank: number;
  /** Rows, inner width and columns of the matrix products: `GEMM_CHAIN` times to the columns and back. */
  readonly gemm: readonly [number, number, number];
  /** A Hugging Face config.json. */
  readonly config: Readonly<Record<string, unknown>>;
};

/** What a process is asked, one JSON line each, and what it answers. It says `ready` unasked. */
export type TrainRequest = { readonly run: number } | { readonly end: 1 };
export type TrainAnswer = {
  /** Ready: seconds from the task to the end of the first step. */
  readonly ready?: number | true;
  /** Seconds that the asked number of steps took. */
  readonly seconds?: number;
  /** Most bytes that were resident at a time. */
  readonly peak?: number;
};
