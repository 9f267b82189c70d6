/**
 * The inner loop of a scan as a WebAssembly module of 128-bit vectors: V8's JavaScript multiplies bytes one by one.
 * The module is written out here instruction by instruction, so nothing has to be compiled or shipped beside it.
 *
 * It imports a shared memory as `scan.memory` and exports `scan(rows, sigmas, query, results, count)`: per row of 512
 * entries in 256 bytes, results[i] = sigmas[i]·⟨rows[i], query⟩ as float64, with the query as 512 signed 16-bit numbers.
 * Both halves of a byte are taken in its upper four bits, as sixteen times the entry; the sum is divided at the end. It
 * stays below 2²⁴ and σ below 2³⁰, so every result is an exact integer.
 */
export function scanKernel(maximumPages: number): Uint8Array<ArrayBuffer> {
  const [rows, sigmas, query, results, count] = [0, 1, 2, 3, 4];
  const [even, odd, bytes, half] = [5, 6, 7, 8];
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const advance = (local: number, by: number) => [...get(local), 0x41, ...signed(by), 0x6a, ...set(local)];
  const load = (offset: number) => [0xfd, 0x00, 0, ...unsigned(offset)];
  const zero = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
  const shiftUp = [0x41, 4, 0xfd, 0x6b];
  const upperBits = [0xfd, 0x0c, ...new Array<number>(16).fill(0xf0), 0xfd, 0x4e];
  const extendLow = [0xfd, 0x87, 0x01];
  const extendHigh = [0xfd, 0x88, 0x01];
  const dot = [0xfd, 0xba, 0x01];
  const addLanes = [0xfd, 0xae, 0x01];
  const lane = (i: number) => [0xfd, 0x1b, i];

  const times = (queryAt: number) => [
    ...[...get(even), ...get(half), ...extendLow, ...get(query), ...load(queryAt)],
    ...[...dot, ...addLanes, ...set(even)],
    ...[...get(odd), ...get(half), ...extendHigh, ...get(query), ...load(queryAt + 16)],
    ...[...dot, ...addLanes, ...set(odd)],
  ];
  const piece = (j: number) => [
    ...[...get(rows), ...load(16 * j), ...set(bytes)],
    ...[...get(bytes), ...shiftUp, ...set(half), ...times(32 * j)],
    ...[...get(bytes), ...upperBits, ...set(half), ...times(32 * j + 512)],
  ];
  const product = [
    ...[...get(even), ...get(odd), ...addLanes, ...set(even)],
    ...[...get(even), ...lane(0), ...get(even), ...lane(1), 0x6a],
    ...[...get(even), ...lane(2), 0x6a, ...get(even), ...lane(3), 0x6a],
    // i64 sum / 16 · u32 σ, as float64
    ...[0x41, 4, 0x75, 0xac, ...get(sigmas), 0x28, 2, 0, 0xad, 0x7e, 0xb9],
  ];
  const body = [
    ...[0x03, 0x40],
    ...[...zero, ...set(even), ...zero, ...set(odd)],
    ...Array.from({ length: 16 }, (_, j) => piece(j)).flat(),
    ...[...get(results), ...product, 0x39, 3, 0],
    ...[...advance(rows, 256), ...advance(sigmas, 4), ...advance(results, 8)],
    ...[...get(count), 0x41, 1, 0x6b, 0x22, count, 0x0d, 0],
    ...[0x0b, 0x0b],
  ];
  const code = [1, 4, 0x7b, ...body];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0]),
    ...section(2, [
      1,
      ...text('scan'),
      ...text('memory'),
      0x02,
      0x03,
      ...unsigned(1),
      ...unsigned(maximumPages),
    ]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('scan'), 0x00, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): number[] {
  return [value.length, ...new TextEncoder().encode(value)];
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

/** Signed LEB128 of a number that is not negative. */
function signed(value: number): number[] {
  const bytes = unsigned(value);
  const last = bytes.length - 1;
  if (bytes[last] < 0x40) return bytes;
  bytes[last] |= 0x80;
  return [...bytes, 0];
}
