import { parentPort, workerData } from 'node:worker_threads';
import { sortSuffixes } from './sort.ts';

/** What `sortInWorker` hands over. */
export type SortTask = { readonly text: Uint16Array | Int32Array; readonly largest: number };

const { text, largest } = workerData as SortTask;
const suffixes = sortSuffixes(text, largest);
parentPort!.postMessage(suffixes, [suffixes.buffer as ArrayBuffer]);
