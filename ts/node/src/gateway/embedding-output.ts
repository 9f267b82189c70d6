/** A vector's float32 numbers, little-endian, in base64: what OpenAI calls `encoding_format: "base64"`. */
export function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, 4 * index);
  return bytes.toString('base64');
}
