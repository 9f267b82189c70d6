/** Journal entries are JSON; a bigint is written as `{"$n":"123"}` and bytes as `{"$b":"<base64>"}`. */
export function stringifyRecord(value: unknown): string {
  // A function, not an arrow: `this[key]` is the value before Buffer's own toJSON has turned it into numbers.
  return JSON.stringify(value, function (this: Record<string, unknown>, key, item: unknown) {
    const original = this[key];
    if (typeof original === 'bigint') return { $n: original.toString() };
    if (original instanceof Uint8Array) return { $b: Buffer.from(original).toString('base64') };
    return item;
  });
}

/** Reads what `stringifyRecord` wrote. */
export function parseRecord(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null) return item;
    if ('$n' in item && typeof item.$n === 'string') return BigInt(item.$n);
    if ('$b' in item && typeof item.$b === 'string') return new Uint8Array(Buffer.from(item.$b, 'base64'));
    return item;
  });
}
