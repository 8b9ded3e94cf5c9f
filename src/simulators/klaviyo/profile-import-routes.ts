import { createImportJob, listImportErrors, listImportJobs, readImportJob } from './profile-imports.js';
import type { Route } from './routes.js';
import { check } from './schemas.js';

const IMPORTS = [10, 150] as const;
/** Bulk imports of profiles. */
export const IMPORT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/api\/profile-bulk-import-jobs$/,
    limit: IMPORTS,
    scopes: ['lists:read', 'profiles:read'],
    handle: (c) => listImportJobs(c.account, c.query, c.nowMs, c.origin),
  },
  {
    method: 'POST',
    path: /^\/api\/profile-bulk-import-jobs$/,
    limit: IMPORTS,
    scopes: ['lists:write', 'profiles:write'],
    maxBytes: 5 * 1024 * 1024,
    handle: (c) => createImportJob(c.account, check('profileBulkImport', c.body), c.nowMs),
  },
  {
    method: 'GET',
    path: /^\/api\/profile-bulk-import-jobs\/([^/]+)$/,
    limit: IMPORTS,
    scopes: ['lists:read', 'profiles:read'],
    handle: (c) => readImportJob(c.account, c.id, c.nowMs),
  },
  {
    method: 'GET',
    path: /^\/api\/profile-bulk-import-jobs\/([^/]+)\/import-errors$/,
    limit: IMPORTS,
    scopes: ['profiles:read'],
    handle: (c) => listImportErrors(c.account, c.id, c.query, c.origin),
  },
];
