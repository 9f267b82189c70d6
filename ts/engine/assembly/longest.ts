// The search of `src/spans/longest.ts` over raw memory, for AssemblyScript: the same steps, in the same order.

import { at, put, symbolAt } from './memory';

const LANES: i32 = 32;
const UNSEEN: i32 = -1;
const STRIDE: i32 = 64;

const low = memory.data(LANES * 4);
const high = memory.data(LANES * 4);
const sharedLow = memory.data(LANES * 4);
const sharedHigh = memory.data(LANES * 4);
const start = memory.data(LANES * 4);

/** Where loads that only warm the cache end up, so that they are not optimised away. */
export let touched: i32 = 0;

/**
 * @param keys Of every `STRIDE`-th suffix two keys.
 * @param wanted Of every place of the answer the two keys that it would have.
 * @param lengths Room for `size` i32, one per place of the answer; so has `places`.
 */
export function longest<T>(
  text: usize,
  suffixes: usize,
  count: i32,
  firsts: usize,
  keys: usize,
  largest: i32,
  answer: usize,
  wanted: usize,
  size: i32,
  limit: i32,
  lengths: usize,
  places: usize,
): void {
  for (let from = 0; from < size; from += LANES) {
    const lanes = min(LANES, size - from);
    narrow(firsts, keys, largest, answer, wanted, from, lanes);
    bisect<T>(text, suffixes, answer, size, from, lanes, limit);
    for (let lane = 0; lane < lanes; lane++) {
      const place = at(low, lane);
      const i = from + lane;
      let left = at(sharedLow, lane);
      if (left === UNSEEN) left = shared<T>(text, suffixes, count, answer, size, i, place - 1, limit);
      let right = at(sharedHigh, lane);
      if (right === UNSEEN) right = shared<T>(text, suffixes, count, answer, size, i, place, limit);
      put(places, i, place);
      put(lengths, i, max(left, right));
    }
  }
}

function narrow(
  firsts: usize,
  keys: usize,
  largest: i32,
  answer: usize,
  wanted: usize,
  from: i32,
  lanes: i32,
): void {
  let steps = 0;
  for (let lane = 0; lane < lanes; lane++) {
    const symbol = at(answer, from + lane);
    const known = symbol <= largest;
    const first = known ? (at(firsts, symbol) + STRIDE - 1) / STRIDE : 0;
    const last = known ? (at(firsts, symbol + 1) + STRIDE - 1) / STRIDE : 0;
    put(low, lane, first);
    put(high, lane, last);
    steps = max(steps, 32 - clz(last - first));
  }
  for (let step = 0; step < steps; step++) {
    for (let lane = 0; lane < lanes; lane++) {
      const bottom = at(low, lane);
      const top = at(high, lane);
      if (bottom >= top) continue;
      const middle = (bottom + top) >>> 1;
      if (before(keys, middle, wanted, from + lane)) put(low, lane, middle + 1);
      else put(high, lane, middle);
    }
  }
  for (let lane = 0; lane < lanes; lane++) {
    const symbol = at(answer, from + lane);
    const known = symbol <= largest;
    const bottom = known ? at(firsts, symbol) : 0;
    const top = known ? at(firsts, symbol + 1) : 0;
    const key = at(low, lane);
    const next = keysAfter(keys, key, (top + STRIDE - 1) / STRIDE, wanted, from + lane);
    const first = max(bottom, (key - 1) * STRIDE + 1);
    put(low, lane, first);
    put(high, lane, max(first, min(top, next * STRIDE)));
    put(sharedLow, lane, UNSEEN);
    put(sharedHigh, lane, UNSEEN);
  }
}

/** Whether a pair of keys is less than a wanted one. */
function before(keys: usize, i: i32, wanted: usize, at_: i32): bool {
  const key = at(keys, i * 2);
  const want = at(wanted, at_ * 2);
  return key < want || (key === want && at(keys, i * 2 + 1) < at(wanted, at_ * 2 + 1));
}

/** Whether a pair of keys is greater than a wanted one. */
function after(keys: usize, i: i32, wanted: usize, at_: i32): bool {
  const key = at(keys, i * 2);
  const want = at(wanted, at_ * 2);
  return key > want || (key === want && at(keys, i * 2 + 1) > at(wanted, at_ * 2 + 1));
}

function keysAfter(keys: usize, from: i32, to: i32, wanted: usize, at_: i32): i32 {
  if (from >= to || after(keys, from, wanted, at_)) return from;
  let first = from + 1;
  let last = to;
  while (first < last) {
    const middle = (first + last) >>> 1;
    if (after(keys, middle, wanted, at_)) last = middle;
    else first = middle + 1;
  }
  return first;
}

function bisect<T>(
  text: usize,
  suffixes: usize,
  answer: usize,
  size: i32,
  from: i32,
  lanes: i32,
  limit: i32,
): void {
  let steps = 0;
  for (let lane = 0; lane < lanes; lane++) steps = max(steps, 32 - clz(at(high, lane) - at(low, lane)));
  let warm = 0;
  for (let step = 0; step < steps; step++) {
    for (let lane = 0; lane < lanes; lane++) {
      const bottom = at(low, lane);
      const top = at(high, lane);
      put(start, lane, bottom < top ? at(suffixes, (bottom + top) >>> 1) : 0);
    }
    for (let lane = 0; lane < lanes; lane++) warm ^= symbolAt<T>(text, at(start, lane));
    for (let lane = 0; lane < lanes; lane++) {
      const bottom = at(low, lane);
      const top = at(high, lane);
      if (bottom >= top) continue;
      const middle = (bottom + top) >>> 1;
      const i = from + lane;
      const most = min(limit, size - i);
      const place = at(start, lane);
      let same = max(0, min(at(sharedLow, lane), at(sharedHigh, lane)));
      while (same < most && symbolAt<T>(text, place + same) === at(answer, i + same)) same++;
      if (same < most && symbolAt<T>(text, place + same) < at(answer, i + same)) {
        put(low, lane, middle + 1);
        put(sharedLow, lane, same);
      } else {
        put(high, lane, middle);
        put(sharedHigh, lane, same);
      }
    }
  }
  touched ^= warm;
}

function shared<T>(
  text: usize,
  suffixes: usize,
  count: i32,
  answer: usize,
  size: i32,
  i: i32,
  place: i32,
  limit: i32,
): i32 {
  if (place < 0 || place >= count) return 0;
  const from = at(suffixes, place);
  const most = min(limit, size - i);
  let same = 0;
  while (same < most && symbolAt<T>(text, from + same) === at(answer, i + same)) same++;
  return same;
}
