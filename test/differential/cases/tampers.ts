/** Ways to falsify an honest claim, one for everything that a prover could get wrong or lie about. */
import type { Hex } from 'viem';
import * as claimTrees from '../naive/claim-trees.ts';
import * as claims from '../naive/claims.ts';
import * as evidence from '../naive/evidence.ts';
import * as naive from '../naive/hashes.ts';
import type { Rng } from '../rng.ts';

const GWEI = 10n ** 9n;

/** Ways to falsify a claim; undefined where it has no place for one. Everything above is computed again. */
type Tamper = (x: claims.Draft, random: Rng) => boolean | undefined;

const listed = (x: claims.Draft, random: Rng, least = 1) => {
  const all = x.attributions.filter((a) => a && a.items.length >= least) as claims.Attribution[];
  return all.length === 0 ? undefined : random.pick(all);
};
const paying = (x: claims.Draft, random: Rng) => {
  const all = [...x.payouts.values()].filter(({ seq, delta }) => seq === x.claim.seq && delta > 1n);
  return all.length < 2 ? undefined : random.pick(all);
};
const items =
  (change: (a: claims.Attribution, random: Rng) => void, least = 1): Tamper =>
  (x, random) => {
    const a = listed(x, random, least);
    if (!a) return;
    change(a, random);
    claims.pay(x);
    return true;
  };
const rehash = (x: claims.Draft) =>
  x.receipts.forEach((r, i) => {
    const a = x.attributions[i];
    if (a) [a.receiptHash, a.fee, a.modelId] = [naive.receiptHash(r), r.fee, r.modelId];
  });
const voucher = (x: claims.Draft, random: Rng) => random.pick(random.pick(x.batches));

