import { canonicalJson } from './store.ts';

/**
 * The request of a receipt: the JSON body in RFC 8785 form, before rows are added. Of the payment block only the retrieval that
 * was asked for belongs to it.
 */
export function requestText({ openledger, ...body }: { openledger?: unknown }): string {
  const retrieval = (openledger as { retrieval?: unknown } | null | undefined)?.retrieval;
  return canonicalJson(retrieval === undefined ? body : { ...body, openledger: { retrieval } });
}
