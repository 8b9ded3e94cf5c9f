import { createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { PermanentError } from '../../common/errors.js';
import { failSpan, inSpan } from '../../tracing/spans.js';
import { ATTRIBUTES } from '../../tracing/attributes.js';
import { openApnsConnection, type ApnsConnection, type ApnsLog, type Attempt } from './apns-connection.js';
import type { PushResult } from './apns-answers.js';

export interface ApnsClientOptions {
  url: string;
  /** Trusted instead of the system's authorities, for simulators. */
  caPem?: string | undefined;
  /** The Pass Type ID certificate and key that sign the passes: they are the TLS client certificate too. */
  certificatePem: string;
  privateKeyPem: string;
  passphrase?: string | undefined;
  /** From `push()` to its result, waiting for a connection included. */
  timeoutMs: number;
  /** A connection silent for so long is checked by a ping before it is used again. One minute by default. */
  idleMs?: number;
  now?: () => number;
  log?: ApnsLog | undefined;
}

export interface ApnsClient {
  /** Sends one empty push; never rejects, and never retries what the server may have taken. */
  push(push: { token: string; topic: string }): Promise<PushResult>;
  /** Takes no more pushes, gives those under way their time, and closes the connection. */
  close(): Promise<void>;
}

interface Job {
  token: string;
  topic: string;
  /** Times that a server left it unprocessed. */
  refusals: number;
  attempt?: Attempt | undefined;
  settle: (result: PushResult) => void;
}

const MAX_REFUSALS = 3;
/** Of a span: the address itself holds a device's token. */
const PATH_TEMPLATE = '/3/device/{token}';

function secureContextOf(options: ApnsClientOptions): SecureContext {
  try {
    return createSecureContext({
      cert: options.certificatePem,
      key: options.privateKeyPem,
      ...(options.passphrase === undefined ? {} : { passphrase: options.passphrase }),
      ...(options.caPem === undefined ? {} : { ca: options.caPem }),
    });
  } catch (cause) {
    throw new PermanentError(
      'push-certificate-unusable',
      `The push certificate cannot be used (${(cause as { code?: string }).code ?? 'unknown'}): certificate and key must be PEM and belong together.`,
    );
  }
}

/**
 * A client for APNs over HTTP/2 with one certificate, holding one connection. Pushes beyond the server's limit of
 * streams wait. Throws PermanentError at once where the certificate cannot be used.
 */
export function createApnsClient(options: ApnsClientOptions): ApnsClient {
  const { timeoutMs, log } = options;
  const secureContext = secureContextOf(options);
  const spanAttributes = {
    'http.request.method': 'POST',
    'url.template': PATH_TEMPLATE,
    'server.address': new URL(options.url).hostname,
  };
  const waiting: Job[] = [];
  const open = new Set<ApnsConnection>();
  const unsettled = new Set<Job>();
  let current: ApnsConnection | undefined;
  let closing = false;
  let whenIdle: (() => void) | undefined;

  const failWaiting = (failure: { reason: string; detail?: string }): void => {
    for (const job of waiting.splice(0)) job.settle({ kind: 'transient', ...failure });
  };

  const openConnection = (): ApnsConnection => {
    const connection: ApnsConnection = openApnsConnection(
      {
        url: options.url,
        secureContext,
        timeoutMs,
        idleMs: options.idleMs ?? 60_000,
        now: options.now ?? Date.now,
        log,
      },
      {
        room: () => pump(),
        retired(failure) {
          if (current === connection) current = undefined;
          if (failure) failWaiting(failure);
          else setImmediate(pump);
        },
        closed() {
          open.delete(connection);
          idle();
        },
      },
    );
    open.add(connection);
    return connection;
  };

  const start = (connection: ApnsConnection, job: Job): void => {
    job.attempt = connection.send(job, (end) => {
      job.attempt = undefined;
      if ('result' in end) return job.settle(end.result);
      job.refusals += 1;
      if (job.refusals > MAX_REFUSALS) return job.settle({ kind: 'transient', reason: 'StreamRefused' });
      waiting.unshift(job);
      setImmediate(pump);
    });
  };

  function pump(): void {
    if (waiting.length === 0) return;
    current ??= openConnection();
    for (let room = current.room(); room > 0 && waiting.length > 0; room -= 1) start(current, waiting.shift()!);
  }

  function idle(): void {
    if (!closing || unsettled.size > 0) return;
    for (const connection of open) connection.close();
    if (open.size === 0) whenIdle?.();
  }

  const attempt = ({ token, topic }: { token: string; topic: string }): Promise<PushResult> =>
    new Promise((resolve) => {
      const settle = (result: PushResult): void => {
        if (!unsettled.delete(job)) return;
        clearTimeout(timer);
        if (result.kind !== 'delivered') log?.info({ token: shortToken(token), topic, ...result }, 'apns push');
        resolve(result);
        idle();
      };
      const job: Job = { token, topic, refusals: 0, settle };
      const timer = setTimeout(() => {
        const position = waiting.indexOf(job);
        if (position >= 0) waiting.splice(position, 1);
        job.attempt?.cancel();
        current?.probe();
        settle({ kind: 'transient', reason: 'Timeout', detail: `No answer within ${timeoutMs} ms.` });
      }, timeoutMs);
      unsettled.add(job);
      waiting.push(job);
      pump();
    });

  return {
    push({ token, topic }) {
      // Tokens come from devices and become part of a path.
      if (!/^[0-9a-f]{1,400}$/i.test(token)) {
        return Promise.resolve({ kind: 'permanent', reason: 'BadDeviceToken', status: 400 });
      }
      if (closing) return Promise.resolve({ kind: 'transient', reason: 'ClientClosed' });
      return inSpan({ name: `POST ${PATH_TEMPLATE}`, kind: 'CLIENT', attributes: spanAttributes }, async (span) => {
        const result = await attempt({ token, topic });
        span.setAttribute(ATTRIBUTES.result, result.kind);
        if (result.kind !== 'delivered') failSpan(span, result.reason);
        return result;
      });
    },
    close() {
      closing = true;
      failWaiting({ reason: 'ClientClosed' });
      return new Promise((resolve) => {
        whenIdle = resolve;
        idle();
      });
    },
  };
}

/** Enough of a token to find it in a database, too little to push with. */
export const shortToken = (token: string): string => `${token.slice(0, 6)}…`;

export interface ApnsPool {
  /** The client of this certificate, opened on first use. */
  client(certificate: { certificatePem: string; privateKeyPem: string; passphrase?: string }): ApnsClient;
  close(): Promise<void>;
}

/** One client, and so one connection, per certificate; the host is the pool's. */
export function createApnsPool(
  options: Omit<ApnsClientOptions, 'certificatePem' | 'privateKeyPem' | 'passphrase'>,
): ApnsPool {
  const clients = new Map<string, ApnsClient>();
  return {
    client(certificate) {
      const fingerprint = createHash('sha256').update(certificate.certificatePem).digest('hex');
      let client = clients.get(fingerprint);
      if (!client) clients.set(fingerprint, (client = createApnsClient({ ...options, ...certificate })));
      return client;
    },
    async close() {
      await Promise.all([...clients.values()].map((client) => client.close()));
      clients.clear();
    },
  };
}
