/** Texts that are held to be one; `first` came first. Numbers are places in the list of texts. */
export type Cluster<M> = { readonly first: number; readonly others: readonly M[] };

/** Disjoint sets of numbers, each named by its smallest member. */
export class DisjointSets {
  readonly #parent: Int32Array;

  constructor(size: number) {
    this.#parent = Int32Array.from({ length: size }, (_, i) => i);
  }

  /** The smallest member of the set that holds `member`. */
  find(member: number): number {
    let root = member;
    while (this.#parent[root] !== root) root = this.#parent[root];
    for (let at = member; at !== root; ) {
      const next = this.#parent[at];
      this.#parent[at] = root;
      at = next;
    }
    return root;
  }

  unite(a: number, b: number): void {
    const [low, high] = [this.find(a), this.find(b)].sort((x, y) => x - y);
    this.#parent[high] = low;
  }

  /** The sets of two or more, ascending, as is every set. */
  groups(): number[][] {
    const groups = new Map<number, number[]>();
    for (let member = 0; member < this.#parent.length; member += 1) {
      const root = this.find(member);
      const group = groups.get(root);
      if (group === undefined) groups.set(root, [member]);
      else group.push(member);
    }
    return [...groups.values()].filter((group) => group.length > 1);
  }
}
