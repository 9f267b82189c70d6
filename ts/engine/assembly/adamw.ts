// AdamW for WebAssembly, two parameters at a time: `src/training/adamw-kernel.ts` calls it. The operations and their
// order are those of the formula in `src/training/adamw.ts`, so the bits are the same as JavaScript's.

/** Updates `count` parameters in place, or one more when that is odd. Addresses are bytes within the memory. */
export function update(
  parameters: usize,
  gradient: usize,
  first: usize,
  second: usize,
  count: i32,
  clip: f64,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  epsRoot: f64,
  learningRate: f64,
  correction1: f64,
  correction2: f64,
  weightDecay: f64,
  decays: bool,
): void {
  const clips = f64x2.splat(clip);
  const keep1 = f64x2.splat(beta1);
  const take1 = f64x2.splat(1 - beta1);
  const keep2 = f64x2.splat(beta2);
  const take2 = f64x2.splat(1 - beta2);
  const epsilons = f64x2.splat(epsilon);
  const epsRoots = f64x2.splat(epsRoot);
  const rate = f64x2.splat(learningRate);
  const bias1 = f64x2.splat(correction1);
  const bias2 = f64x2.splat(correction2);
  const decay = f64x2.splat(weightDecay);
  for (let at: usize = 0, end = (<usize>count) << 2; at < end; at += 8) {
    const p = load(parameters + at);
    const g = f64x2.mul(load(gradient + at), clips);
    const m = f64x2.add(f64x2.mul(keep1, load(first + at)), f64x2.mul(take1, g));
    const v = f64x2.add(f64x2.mul(keep2, load(second + at)), f64x2.mul(f64x2.mul(take2, g), g));
    store(first + at, m);
    store(second + at, v);
    const scale = f64x2.add(f64x2.sqrt(f64x2.add(f64x2.div(v, bias2), epsRoots)), epsilons);
    const pull = decays ? f64x2.mul(decay, p) : f64x2.splat(0);
    const direction = f64x2.add(f64x2.div(f64x2.div(m, bias1), scale), pull);
    store(parameters + at, f64x2.sub(p, f64x2.mul(rate, direction)));
  }
}

/** Two float32 numbers in double precision. */
function load(address: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(address));
}

/** Two numbers as float32. */
function store(address: usize, values: v128): void {
  v128.store64_lane(address, f32x4.demote_f64x2_zero(values), 0);
}
