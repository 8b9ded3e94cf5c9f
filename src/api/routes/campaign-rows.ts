import { Readable } from 'node:stream';
import { z } from 'zod';
import { csvBody } from '../requests/campaign-csv.js';
import { none, tenantId } from '../parameters.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { NAMED_FAULTS, writeResults } from './campaign-files.js';
import { createUploads, type TakeFile } from './campaign-uploads.js';
import { campaignId, theirCampaign } from './campaigns.js';

const one = z.object({ tenantId, campaignId });
const uploaded = z.object({
  rows: z.int().describe('Lines of the file, without the first'),
  faulty: z.int(),
  errors: z.array(z.object({ line: z.int(), message: z.string() })).describe(`The first ${NAMED_FAULTS} faulty ones`),
});

const result = z.object({
  row: z.string(),
  line: z.int().nullable(),
  serialNumber: z.string().nullable(),
  state: z.string(),
  operationId: z.uuid().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  pushed: z.boolean(),
  fetched: z.boolean(),
});

/** The rows of a campaign: their upload, and what became of each. */
export const campaignRowRoutes = (deps: ApiDeps, takeFile: TakeFile = createUploads(deps)): Route[] => {
  return [
    route({
      method: 'PUT',
      path: '/api/:tenantId/campaigns/:campaignId/rows',
      scope: 'Campaign.Write',
      summary: 'Upload the CSV of a campaign, up to 1,000,000 rows: all or nothing; then its dry run begins',
      tag: 'Campaigns',
      operationId: 'uploadCampaignRows',
      params: one,
      query: none,
      headers: [{ name: 'Content-Type', description: 'text/csv, in UTF-8' }],
      answers: { 200: { description: 'Taken; faulty rows are named and left out', schema: uploaded } },
      problems: ['not-found', 'conflict', 'invalid-request', 'body-too-large'],
      async handler(ctx, { params, caller }) {
        await theirCampaign(deps, caller, params.campaignId);
        try {
          ctx.body = await takeFile(caller.tenant, params.campaignId, csvBody(ctx.req));
          ctx.status = 200;
        } finally {
          ctx.req.resume();
        }
      },
    }),
    route({
      method: 'GET',
      path: '/api/:tenantId/campaigns/:campaignId/rows',
      scope: 'Operation.Read',
      orScope: 'Campaign.Write',
      summary: 'What became of each row, as a download: NDJSON, or CSV',
      tag: 'Campaigns',
      operationId: 'downloadCampaignRows',
      params: one,
      query: z.object({
        format: z.enum(['ndjson', 'csv']).default('ndjson'),
        state: z.enum(['all', 'refused']).default('all').describe('refused: rows of the file that could not be read'),
      }),
      answers: {
        200: {
          description:
            'One line for each row; with `format=csv` a first line with the names, and an apostrophe before cells that begin like a formula',
          schema: result,
          contentType: 'application/x-ndjson',
          otherTypes: { 'text/csv': z.string() },
        },
      },
      problems: ['not-found'],
      async handler(ctx, { params, query, caller }) {
        await theirCampaign(deps, caller, params.campaignId);
        const csv = query.format === 'csv';
        ctx.status = 200;
        ctx.set('Content-Type', csv ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
        ctx.set('Content-Disposition', `attachment; filename="campaign-${params.campaignId}.${query.format}"`);
        const db = deps.database.tenant(caller.tenant.tenantId);
        ctx.body = Readable.from(writeResults(db, params.campaignId, { faulty: query.state === 'refused', csv }));
      },
    }),
  ];
};
