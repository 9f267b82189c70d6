import { parentPort } from 'node:worker_threads';
import { receive, type Sent } from '../runtime/transfer.ts';
import type { OptimizerState } from './adamw.ts';
import { type AdamWPart, updatePart } from './adamw-kernel.ts';

/** A part of an update, and where its arrays are. */
export type AdamWJob = {
  readonly part: AdamWPart;
  readonly arrays: Readonly<Record<keyof OptimizerState | 'gradient', Sent<Float32Array>>>;
};

const port = parentPort!;
port.on('message', ({ part, arrays }: AdamWJob) => {
  const state = {
    parameters: receive(arrays.parameters),
    firstMoment: receive(arrays.firstMoment),
    secondMoment: receive(arrays.secondMoment),
  };
  updatePart(state, receive(arrays.gradient), part);
  port.postMessage(null);
});
