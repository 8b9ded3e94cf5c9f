import { uploadRows, type Uploaded } from '../../database/campaigns/upload.js';
import type { Caller } from '../access/credentials.js';
import { ApiError } from '../problems.js';
import type { ApiDeps } from '../route.js';
import { readFile, type NamedFault } from './campaign-files.js';

/** Uploads at the same time in one process: each holds a connection to the database. */
const MOST_UPLOADS = 2;

/** Takes the file of a campaign, all or nothing; then its dry run begins. Throws where it cannot be meant. */
export type TakeFile = (
  tenant: Pick<Caller['tenant'], 'tenantId' | 'settings'>,
  campaignId: string,
  file: AsyncIterable<Buffer>,
) => Promise<Uploaded & { errors: NamedFault[] }>;

export function createUploads(deps: Pick<ApiDeps, 'database' | 'notifyAccepted'>): TakeFile {
  let uploads = 0;
  return async ({ tenantId, settings }, campaignId, file) => {
    if (uploads >= MOST_UPLOADS) {
      throw new ApiError('rate-limited', 'Other uploads are under way. Send it again in a minute.', {
        headers: { 'Retry-After': '60' },
      });
    }
    const { defaultCountry, customIdentifiers: custom } = settings;
    const db = deps.database.tenant(tenantId);
    const errors: NamedFault[] = [];
    uploads++;
    try {
      const taken = await uploadRows(db, campaignId, readFile(file, { defaultCountry, custom }, errors));
      if (typeof taken !== 'object') {
        throw new ApiError('conflict', `The campaign is ${taken ?? 'gone'}; it takes no file now.`);
      }
      deps.notifyAccepted();
      return { ...taken, errors };
    } finally {
      uploads--;
    }
  };
}
