import { MessageChannel } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { receive, type Sent, send } from './transfer.ts';

it('Arrays past 4 GiB of shared memory arrive at their place in another thread, and without a copy', async () => {
  // Untouched memory is not there: this takes no gigabytes.
  const memory = new SharedArrayBuffer(2 ** 32 + 2 ** 20);
  const far = new Float32Array(memory, 2 ** 32 + 64, 3);
  far.set([1, 2, 3]);
  const whole = new Uint8Array(memory);
  const own = Float32Array.of(7);
  const { port1, port2 } = new MessageChannel();
  const arrived = new Promise<[Sent<Float32Array>, Sent<Uint8Array>, Sent<Float32Array>]>((resolve) => {
    port2.once('message', resolve);
  });
  port1.postMessage([send(far), send(whole), send(own)]);
  const [a, b, c] = await arrived;
  port1.close();
  expect([...receive(a)]).toEqual([1, 2, 3]);
  far[1] = 5;
  expect([...receive(a)]).toEqual([1, 5, 3]);
  expect(receive(b).length).toBe(2 ** 32 + 2 ** 20);
  expect([...receive(c)]).toEqual([7]);
});
