/** A match between an answer and a contribution; offsets and length in bytes of the UTF-8 text. */
export type ByteSpan = { asset: number; outOff: number; srcOff: number; len: number };

/** A stretch of text that the same spans cover. `spans` are indices into the list that was given. */
export type Segment = { start: number; end: number; text: string; spans: number[] };

/**
 * Cuts a text where spans begin and end. Offsets come from the attribution in bytes, so that nothing has to be
 * searched for again; one that falls inside a character is moved outwards to the character's edge, because half
 * a character cannot be shown. The segments joined are the text, whatever the spans are.
 */
export function cutAtSpans(text: string, spans: readonly Pick<ByteSpan, 'outOff' | 'len'>[]): Segment[] {
  const places = byteOffsets(text);
  const ranges = spans.map(({ outOff, len }) => ({
    start: floorIndex(places, outOff),
    end: len > 0 ? ceilIndex(places, outOff + len) : floorIndex(places, outOff),
  }));
  const cuts = new Set([0, text.length]);
  for (const { start, end } of ranges) {
    if (end > start) cuts.add(start).add(end);
  }
  const sorted = [...cuts].sort((a, b) => a - b);
  return sorted.slice(0, -1).map((start, index) => {
    const end = sorted[index + 1]!;
    return {
      start,
      end,
      text: text.slice(start, end),
      spans: ranges.flatMap((range, span) => (range.start <= start && range.end >= end ? [span] : [])),
    };
  });
}

/** Bytes of the text that at least one span covers, over all bytes. */
export function coverage(text: string, spans: readonly Pick<ByteSpan, 'outOff' | 'len'>[]): number {
  const total = new TextEncoder().encode(text).length;
  if (total === 0) return 0;
  let covered = 0;
  let end = 0;
  const sorted = spans.map(({ outOff, len }) => [outOff, Math.min(total, outOff + len)] as const);
  for (const [from, to] of sorted.toSorted((a, b) => a[0] - b[0])) {
    covered += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return covered / total;
}

/** For each character: its index in the string and its offset in bytes, and the same for the end. */
type Place = { index: number; byte: number };

function byteOffsets(text: string): Place[] {
  const places: Place[] = [];
  let index = 0;
  let byte = 0;
  for (const character of text) {
    places.push({ index, byte });
    index += character.length;
    byte += utf8Length(character.codePointAt(0)!);
  }
  places.push({ index, byte });
  return places;
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** Index of the last character that begins at or before a byte. */
function floorIndex(places: readonly Place[], byte: number): number {
  let found = 0;
  for (const place of places) {
    if (place.byte > byte) break;
    found = place.index;
  }
  return found;
}

/** Index of the first character that begins at or after a byte. */
function ceilIndex(places: readonly Place[], byte: number): number {
  return places.find((place) => place.byte >= byte)?.index ?? places.at(-1)!.index;
}
