import { PassrelayError, toError, type RequestOptions } from './request.js';

interface StreamEvent {
  id: string;
  event: string;
  data: string;
}

/** Server-sent events of one answer, as far as it came. */
async function* readEvents(body: ReadableStream<Uint8Array>, onChunk: () => void): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onChunk();
      text += decoder.decode(value, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const fields = new Map(
          block.split('\n').map((line): [string, string] => {
            const colon = line.indexOf(':');
            return [line.slice(0, colon), line.slice(colon + 1).trimStart()];
          }),
        );
        const data = fields.get('data');
        if (data !== undefined) yield { id: fields.get('id') ?? '', event: fields.get('event') ?? '', data };
      }
    }
  } finally {
    // Lets go of the connection where the reader stops early; a connection that is lost is gone already.
    await reader.cancel().catch(() => undefined);
  }
}

const RECONNECT_MS = 1_000;
/** Three heartbeats of the server: a connection that is silent for longer is dead. */
const SILENCE_MS = 45_000;

/** The states of an operation until the stream says `end`; it reconnects by Last-Event-ID, and gives up after `attempts` failures in a row. */
export async function* watch<T>(options: RequestOptions, path: string): AsyncGenerator<T, void> {
  const { attempts = 4, timeoutMs = 15_000, fetch: send = fetch } = options;
  const sleep = options.sleep ?? ((ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));
  const url = options.baseUrl.replace(/(?<!\/)\/+$/, '') + path;
  let lastId = '';
  for (let failures = 0; ;) {
    const impatience = new AbortController();
    let timer = setTimeout(() => impatience.abort(), timeoutMs);
    const stillThere = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => impatience.abort(), SILENCE_MS);
    };
    try {
      const response = await send(url, {
        redirect: 'error',
        signal: impatience.signal,
        headers: {
          authorization: `Bearer ${options.apiKey}`,
          accept: 'text/event-stream',
          ...(lastId !== '' && { 'last-event-id': lastId }),
        },
      });
      stillThere();
      if (response.status === 204) return;
      if (!response.ok) throw await toError(response);
      for await (const { id, event, data } of readEvents(response.body!, stillThere)) {
        failures = 0;
        lastId = id;
        if (event === 'end') return;
        yield JSON.parse(data) as T;
      }
    } catch (error) {
      const final = error instanceof PassrelayError && error.status !== 429 && error.status < 500;
      if (final || ++failures >= attempts) throw error;
    } finally {
      clearTimeout(timer);
    }
    await sleep(RECONNECT_MS);
  }
}
