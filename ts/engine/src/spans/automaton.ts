/**
 * The suffix automaton of a sequence of small numbers (Blumer et al., 1985): reads another sequence and knows after
 * each of its numbers the longest run of the first sequence that ends there, and where that run first is.
 */
export type Automaton = {
  /** Begins a sequence. */
  reset(): void;
  /** Reads one number; it must be less than `size`. */
  read(symbol: number): void;
  /** Numbers that match, counted back from the last one read; at most the limit. */
  readonly length: number;
  /** Place in the first sequence after the first such run. */
  readonly end: number;
};

const NONE = -1;

/** @param size One more than the largest number. */
export function automatonOf(sequence: Int32Array, size: number, limit: number): Automaton {
  const states = createStates(sequence, size);
  let state = 0;
  let length = 0;
  return {
    reset: () => {
      state = 0;
      length = 0;
    },
    read: (symbol) => {
      let next = states.follow(state, symbol);
      while (next === NONE && state !== 0) {
        state = states.links[state];
        length = states.lengths[state];
        next = states.follow(state, symbol);
      }
      if (next === NONE) return;
      state = next;
      length += 1;
      if (length > limit) length = limit;
      while (state !== 0 && states.lengths[states.links[state]] >= length) state = states.links[state];
    },
    get length() {
      return length;
    },
    get end() {
      return states.firstEnds[state];
    },
  };
}

type States = {
  readonly lengths: Int32Array;
  readonly links: Int32Array;
  readonly firstEnds: Int32Array;
  follow(state: number, symbol: number): number;
};

/** States and their edges; those of the first state, which has one per number, in a table, the others in lists. */
function createStates(sequence: Int32Array, size: number): States {
  const most = 2 * sequence.length + 2;
  const lengths = new Int32Array(most);
  const links = new Int32Array(most);
  const firstEnds = new Int32Array(most);
  const roots = new Int32Array(size).fill(NONE);
  const heads = new Int32Array(most).fill(NONE);
  const edges = { symbol: [] as number[], to: [] as number[], next: [] as number[] };

  function edgeOf(state: number, symbol: number): number {
    let edge = heads[state];
    while (edge !== NONE && edges.symbol[edge] !== symbol) edge = edges.next[edge];
    return edge;
  }
  function follow(state: number, symbol: number): number {
    if (state === 0) return roots[symbol];
    const edge = edgeOf(state, symbol);
    return edge === NONE ? NONE : edges.to[edge];
  }
  function set(state: number, symbol: number, to: number): void {
    const edge = state === 0 ? NONE : edgeOf(state, symbol);
    if (state === 0) roots[symbol] = to;
    else if (edge !== NONE) edges.to[edge] = to;
    else add(state, symbol, to);
  }
  function add(state: number, symbol: number, to: number): void {
    edges.to.push(to);
    edges.next.push(heads[state]);
    heads[state] = edges.symbol.push(symbol) - 1;
  }
  function split(state: number, length: number): number {
    const copy = count++;
    lengths[copy] = length;
    links[copy] = links[state];
    firstEnds[copy] = firstEnds[state];
    for (let edge = heads[state]; edge !== NONE; edge = edges.next[edge]) {
      add(copy, edges.symbol[edge], edges.to[edge]);
    }
    links[state] = copy;
    return copy;
  }

  let count = 1;
  let last = 0;
  links[0] = NONE;
  for (let i = 0; i < sequence.length; i += 1) {
    const symbol = sequence[i];
    const state = count++;
    lengths[state] = i + 1;
    firstEnds[state] = i + 1;
    let from = last;
    while (from !== NONE && follow(from, symbol) === NONE) {
      set(from, symbol, state);
      from = links[from];
    }
    if (from !== NONE) {
      const next = follow(from, symbol);
      const fits = lengths[next] === lengths[from] + 1;
      const link = fits ? next : split(next, lengths[from] + 1);
      for (; !fits && from !== NONE && follow(from, symbol) === next; from = links[from])
        set(from, symbol, link);
      links[state] = link;
    }
    last = state;
  }
  links[0] = 0;
  return { lengths, links, firstEnds, follow };
}
