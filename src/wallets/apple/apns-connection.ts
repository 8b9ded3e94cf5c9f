import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { SecureContext } from 'node:tls';
import { classifyAnswer, describeConnectionError, type PushResult } from './apns-answers.js';

/** The part of a logger (such as pino's) that pushes use. */
export interface ApnsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** How one attempt ended. `unprocessed`: the server certainly did not process it, so it may be sent again. */
export type AttemptEnd = { result: PushResult } | { unprocessed: true };

export interface Attempt {
  /** Gives up waiting; no end is reported any more. */
  cancel(): void;
}

export interface ApnsConnection {
  /** How many more pushes may start now; 0 before the server's settings, while its life is in doubt, and at the end. */
  room(): number;
  send(push: { token: string; topic: string }, end: (end: AttemptEnd) => void): Attempt;
  /** Asks by a ping whether the other side lives; ends the connection when no answer comes. */
  probe(): void;
  /** Takes no more pushes and closes once those under way have their answers. */
  close(): void;
}

export interface ConnectionEvents {
  /** There may be room now. */
  room(): void;
  /** It takes no more pushes; those under way may still end. `failure` tells why it never took one. */
  retired(failure?: { reason: string; detail: string }): void;
  /** Nothing is left of it. */
  closed(): void;
}

const MAX_BODY = 4096;
const PAYLOAD = Buffer.from('{}');

/** One HTTP/2 connection to APNs. Never throws for a lost one: each attempt gets its end exactly once. */
export function openApnsConnection(
  options: {
    url: string;
    secureContext: SecureContext;
    timeoutMs: number;
    idleMs: number;
    now: () => number;
    log?: ApnsLog | undefined;
  },
  events: ConnectionEvents,
): ApnsConnection {
  const { log } = options;
  const pingTimeoutMs = Math.min(options.timeoutMs / 2, 5000);
  let session: ClientHttp2Session;
  let settled = false;
  let probing = false;
  let retired = false;
  let used = false;
  let underWay = 0;
  let lastHeard = options.now();
  let goneAfter = Infinity;
  let error: unknown;

  const retire = (): void => {
    if (retired) return;
    retired = true;
    events.retired(used ? undefined : describeConnectionError(error, settled));
  };
  const heard = (): void => {
    lastHeard = options.now();
  };

  // eslint-disable-next-line prefer-const -- the handlers below name it
  session = connect(options.url, { secureContext: options.secureContext });
  const connectTimer = setTimeout(() => {
    session.destroy(Object.assign(new Error('no settings in time'), { code: 'ConnectTimeout' }));
  }, options.timeoutMs);
  session.on('remoteSettings', () => {
    clearTimeout(connectTimer);
    settled = true;
    heard();
    events.room();
  });
  session.on('goaway', (code: number, lastStreamId: number, opaque?: Uint8Array) => {
    goneAfter = Math.min(goneAfter, lastStreamId);
    used = true; // the server chose to end it: what waits may go to a new connection
    log?.info({ code, lastStreamId, reason: opaque ? Buffer.from(opaque).toString('utf8') : '' }, 'apns goaway');
    retire();
  });
  session.on('error', (cause) => {
    error ??= cause;
    log?.warn(describeConnectionError(cause, settled), 'apns connection failed');
  });
  session.on('close', () => {
    clearTimeout(connectTimer);
    retire();
    events.closed();
  });

  /** REFUSED_STREAM, an id above GOAWAY's last, or no id at all: the server did not process it (RFC 9113, 6.8 and 8.7). */
  const unprocessed = (stream: ClientHttp2Stream): boolean =>
    stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || (stream.id === undefined ? settled : stream.id > goneAfter);

  const probe = (): void => {
    if (probing || session.destroyed || !settled) return;
    probing = true;
    const lost = (): void => {
      session.destroy(Object.assign(new Error('ping unanswered'), { code: 'PingTimeout' }));
    };
    const timer = setTimeout(lost, pingTimeoutMs);
    const sent = session.ping((failure) => {
      clearTimeout(timer);
      probing = false;
      if (failure) return;
      heard();
      events.room();
    });
    if (!sent) clearTimeout(timer);
  };

  return {
    room() {
      if (!settled || probing || retired || session.closed || session.destroyed) return 0;
      if (options.now() - lastHeard > options.idleMs) {
        probe();
        return 0;
      }
      return Math.max(0, (session.remoteSettings.maxConcurrentStreams ?? Infinity) - underWay);
    },
    send({ token, topic }, end) {
      used = true;
      underWay += 1;
      let open = true;
      let status = 0;
      let apnsId = '';
      let retryAfter: string | undefined;
      let body = '';
      const finish = (how: AttemptEnd): void => {
        if (!open) return;
        open = false;
        end(how);
      };
      const stream = session.request({
        ':method': 'POST',
        ':path': `/3/device/${token}`,
        'apns-topic': topic,
        'content-length': String(PAYLOAD.length),
      });
      stream.setEncoding('utf8');
      stream.on('response', (headers) => {
        heard();
        status = Number(headers[':status']);
        apnsId = String(headers['apns-id'] ?? '');
        retryAfter = headers['retry-after'];
        // Accepted is accepted: whatever happens to the rest of the stream must not send it twice.
        if (status === 200) finish({ result: { kind: 'delivered', apnsId } });
      });
      stream.on('data', (chunk: string) => {
        if (body.length < MAX_BODY) body += chunk;
      });
      stream.on('error', (cause) => {
        error ??= cause; // 'close' follows and tells the end
      });
      stream.on('close', () => {
        underWay -= 1;
        const isCut = !stream.readableEnded;
        if (status !== 0)
          finish({ result: classifyAnswer({ status, apnsId, body, retryAfter, isCut, now: options.now() }) });
        else if (unprocessed(stream)) finish({ unprocessed: true });
        else finish({ result: { kind: 'transient', ...describeConnectionError(error, settled) } });
        events.room();
      });
      stream.end(PAYLOAD);
      return {
        cancel() {
          open = false;
          if (!stream.destroyed) stream.close(constants.NGHTTP2_CANCEL);
        },
      };
    },
    probe,
    close() {
      retire();
      if (!session.closed && !session.destroyed) session.close();
    },
  };
}
