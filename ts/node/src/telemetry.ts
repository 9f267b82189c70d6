import { type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EngineStatus } from './models/types.ts';

/** Follows one call from its request to its end. */
export type CallTrace = {
  /** The first text went out. */
  firstText(): void;
  /** The receipt is on the disk. */
  done(receipt: { tokensIn: number; tokensOut: number; fee: bigint }, finish: string): void;
  /** The call failed; `code` is an error's code, never its text. */
  failed(code: string): void;
};

export type Telemetry = {
  /** @param since - when the request came, on the clock of `performance.now()` */
  call(model: string, since: number, operation?: 'chat' | 'text_completion' | 'embeddings'): CallTrace;
  /** A request that was refused before anything was generated. */
  refused(code: string): void;
  /** All metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  contentType: string;
};

export type TelemetrySources = {
  engine?(): EngineStatus;
  /** Receipts that wait for their attribution. */
  unattributed?(): number;
};

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/**
 * What operators measure: Prometheus metrics, and OpenTelemetry spans for whoever registers an SDK
 * (`node --import …`). Names follow the generative-AI conventions of OpenTelemetry. Neither has prompts or answers.
 */
export function createTelemetry(sources: TelemetrySources = {}): Telemetry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const model = ['gen_ai_request_model'] as const;
  const duration = new Histogram({
    name: 'gen_ai_server_request_duration_seconds',
    help: 'From the request to the last chunk',
    labelNames: [...model, 'error_type'],
    buckets: SECONDS,
    registers,
  });
  const firstToken = new Histogram({
    name: 'gen_ai_server_time_to_first_token_seconds',
    help: 'From the request to the first text',
    labelNames: [...model],
    buckets: SECONDS,
    registers,
  });
  const tokens = new Counter({
    name: 'gen_ai_tokens_total',
    help: 'Tokens that receipts were issued for',
    labelNames: [...model, 'gen_ai_token_type'],
    registers,
  });
  const fees = new Counter({
    name: 'openledger_fees_open_total',
    help: 'Fees of issued receipts, in OPEN',
    labelNames: [...model],
    registers,
  });
  const refusals = new Counter({
    name: 'openledger_refused_requests_total',
    help: 'Requests refused before anything was generated',
    labelNames: ['code'],
    registers,
  });
  gauge('openledger_active_requests', 'Requests answered or waiting', () => sources.engine?.().active);
  gauge('openledger_resident_adapters', 'Adapters in memory', () => sources.engine?.().adapters);
  gauge('openledger_resident_adapter_bytes', 'Memory of adapters', () => sources.engine?.().adapterBytes);
  gauge('openledger_unattributed_receipts', 'Receipts without attribution', () => sources.unattributed?.());

  function gauge(name: string, help: string, read: () => number | undefined): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read() ?? 0);
      },
    });
  }

  return {
    contentType: registry.contentType,
    metrics: () => registry.metrics(),
    refused: (code) => refusals.inc({ code }),
    call(name, since, operation = 'chat') {
      const seconds = () => (performance.now() - since) / 1000;
      const labels = { gen_ai_request_model: name };
      const span: Span = trace.getTracer('openledger-node').startSpan(`${operation} ${name}`, {
        attributes: { 'gen_ai.operation.name': operation, 'gen_ai.request.model': name },
      });
      let heard = false;
      return {
        firstText() {
          if (heard) return;
          heard = true;
          firstToken.observe(labels, seconds());
          span.addEvent('first token');
        },
        done({ tokensIn, tokensOut, fee }, finish) {
          duration.observe({ ...labels, error_type: '' }, seconds());
          tokens.inc({ ...labels, gen_ai_token_type: 'input' }, tokensIn);
          tokens.inc({ ...labels, gen_ai_token_type: 'output' }, tokensOut);
          fees.inc(labels, Number(fee / 10n ** 9n) / 1e9);
          span.setAttributes({
            'gen_ai.usage.input_tokens': tokensIn,
            'gen_ai.usage.output_tokens': tokensOut,
            'gen_ai.response.finish_reasons': [finish],
          });
          span.end();
        },
        failed(code) {
          duration.observe({ ...labels, error_type: code }, seconds());
          span.setStatus({ code: SpanStatusCode.ERROR });
          span.setAttribute('error.type', code);
          span.end();
        },
      };
    },
  };
}
