import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

export type HttpRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};
export type HttpResponse = { readonly status: number; readonly text: string };

/** Sends a request and reads the whole answer. */
export type Send = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * Sends through Node's own client. `fetch` will not do for Ray: it always adds `sec-fetch-mode`, by which Ray takes
 * it for a browser and answers "405 'POST' method not allowed for browser traffic".
 */
export const sendHttp: Send = ({ method, url, headers, body }) =>
  new Promise((resolve, reject) => {
    const open = new URL(url).protocol === 'https:' ? requestHttps : requestHttp;
    const request = open(url, { method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
