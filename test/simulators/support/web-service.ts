import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildBundle, passJson, type BundleChanges } from './bundle.js';
import type { TestCertificates } from './certificates.js';

/** What the web service does differently from a right one; each setting breaks one thing. */
export interface Misbehaviour {
  registerStatus?: number;
  unregisterStatus?: number;
  listStatus?: number;
  fetchStatus?: number;
  logStatus?: number;
  lastUpdated?: (sequence: number) => unknown;
  serialNumbers?: (serials: string[]) => unknown;
  listText?: string;
  ignoreIfModifiedSince?: boolean;
  withoutLastModified?: boolean;
  contentType?: string;
  bytes?: Buffer;
}

/** A right PassKit web service in miniature, for several passes, that misbehaves when asked to. */
export async function startWebService(certificates: TestCertificates) {
  const misbehave: Misbehaviour = {};
  const calls: { method: string; path: string; headers: Record<string, unknown>; body: string }[] = [];
  const logs: string[] = [];
  const registrations = new Map<string, string>();
  const passes = new Map<string, { bytes: Buffer; sequence: number; lastModified: string }>();
  let sequence = 0;
  let held: Promise<void> | undefined;

  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString('utf8');
      const url = new URL(request.url ?? '/', 'http://localhost');
      const method = request.method ?? '';
      calls.push({ method, path: url.pathname.replace('/apple/v1', '') + url.search, headers: request.headers, body });
      const answer = (status: number, headers: Record<string, string> = {}, data: Buffer | string = ''): void =>
        void response.writeHead(status, headers).end(data);
      const [, kind, , , , serial = ''] = url.pathname.replace('/apple/v1', '').split('/');
      if (kind === 'log') {
        logs.push(...(JSON.parse(body) as { logs: string[] }).logs);
        return answer(misbehave.logStatus ?? 200);
      }
      if (kind === 'devices' && method === 'POST') {
        const known = registrations.has(serial);
        if (misbehave.registerStatus === undefined)
          registrations.set(serial, (JSON.parse(body) as { pushToken: string }).pushToken);
        return answer(misbehave.registerStatus ?? (known ? 200 : 201));
      }
      if (kind === 'devices' && method === 'DELETE') {
        registrations.delete(serial);
        return answer(misbehave.unregisterStatus ?? 200);
      }
      if (kind === 'devices') {
        if (held !== undefined) await held;
        if (misbehave.listStatus !== undefined) return answer(misbehave.listStatus);
        if (misbehave.listText !== undefined) return answer(200, {}, misbehave.listText);
        const since = Number(url.searchParams.get('passesUpdatedSince') ?? -1);
        const changed = [...registrations.keys()].filter((one) => (passes.get(one)?.sequence ?? -1) > since);
        if (changed.length === 0) return answer(204);
        const list = {
          serialNumbers: misbehave.serialNumbers?.(changed) ?? changed,
          lastUpdated: misbehave.lastUpdated === undefined ? String(sequence) : misbehave.lastUpdated(sequence),
        };
        return answer(200, { 'content-type': 'application/json' }, JSON.stringify(list));
      }
      const pass = passes.get(url.pathname.split('/').at(-1) ?? '');
      if (misbehave.fetchStatus !== undefined) return answer(misbehave.fetchStatus);
      if (pass === undefined) return answer(401);
      if (request.headers['if-modified-since'] === pass.lastModified && !misbehave.ignoreIfModifiedSince)
        return answer(304);
      return answer(
        200,
        {
          'content-type': misbehave.contentType ?? 'application/vnd.apple.pkpass',
          ...(misbehave.withoutLastModified ? {} : { 'last-modified': pass.lastModified }),
        },
        misbehave.bytes ?? pass.bytes,
      );
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const webServiceURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/apple`;

  return {
    webServiceURL,
    misbehave,
    calls,
    logs,
    registrations,
    /** Publishes a new state of a pass and returns its bundle; the service would push now. */
    publish(changes: BundleChanges = {}): Buffer {
      const json = { ...(changes.json ?? passJson()), webServiceURL };
      sequence += 1;
      const bytes = buildBundle(certificates, { ...changes, json });
      const lastModified = new Date(Date.UTC(2026, 0, 1, 0, 0, sequence)).toUTCString();
      passes.set(String((json as { serialNumber?: string }).serialNumber), { bytes, sequence, lastModified });
      return bytes;
    },
    /** Counts a change without one: the pass is listed as changed though it stayed the same. */
    announceNothing(): void {
      sequence += 1;
      for (const pass of passes.values()) pass.sequence = sequence;
    },
    /** Holds list calls back until the returned function is called. */
    holdLists(): () => void {
      let release = (): void => undefined;
      held = new Promise((resolve) => (release = resolve));
      return () => {
        held = undefined;
        release();
      };
    },
    count: (method: string, part: string) =>
      calls.filter((call) => call.method === method && call.path.includes(part)).length,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
