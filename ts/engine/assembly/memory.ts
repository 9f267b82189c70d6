// Arrays of numbers in raw memory.

export function at(array: usize, i: i32): i32 {
  return load<i32>(array + ((<usize>i) << 2));
}

export function put(array: usize, i: i32, value: i32): void {
  store<i32>(array + ((<usize>i) << 2), value);
}

/** A symbol of a text of T. */
export function symbolAt<T>(text: usize, i: i32): i32 {
  return <i32>load<T>(text + <usize>i * sizeof<T>());
}
