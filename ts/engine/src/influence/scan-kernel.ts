/**
 * The inner loop of a scan as a WebAssembly module of 128-bit vectors: V8's JavaScript multiplies bytes one by one.
 * The module is written out here instruction by instruction, so nothing has to be compiled or shipped beside it.
 *
 * It imports a shared memory as `scan.memory` and exports `scan(rows, sigmas, query, results, count)`: per row of 512
 * entries in 256 bytes, each entry plus 8 and so not negative, results[i] = sigmas[i]·⟨rows[i], query⟩ as float64. The
 * query is 512 signed bytes, followed by 8 times their sum as a 32-bit number: what the added 8 make too much.
 *
 * Products are `i32x4.relaxed_dot_i8x16_i7x16_add_s`, whose result is the same on every machine as long as its second
 * operand has no sign bits. Sums stay below 2²¹ and σ below 2³⁰, so every result is an exact integer.
 */
export function scanKernel(maximumPages: number): Uint8Array<ArrayBuffer> {
  const [rows, sigmas, query, results, count] = [0, 1, 2, 3, 4];
  const [even, odd, bytes] = [5, 6, 7];
  const get = (local: number) => [0x20, local];
  const set = (local: number) => [0x21, local];
  const advance = (local: number, by: number) => [...get(local), 0x41, ...signed(by), 0x6a, ...set(local)];
  const load = (offset: number) => [0xfd, 0x00, 0, ...unsigned(offset)];
  const constant = (byte: number) => [0xfd, 0x0c, ...new Array<number>(16).fill(byte)];
  const lowerHalves = [...constant(0x0f), 0xfd, 0x4e];
  const upperHalves = [0x41, 4, 0xfd, 0x6d];
  const dotAndAdd = [0xfd, 0x93, 0x02];
  const addLanes = [0xfd, 0xae, 0x01];
  const lane = (i: number) => [0xfd, 0x1b, i];

  const piece = (j: number) => [
    ...[...get(rows), ...load(16 * j), ...set(bytes)],
    ...[
      ...get(query),
      ...load(16 * j),
      ...get(bytes),
      ...lowerHalves,
      ...get(even),
      ...dotAndAdd,
      ...set(even),
    ],
    ...[
      ...get(query),
      ...load(16 * j + 256),
      ...get(bytes),
      ...upperHalves,
      ...get(odd),
      ...dotAndAdd,
      ...set(odd),
    ],
  ];
  const product = [
    ...[...get(even), ...get(odd), ...addLanes, ...set(even)],
    ...[...get(even), ...lane(0), ...get(even), ...lane(1), 0x6a],
    ...[...get(even), ...lane(2), 0x6a, ...get(even), ...lane(3), 0x6a],
    // i32 sum less what was added, then i64 times u32 σ, as float64
    ...[...get(query), 0x28, 2, ...unsigned(512), 0x6b],
    ...[0xac, ...get(sigmas), 0x28, 2, 0, 0xad, 0x7e, 0xb9],
  ];
  const body = [
    ...[0x03, 0x40],
    ...[...constant(0), ...set(even), ...constant(0), ...set(odd)],
    ...Array.from({ length: 16 }, (_, j) => piece(j)).flat(),
    ...[...get(results), ...product, 0x39, 3, 0],
    ...[...advance(rows, 256), ...advance(sigmas, 4), ...advance(results, 8)],
    ...[...get(count), 0x41, 1, 0x6b, 0x22, count, 0x0d, 0],
    ...[0x0b, 0x0b],
  ];
  const code = [1, 3, 0x7b, ...body];
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
