import { z } from 'zod';
import { TransientError } from '../common/errors.js';
import { needingScopes } from './api-failures.js';
import { many, one } from './resources.js';
import type { Transport } from './transport.js';
import type { JsonApiBody } from './write-back.js';

export interface ImportJob {
  /** Nothing of it is processed any more. */
  ended: boolean;
  cancelled: boolean;
  failed: number;
}

/** A job that Klaviyo has not finished yet, whoever sent it. */
export interface OpenImportJob {
  createdMs: number;
  profiles: number;
}

/** One profile that a job refused, as far as it can be identified. */
export interface ImportError {
  code: string;
  /** Its place in the job; null where the pointer names none. */
  place: number | null;
  /** The serial number of our pass in what was sent; null where Klaviyo does not give it back. */
  serialNumber: string | null;
}

const jobAttributes = z.looseObject({
  status: z.enum(['cancelled', 'complete', 'processing', 'queued']),
  failed_count: z.number().nullish(),
});
const openJob = z.looseObject({ created_at: z.iso.datetime({ offset: true }), total_count: z.number().nullish() });
const properties = z.looseObject({
  wallet_pass_serial: z.string().optional(),
  wallet_pass_test_serial: z.string().optional(),
});
const payload = z.looseObject({
  properties: properties.nullish(),
  attributes: z.looseObject({ properties: properties.nullish() }).nullish(),
});
const errorPage = z.looseObject({
  data: z.array(
    z.looseObject({
      attributes: z.looseObject({
        code: z.string(),
        source: z.looseObject({ pointer: z.string().nullish() }).nullish(),
        original_payload: z.unknown(),
      }),
    }),
  ),
  links: z.looseObject({ next: z.string().nullish() }).nullish(),
});

const SCOPES =
  'Klaviyo refuses bulk imports for this key: give it lists:read, lists:write, profiles:read and profiles:write.';
const PLACE = /\/data\/(\d{1,5})(?:\/|$)/;

/** Profiles by the thousand, in jobs that Klaviyo works on after its answer. */
export function profileImportCalls(send: Transport) {
  const path = (id: string) => `/api/profile-bulk-import-jobs/${encodeURIComponent(id)}`;
  return {
    /** Up to 10,000 profiles and 5 MB; each body as for `importProfile`. Returns the job's id. */
    async importProfiles(bodies: readonly JsonApiBody[]): Promise<string> {
      const profiles = { data: bodies.map(({ data }) => data) };
      const body = { data: { type: 'profile-bulk-import-job', attributes: { profiles } } };
      return one(await needingScopes(SCOPES, () => send('POST', '/api/profile-bulk-import-jobs', body))).id;
    },
    async getImportJob(id: string): Promise<ImportJob> {
      const { attributes } = one(await needingScopes(SCOPES, () => send('GET', path(id))));
      const parsed = jobAttributes.safeParse(attributes);
      if (!parsed.success) throw new TransientError('klaviyo-unavailable', 'Klaviyo’s answer lacks the job’s status.');
      const { status, failed_count: failed } = parsed.data;
      return {
        ended: status === 'complete' || status === 'cancelled',
        cancelled: status === 'cancelled',
        failed: failed ?? 0,
      };
    },
    /** The newest hundred of the account's jobs that wait or are worked on. */
    async listOpenImportJobs(): Promise<OpenImportJob[]> {
      const query = new URLSearchParams({
        filter: 'any(status,["queued","processing"])',
        sort: '-created_at',
        'page[size]': '100',
      });
      const path = `/api/profile-bulk-import-jobs?${query.toString()}`;
      return many(await needingScopes(SCOPES, () => send('GET', path))).map(({ attributes }) => {
        const parsed = openJob.safeParse(attributes);
        if (!parsed.success) throw new TransientError('klaviyo-unavailable', 'Klaviyo’s answer lacks the job’s time.');
        return { createdMs: Date.parse(parsed.data.created_at), profiles: parsed.data.total_count ?? 0 };
      });
    },
    /** A hundred errors of a job, and the cursor to the next ones. */
    async listImportErrors(id: string, cursor: string | null): Promise<{ errors: ImportError[]; next: string | null }> {
      const query = new URLSearchParams({ 'page[size]': '100', ...(cursor !== null && { 'page[cursor]': cursor }) });
      const { body } = await needingScopes(SCOPES, () => send('GET', `${path(id)}/import-errors?${query.toString()}`));
      const parsed = errorPage.safeParse(body);
      if (!parsed.success) throw new TransientError('klaviyo-unavailable', 'Klaviyo’s answer lacks the list data.');
      const url = parsed.data.links?.next ?? null;
      const base = 'https://a.klaviyo.com';
      return {
        errors: parsed.data.data.map(({ attributes: { code, source, original_payload: sent } }) => {
          const place = PLACE.exec(source?.pointer ?? '')?.[1];
          const known = payload.safeParse(sent).data;
          const named = known?.properties ?? known?.attributes?.properties;
          return {
            code,
            place: place === undefined ? null : Number(place),
            serialNumber: named?.wallet_pass_serial ?? named?.wallet_pass_test_serial ?? null,
          };
        }),
        // The cursor alone is taken: an address of somebody else's making would get our key.
        next: url !== null && URL.canParse(url, base) ? new URL(url, base).searchParams.get('page[cursor]') : null,
      };
    },
  };
}
