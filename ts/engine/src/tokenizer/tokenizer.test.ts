import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tinyTokenizer } from '../../test/tiny-base.ts';
import { SPECIAL_TOKENS, tokenizerJson } from './files.ts';
import { type ChatMessage, createTokenizer } from './tokenizer.ts';
import { trainVocabulary } from './trainer.ts';

describe('The tokenizer', () => {
  const tokenizer = tinyTokenizer();

  it('gives back any text, byte by byte', () => {
    const text = 'The keeper’s 12 lamps — “ünïcødé”, 灯台 and 🍐,\n\ttabs  and  spaces ';
    const ids = tokenizer.encode(text);
    expect(tokenizer.decode(ids)).toBe(text);
    const bytes = ids.flatMap((id) => [...tokenizer.tokenBytes(id)]);
    expect(new TextDecoder().decode(Uint8Array.from(bytes))).toBe(text);
  });

  it('learns the frequent words of its text as single tokens', () => {
    expect(tokenizer.encode(' The').length).toBeLessThanOrEqual(2);
    expect(tokenizer.encode(' the')).toHaveLength(1);
  });

  it('formats a conversation as training does', () => {
    const chat = tokenizer.encodeChat([
      { role: 'user', content: 'Who?' },
      { role: 'assistant', content: 'I.' },
      { role: 'user', content: 'Why?' },
    ]);
    const [user, assistant, end] = ['<|user|>', '<|assistant|>', '<|end|>'].map((token) =>
      tokenizer.special(token),
    );
    const part = (text: string) => tokenizer.encode(text);
    expect(chat).toEqual([
      user,
      ...part('Who?'),
      assistant,
      ...part('I.'),
      end,
      user,
      ...part('Why?'),
      assistant,
    ]);
  });

  it('leaves special tokens out of decoded text', () => {
    expect(tokenizer.decode([tokenizer.special('<|user|>'), ...tokenizer.encode('pears')])).toBe('pears');
    expect(tokenizer.isSpecial(tokenizer.special('<|end|>'))).toBe(true);
    expect(() => tokenizer.special('<|nobody|>')).toThrow('no special token');
  });

  it('keeps the ids of digits, which JavaScript moves to the front of an object', () => {
    const vocabulary = trainVocabulary(['7 8 9'], 260, SPECIAL_TOKENS);
    const seven = vocabulary.tokens.indexOf('7');
    const json = tokenizerJson(vocabulary) as { model: { vocab: Record<string, number> } };
    expect(json.model.vocab['7']).toBe(seven);
    expect(tokenizer.tokenBytes(tokenizer.encode('7')[0])).toEqual(Uint8Array.of(0x37));
  });
});

describe('The vocabulary trainer', () => {
  it('gives the same vocabulary for the same text, and merges the most frequent pair first', () => {
    const texts = ['low lower lowest', 'low low'];
    const first = trainVocabulary(texts, 270, SPECIAL_TOKENS);
    expect(trainVocabulary(texts, 270, SPECIAL_TOKENS)).toEqual(first);
    expect(first.merges[0]).toEqual(['l', 'o']);
    expect(first.tokens).toHaveLength(new Set(first.tokens).size);
  });

  it('stops when no pair occurs twice', () => {
    expect(trainVocabulary(['ab'], 1000, []).merges).toEqual([]);
  });
});

type Expected = {
  texts: { text: string; ids: number[]; withSpecials: number[]; decoded: string }[];
  chats: { messages: ChatMessage[]; text: string; ids: number[] }[];
};

/** Values that Hugging Face's tokenizers and transformers gave; see golden/make_tokenizers.py. */
describe.each(['base', 'llama3', 'llama2', 'qwen2'])('The %s tokenizer, beside Hugging Face’s', (name) => {
  const golden = new URL(`../../golden/tokenizers/${name}/`, import.meta.url);
  const folder = name === 'base' ? new URL('../../../models/base/', import.meta.url) : golden;
  const read = (url: URL): unknown => JSON.parse(readFileSync(url, 'utf8'));
  const config = read(new URL('tokenizer_config.json', folder)) as Record<string, unknown>;
  const tokenizer = createTokenizer(read(new URL('tokenizer.json', folder)), config);
  const { texts, chats } = read(new URL('expected.json', golden)) as Expected;

  it('gives the same ids for text in many languages', () => {
    for (const { text, ids, withSpecials } of texts) {
      expect(tokenizer.encode(text), text).toEqual(ids);
      expect(tokenizer.encode(text, { specialTokens: true }), text).toEqual(withSpecials);
    }
  });

  it('gives the same text for ids', () => {
    for (const { ids, decoded } of texts) expect(tokenizer.decode(ids)).toBe(decoded);
  });

  it('formats the same conversations', () => {
    for (const { messages, text, ids } of chats) {
      expect(tokenizer.formatChat(messages)).toBe(text);
      expect(tokenizer.encodeChat(messages)).toEqual(ids);
    }
  });
});

describe('A tokenizer.json', () => {
  it('is refused when it is of another kind than BPE', () => {
    expect(() => createTokenizer({ model: { type: 'Unigram', vocab: [] } }, {})).toThrow('only BPE');
  });

  it('without a chat template formats no conversation', () => {
    const json = tokenizerJson(trainVocabulary(['ab'], 262, SPECIAL_TOKENS));
    const tokenizer = createTokenizer(json, { tokenizer_class: 'PreTrainedTokenizerFast' });
    expect(() => tokenizer.encodeChat([{ role: 'user', content: 'a' }])).toThrow('no chat template');
  });
});
