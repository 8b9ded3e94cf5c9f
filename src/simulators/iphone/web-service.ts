/** A pass as its web service knows it. */
export interface PassAddress {
  readonly webServiceURL: string;
  readonly passTypeIdentifier: string;
  readonly serialNumber: string;
  readonly authenticationToken: string;
}

/** A call that the phone counts as failed and would repeat; the message is worded as Wallet words it in its log. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

export interface ChangedSerials {
  readonly serialNumbers: readonly string[];
  /** Undefined when the answer carried no tag, which is worth a complaint. */
  readonly lastUpdated: string | undefined;
}

export interface FetchedPass {
  readonly bytes: Buffer;
  readonly lastModified: string | undefined;
  readonly contentType: string | undefined;
}

/** The five calls of Apple's PassKit web service as a device makes them; each throws CallFailed for an answer devices do not accept. */
export interface PassWebService {
  register(pass: PassAddress, pushToken: string): Promise<void>;
  unregister(pass: PassAddress): Promise<void>;
  /** Undefined for 204: nothing changed. */
  listChanged(
    webServiceURL: string,
    passTypeIdentifier: string,
    tag: string | undefined,
  ): Promise<ChangedSerials | undefined>;
  /** Undefined for 304: not modified. */
  fetchPass(pass: PassAddress, ifModifiedSince: string | undefined): Promise<FetchedPass | undefined>;
  log(webServiceURL: string, lines: readonly string[]): Promise<void>;
}

interface Call {
  readonly task: string;
  readonly method: string;
  readonly url: string;
  readonly accept: readonly number[];
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Calls made under one device id. A call without an answer for `timeoutMs` has failed. */
export function createPassWebService(device: string, timeoutMs: number): PassWebService {
  const base = (url: string): string => `${url.replace(/(?<!\/)\/+$/, '')}/v1`;
  const authorization = (pass: PassAddress): Record<string, string> => ({
    authorization: `ApplePass ${pass.authenticationToken}`,
  });
  const registrations = (url: string, type: string): string =>
    `${base(url)}/devices/${encodeURIComponent(device)}/registrations/${encodeURIComponent(type)}`;
  const registration = (pass: PassAddress): string =>
    `${registrations(pass.webServiceURL, pass.passTypeIdentifier)}/${encodeURIComponent(pass.serialNumber)}`;
  const about = (pass: PassAddress): string =>
    `(for device ${device}, pass type ${pass.passTypeIdentifier}, serial number ${pass.serialNumber}; with web service url ${pass.webServiceURL})`;

  const send = async ({
    task,
    method,
    url,
    accept,
    headers = {},
    body,
  }: Call): Promise<{ response: Response; bytes: Buffer }> => {
    const failed = (reason: string, cause?: unknown): CallFailed =>
      new CallFailed(`${task} encountered error: ${reason}`, { cause });
    let response: Response;
    let bytes: Buffer;
    try {
      response = await fetch(url, {
        method,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body }),
      });
      bytes = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      throw failed((error as Error).name === 'TimeoutError' ? 'The request timed out' : 'The connection failed', error);
    }
    if (response.status === 401) throw failed('Authentication failure');
    if (!accept.includes(response.status)) throw failed(`Unexpected response code ${response.status}`);
    return { response, bytes };
  };

  return {
    async register(pass, pushToken) {
      await send({
        task: `Register task ${about(pass)}`,
        method: 'POST',
        url: registration(pass),
        accept: [200, 201],
        headers: authorization(pass),
        body: JSON.stringify({ pushToken }),
      });
    },

    async unregister(pass) {
      await send({
        task: `Unregister task ${about(pass)}`,
        method: 'DELETE',
        url: registration(pass),
        accept: [200, 201],
        headers: authorization(pass),
      });
    },

    async listChanged(webServiceURL, passTypeIdentifier, tag) {
      const task = `Get serial numbers task (for device ${device}, pass type ${passTypeIdentifier}, last updated ${tag ?? '(null)'}; with web service url ${webServiceURL})`;
      const query = tag === undefined ? '' : `?passesUpdatedSince=${encodeURIComponent(tag)}`;
      const url = `${registrations(webServiceURL, passTypeIdentifier)}${query}`;
      const { response, bytes } = await send({ task, method: 'GET', url, accept: [200, 204] });
      return response.status === 204 ? undefined : readChanged(bytes, task);
    },

    async fetchPass(pass, ifModifiedSince) {
      const { response, bytes } = await send({
        task: `Get pass task (pass type ${pass.passTypeIdentifier}, serial number ${pass.serialNumber}, if-modified-since ${ifModifiedSince ?? '(null)'}; with web service url ${pass.webServiceURL})`,
        method: 'GET',
        url: `${base(pass.webServiceURL)}/passes/${encodeURIComponent(pass.passTypeIdentifier)}/${encodeURIComponent(pass.serialNumber)}`,
        accept: [200, 304],
        headers: {
          ...authorization(pass),
          ...(ifModifiedSince === undefined ? {} : { 'if-modified-since': ifModifiedSince }),
        },
      });
      if (response.status === 304) return undefined;
      const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
      return { bytes, lastModified: header('last-modified'), contentType: header('content-type') };
    },

    async log(webServiceURL, lines) {
      await send({
        task: `Log task (with web service url ${webServiceURL})`,
        method: 'POST',
        url: `${base(webServiceURL)}/log`,
        accept: [200],
        body: JSON.stringify({ logs: lines }),
      });
    },
  };
}

function readChanged(bytes: Buffer, task: string): ChangedSerials {
  const malformed = (reason: string): CallFailed => new CallFailed(`${task} encountered error: ${reason}`);
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw malformed('The response is not JSON');
  }
  const { serialNumbers, lastUpdated } = (json ?? {}) as Record<string, unknown>;
  if (!Array.isArray(serialNumbers) || !serialNumbers.every((serial): serial is string => typeof serial === 'string'))
    throw malformed('serialNumbers is not an array of strings');
  if (lastUpdated !== undefined && typeof lastUpdated !== 'string') throw malformed('lastUpdated is not a string');
  return { serialNumbers, lastUpdated };
}