export const TAMPERS: Record<string, Tamper> = {
  'an amount moved': items((a, random) => {
    const from = a.items.find(({ amount }) => amount > 0n)!;
    const to =
      a.items.find((item) => item !== from && item.amount > 0n) ?? a.items.find((item) => item !== from)!;
    const by = 1n + random.bigint(from.amount);
    [from.amount, to.amount] = [from.amount - by, to.amount + by];
  }, 2),
  'items in another order': items((a) => void a.items.reverse(), 2),
  'an item left out': items((a, random) => void a.items.splice(random.int(a.items.length), 1)),
  'an item twice': items((a) => void a.items.unshift(structuredClone(a.items[0]!))),
  'another asset': items((a, random) => {
    random.pick(a.items).asset = 13;
  }),
  'an asset without sketch': items((a) => {
    a.items[0]!.asset = 3;
  }),
  'evidence where there is none': items((a, random) => {
    random.pick(a.items).evidence = `0x${'00'.repeat(13)}01`;
  }),
  'a score one higher': items((a, random) => {
    random.pick(a.items).score += 1n;
  }),
  'the greatest score': items((a) => {
    a.items[0]!.score = 2n ** 63n - 1n;
  }),
  'a negative score': items((a) => {
    a.items[0]!.score = -1n;
  }),
  'another kind': items((a, random) => {
    random.pick(a.items).kind = random.int(8);
  }),
  'the greatest amount': items((a) => {
    a.items[0]!.amount = 2n ** 70n;
  }),
  'another receipt in the header': items((a, random) => {
    a.receiptHash = random.hash();
  }),
  'another model in the header': items((a) => {
    a.modelId += 1;
  }),
  'another fee in the header': items((a) => {
    a.fee += GWEI;
  }),
  'another query hash': items((a, random) => {
    a.queryHash = random.hash();
  }),
  'no query hash': items((a) => {
    a.queryHash = claims.ZERO;
  }),
  'no attribution': (x, random) => {
    x.attributions[random.int(x.attributions.length)] = undefined;
    claims.pay(x);
    return true;
  },
  'no attribution, credits as they were': (x, random) => {
    x.attributions[random.int(x.attributions.length)] = undefined;
    return true;
  },
  'a credit index too many': (x, random) => !!listed(x, random)?.creditIndex.push(0),
  'another credit index': (x, random) => {
    const a = listed(x, random);
    if (a) a.creditIndex[0] = random.pick([0, 1, 7, 2 ** 31, claims.NO_CREDIT]);
    return !!a;
  },
  'a credit one less': credit((list, i) => {
    list[i]!.amount -= 1n;
  }),
  'a credit of another item': credit((list, i) => {
    list[i]!.item += 1;
  }),
  'a credit of an item that is not there': credit((list, i) => {
    list[i]!.item = 255;
  }),
  'a credit of another receipt': credit((list, i) => {
    list[i]!.receiptNumber += 1;
  }),
  'a credit of a receipt outside': credit((list, i) => {
    list[i]!.receiptNumber = 2 ** 40 - 1;
  }),
  'a credit for nothing': credit((list) => void list.push({ ...list[0]!, amount: 1n })),
  'credits in another order': credit((list) => void list.reverse()),
  'a delta too high': payout((p) => {
    p.delta += 1n;
  }),
  'a payout of another claim': payout((p) => {
    p.seq += 1;
  }),
  'a payout of the parent': payout((p) => {
    p.seq = 0;
  }),
  'more for one, less for another': payout((p, x) => {
    const other = [...x.payouts.values()].find((one) => one !== p)!;
    p.cumulative += 1n;
    other.cumulative -= 1n;
    x.recorded.set(other.asset, other.cumulative);
  }),
  'a payout at another place': (x, random) => {
    const p = paying(x, random);
    const free = [...Array(2 ** claims.PAYOUTS_DEPTH).keys()].find((position) => !x.payouts.has(position));
    if (!p || free === undefined) return;
    x.payouts.delete(p.asset);
    x.payouts.set(free, p);
    x.recorded.set(free, p.cumulative);
    return true;
  },
  'a payout taken away': (x, random) => {
    const p = paying(x, random);
    const other = [...x.payouts.values()].find((one) => one !== p);
    if (!p || !other) return;
    x.payouts.delete(p.asset);
    other.cumulative += p.cumulative;
    x.recorded.set(other.asset, other.cumulative);
    return true;
  },
  'recorded sums of payouts': (x, random) => {
    const p = paying(x, random);
    if (!p) return;
    const height = random.int(claims.PAYOUTS_DEPTH);
    x.payoutsShift = { height, index: p.asset >> height, by: -1n };
    return true;
  },
  'recorded sums of credits': (x, random) => {
    const p = [...x.payouts.values()].find((one) => one.seq === x.claim.seq && one.depth > 0);
    if (!p) return;
    x.creditsShift = { asset: p.asset, shift: { height: random.int(p.depth), index: 0, by: -1n } };
    p.hash = claimTrees.creditNodes(x, p.asset).root.hash;
    return true;
  },
  'recorded sums of receipts': (x, random) => {
    const v = x.batches.flat().find(({ receipts }) => receipts.length > 1 && receipts[0]!.fee > 0n);
    if (v) v.shift = { height: random.int(Math.ceil(Math.log2(v.count))), index: 0, by: -GWEI };
    return !!v;
  },
  'a receipt at another place': receipt((r) => {
    r.position += 1;
  }),
  'a receipt of another channel': receipt((r, random) => {
    r.channelId = random.hash();
  }),
  'a receipt of another epoch': receipt((r) => {
    r.epoch += 1;
  }),
  'a fee that is not whole gwei': receipt((r) => {
    r.fee += 1n;
  }),
  'flags that contradict': receipt((r) => {
    r.flags = 3;
  }),
  'a model that does not exist': receipt((r) => {
    r.modelId = 99;
  }),
  'a receipt fewer than counted': (x, random) => {
    voucher(x, random).count += 1;
    return true;
  },
  'a span that starts elsewhere in the content': span((s) => {
    s[1] += 1;
  }),
  'a span that starts elsewhere in the answer': span((s, random) => {
    s[0] = random.int(20);
  }),
  'a span one byte longer': span((s) => {
    s[2] += 1;
  }),
  'a span too short': span((s) => {
    s[2] = 63;
  }),
  'a span too long': span((s) => {
    s[2] = 513;
  }),
  'the longest span, anywhere': span((s) => {
    s[2] = 512;
  }),
  'a span past the answer': span((s) => {
    s[0] = 2 ** 32 - 1;
  }),
  'a span past the content': span((s) => {
    s[1] = 2 ** 40 - 1;
  }),
  'a shorter span': span((s) => {
    s[2] = Math.max(64, s[2] - 1);
  }),
  'a length that is not the score': kind(1, (item) => {
    item.score += 1n;
  }),
  'a span of another asset': kind(1, (item, random) => {
    item.asset = random.pick([4, 48, 52, 4000]);
  }),
  'a span twice': items((a) => {
    const k = a.items.findIndex((item) => item.kind === 1);
    if (k >= 0) a.items.splice(k, 0, structuredClone(a.items[k]!));
  }),
  'no spans': without(1),
  'no influence': without(0),
  'no retrieval': without(2),
  'the best span left out': items((a) => {
    const k = a.items.findIndex((item) => item.kind === 1);
    if (k >= 0) a.items.splice(k, 1);
  }),
  'the best influence left out': items((a) => void a.items.shift()),
  'another row': kind(2, (item) => {
    item.evidence = `0x00000009${item.evidence.slice(10)}`;
  }),
  'another place in the context': kind(2, (item, random) => {
    const place = random.pick(['0000', '0001', '0007', '0010', 'ffff']);
    item.evidence = `${item.evidence.slice(0, 10)}${place}${'0'.repeat(16)}` as Hex;
  }),
  'a retrieval of another asset': kind(2, (item) => {
    item.asset += 4;
  }),
  'a retrieval of nothing that was submitted': kind(2, (item) => {
    item.asset = 4000;
  }),
  'a retrieval with another score': kind(2, (item) => {
    item.score += 1n;
  }),
  'the other row of an asset': context((rows) => {
    // The better one comes second, and is not listed.
    const first = rows[0]!;
    rows.push({ ...first, score: first.score + 1n });
  }),
  'a row in the context that was never submitted': context((rows, random) => {
    for (const row of rows) row.bytesHash = random.hash();
  }),
  'a row in the context that is past the last': context((rows, _, a) => {
    for (const [position, row] of rows.entries()) {
      row.row = 77;
      for (const item of a.items) {
        if (item.kind === 2 && item.asset === row.asset)
          item.evidence = evidence.retrievalEvidence(77, position);
      }
    }
  }),
  'a context of assets that are none': context((rows, _, a) => {
    for (const item of a.items) if (item.kind === 2) item.asset += 1;
    for (const row of rows) row.asset += 1;
  }),
  'a context that is not there': (x, random) => {
    const r = retrieving(x, random);
    if (r === undefined) return;
    x.answers[r]!.context = [];
    x.receipts[r]!.contextRoot = claims.ZERO;
    rehash(x);
    return true;
  },
  'a proposer that is not the node': (x) => {
    x.claim.proposer += 1;
    return true;
  },
};

