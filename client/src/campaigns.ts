import type { Campaign, CampaignAction, CampaignDetail, CampaignRow, CampaignSample, UploadedRows } from './answers.js';
import { PassrelayError, toError, type Call, type RequestOptions } from './request.js';
import { watch } from './watch.js';

/** One action for many passes. */
export interface NewCampaign {
  name: string;
  audience:
    { filter: Record<string, unknown> } | { csv: Record<string, never> } | { segment: string } | { list: string };
  action: CampaignAction;
  schedule?: { at?: string; atLocal?: string; perMinute?: number; hours?: { from: string; until: string } };
  holdoutPercent?: number;
  /** Test passes only. */
  test?: boolean;
  /** Starts without a look at the dry run. */
  confirm?: boolean;
}

/** The text of a CSV, or its bytes. */
export type CampaignFile = string | Blob | ReadableStream<Uint8Array>;

/** A million rows over a slow line. */
const UPLOAD_MS = 15 * 60_000;

const WANTED = { start: ['running'], pause: ['paused'], resume: ['running'], cancel: ['cancelled'] } as const;

/** The calls about campaigns. */
export function campaignCalls(options: RequestOptions, call: Call, tenant: string) {
  const { fetch: send = fetch } = options;
  const base = options.baseUrl.replace(/(?<!\/)\/+$/, '');
  const one = (id: string, what = '') => `${tenant}/campaigns/${encodeURIComponent(id)}${what}`;
  const get = (campaignId: string) => call<CampaignDetail>('GET', one(campaignId));
  const command =
    (what: keyof typeof WANTED) =>
    async (campaignId: string): Promise<Campaign> => {
      try {
        return await call<Campaign>('POST', one(campaignId, `/${what}`));
      } catch (error) {
        // The answer to an earlier try may have been lost: it is where it was to be.
        if (!(error instanceof PassrelayError) || error.status !== 409) throw error;
        const found = await get(campaignId);
        if ((WANTED[what] as readonly string[]).includes(found.state)) return found;
        throw error;
      }
    };
  const raw = async (method: string, path: string, body?: CampaignFile): Promise<Response> => {
    const response = await send(base + path, {
      method,
      redirect: 'error',
      signal: AbortSignal.timeout(UPLOAD_MS),
      headers: { authorization: `Bearer ${options.apiKey}`, ...(body !== undefined && { 'content-type': 'text/csv' }) },
      ...(body !== undefined && { body, duplex: 'half' }),
    });
    if (!response.ok) throw await toError(response);
    return response;
  };

  return {
    /** Makes a campaign; its dry run begins, or waits for the rows of a CSV. */
    createCampaign: (campaign: NewCampaign, idempotencyKey?: string) =>
      call<Campaign>('POST', `${tenant}/campaigns`, campaign, {
        headers: { 'idempotency-key': idempotencyKey ?? crypto.randomUUID() },
      }),
    /** Uploads the CSV of a campaign: text, or a stream of its bytes; all or nothing. */
    uploadCampaignRows: async (campaignId: string, csv: CampaignFile) =>
      (await (await raw('PUT', one(campaignId, '/rows'), csv)).json()) as UploadedRows,
    getCampaign: get,
    /** What the lock screens of three customers would say. */
    sampleCampaign: async (campaignId: string) =>
      (await call<{ samples: CampaignSample[] }>('GET', one(campaignId, '/samples'))).samples,
    startCampaign: command('start'),
    pauseCampaign: command('pause'),
    resumeCampaign: command('resume'),
    cancelCampaign: command('cancel'),
    /** The campaign at each change, until it is over. */
    watchCampaign: (campaignId: string) => watch<CampaignDetail>(options, one(campaignId, '/events')),
    /** What became of each row, as it arrives. */
    async *campaignResults(campaignId: string): AsyncGenerator<CampaignRow, void> {
      const reader = (await raw('GET', one(campaignId, '/rows'))).body!.getReader();
      const decoder = new TextDecoder();
      let text = '';
      try {
        for (;;) {
          const { done, value } = await reader.read();
          text += done ? decoder.decode() : decoder.decode(value, { stream: true });
          const lines = text.split('\n');
          text = lines.pop()!;
          for (const line of lines) yield JSON.parse(line) as CampaignRow;
          if (done) return;
        }
      } finally {
        // Lets go of the connection where the reader stops early; a connection that is lost is gone already.
        await reader.cancel().catch(() => undefined);
      }
    },
  };
}
