/** A token with the part of the answer's text that it adds. */
export type TextToken<Token> = { readonly token: Token; readonly text: string };

/** Lets tokens through once it is sure that their text is before the first stop string. */
export type StopFilter<Token> = {
  /** Takes a token; gives the ones that are sure now. `ended`: a stop string is complete, and nothing comes after. */
  push(token: Token, text: string): { ready: TextToken<Token>[]; ended: boolean };
  /** What was held back when the answer ends by itself. */
  flush(): TextToken<Token>[];
};

/**
 * Cuts an answer before its first stop string, which may begin in one token and end in another. Tokens that may belong
 * to one wait until that is known.
 */
export function createStopFilter<Token>(stop: readonly string[]): StopFilter<Token> {
  let held: TextToken<Token>[] = [];

  function release(): TextToken<Token>[] {
    const all = held;
    held = [];
    return all;
  }

  return {
    push(token, text) {
      held.push({ token, text });
      const waiting = held.map((one) => one.text).join('');
      const end = firstStop(waiting, stop);
      if (end !== undefined) return { ready: cutAt(release(), end), ended: true };
      const sure = waiting.length - longestStart(waiting, stop);
      const ready: TextToken<Token>[] = [];
      for (let length = 0; held.length > 0 && length + held[0]!.text.length <= sure; ) {
        length += held[0]!.text.length;
        ready.push(held.shift()!);
      }
      return { ready, ended: false };
    },
    flush: release,
  };
}

/** Where the earliest stop string begins. */
function firstStop(text: string, stop: readonly string[]): number | undefined {
  const places = stop.map((word) => text.indexOf(word)).filter((place) => place >= 0);
  return places.length === 0 ? undefined : Math.min(...places);
}

/** How much of the text's end is the start of a stop string. */
function longestStart(text: string, stop: readonly string[]): number {
  const lengths = stop.map((word) => {
    for (let length = Math.min(word.length - 1, text.length); length > 0; length -= 1) {
      if (text.endsWith(word.slice(0, length))) return length;
    }
    return 0;
  });
  return Math.max(0, ...lengths);
}

/** The same tokens with the first `length` characters of their text. */
function cutAt<Token>(tokens: readonly TextToken<Token>[], length: number): TextToken<Token>[] {
  let left = length;
  return tokens.map(({ token, text }) => {
    const kept = text.slice(0, left);
    left -= kept.length;
    return { token, text: kept };
  });
}