/** Changes an item of one kind in a receipt that has one. */
function kind(which: number, change: (item: naive.I, random: Rng) => void): Tamper {
  return (x, random) => {
    const all = x.attributions.flatMap((a) => a?.items.filter((item) => item.kind === which) ?? []);
    if (all.length === 0) return;
    change(random.pick(all), random);
    claims.pay(x);
    return true;
  };
}

/** Changes where a span is: its place in the answer, in the content, its length, which is its score. */
function span(change: (place: [number, number, number], random: Rng) => void): Tamper {
  return kind(1, (item, random) => {
    const at = (from: number, to: number) => Number(`0x${item.evidence.slice(2 + 2 * from, 2 + 2 * to)}`);
    const place: [number, number, number] = [at(0, 4), at(4, 9), at(9, 11)];
    change(place, random);
    item.evidence = naive.spanEvidence(...place);
    item.score = BigInt(place[2]);
  });
}

function without(which: number): Tamper {
  return (x, random) => {
    const all = x.attributions.filter((a) => a?.items.some((item) => item.kind === which));
    if (all.length === 0) return;
    const a = random.pick(all)!;
    a.items = a.items.filter((item) => item.kind !== which);
    claims.pay(x);
    return true;
  };
}

const retrieving = (x: claims.Draft, random: Rng): number | undefined => {
  const all = [...x.receipts.keys()].filter((r) => x.attributions[r]?.items.some((item) => item.kind === 2));
  return all.length === 0 ? undefined : random.pick(all);
};

/** Changes the retrieved rows of a receipt that pays for some; its attribution names the receipt as it then is. */
function context(change: (rows: evidence.ContextRow[], random: Rng, a: claims.Attribution) => void): Tamper {
  return (x, random) => {
    const r = retrieving(x, random);
    if (r === undefined) return;
    change(x.answers[r]!.context, random, x.attributions[r]!);
    x.receipts[r]!.contextRoot = evidence.contextRoot(x.answers[r]!.context);
    rehash(x);
    claims.pay(x);
    return true;
  };
}

function credit(change: (list: claims.Credit[], i: number) => void): Tamper {
  return (x, random) => {
    const p = paying(x, random);
    if (!p) return;
    const list = x.credits.get(p.asset)!.map((one) => ({ ...one }));
    change(list, random.int(list.length));
    if (list.some(({ amount }) => amount <= 0n)) return;
    x.credits.set(p.asset, list);
    const nodes = claimTrees.creditNodes(x, p.asset);
    [p.hash, p.depth, p.delta] = [nodes.root.hash, nodes.depth, nodes.root.sum];
    return true;
  };
}

function payout(change: (p: claims.Payout, x: claims.Draft) => void): Tamper {
  return (x, random) => {
    const p = paying(x, random);
    if (!p) return;
    change(p, x);
    x.recorded.set(p.asset, p.cumulative);
    return true;
  };
}

function receipt(change: (r: naive.R, random: Rng) => void): Tamper {
  return (x, random) => {
    const v = voucher(x, random);
    change(random.pick(v.receipts), random);
    v.fee = v.receipts.reduce((sum, r) => sum + r.fee, 0n);
    rehash(x);
    return true;
  };
}
