import { expect, test } from 'vitest';
import { createSseParser, readServerEvents } from './sse.ts';

test('an event is complete at an empty line', () => {
  const parse = createSseParser();
  expect(parse('event: metrics\ndata: {"step":1}\nid: 7\n')).toEqual([]);
  expect(parse('\n')).toEqual([{ event: 'metrics', data: '{"step":1}', id: '7' }]);
});

test('data that arrives in arbitrary pieces is the same as data that arrives at once', () => {
  const text = ': hello\r\nid: 1\r\ndata: a\r\ndata: b\r\n\r\ndata: ü😀\n\ndata\n\n';
  const whole = createSseParser()(text);
  expect(whole.map(({ data }) => data)).toEqual(['a\nb', 'ü😀', '']);
  for (const size of [1, 2, 3, 5]) {
    const parse = createSseParser();
    const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
      parse(text.slice(i * size, (i + 1) * size)),
    );
    expect(pieces.flat()).toEqual(whole);
  }
});

test('comments are heartbeats, not events', () => {
  expect(createSseParser()(': still here\n\n')).toEqual([]);
});

test('one space after the colon is dropped, a second one belongs to the value', () => {
  expect(createSseParser()('data:  x\n\n')[0]?.data).toBe(' x');
});

test('an event that never ends is not given out', async () => {
  const body = new Response('data: 1\n\ndata: 2').body!;
  const events = [];
  for await (const event of readServerEvents(body)) events.push(event.data);
  expect(events).toEqual(['1']);
});

test('a character that is split between two chunks is put together', async () => {
  const bytes = new TextEncoder().encode('data: 😀\n\n');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
      controller.close();
    },
  });
  const events = [];
  for await (const event of readServerEvents(body)) events.push(event.data);
  expect(events).toEqual(['😀']);
});
