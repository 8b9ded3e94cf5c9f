import { z } from 'zod';
import { findCustomer } from '../../database/customers/customers.js';
import { listCustomerIdentifiers, listCustomerPasses } from '../../database/customers/enrolment.js';
import { findLink } from '../../database/customers/links.js';
import { normaliseIdentifier } from '../../passes/identifiers.js';
import { hashLinkToken, readLinkToken } from '../../passes/link-token.js';
import type { Caller } from '../access/credentials.js';
import { LINK_MISTAKES, TOLD_TO_OPERATORS, type LinkMistake } from '../link-mistakes.js';
import { maskEmail, maskPhone } from '../../common/mask-personal.js';
import { none, tenantId } from '../parameters.js';
import { readJson } from '../requests/read-json.js';
import { route, type ApiDeps, type Route } from '../route.js';

const diagnosis = z.object({
  code: z.string().nullable().describe("The code that the customer's page shows; null where the link works"),
  reason: z.string().describe('`works`, or what is wrong'),
  cure: z.string().nullable(),
  expiresAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
  profile: z
    .object({
      customerId: z.uuid(),
      klaviyoProfileId: z.string().nullable(),
      email: z.string().nullable(),
      phone: z.string().nullable(),
    })
    .nullable()
    .describe('Whose token it is: compare it with the profile that carries it. Masked without Customer.Read'),
  passes: z.array(z.object({ serialNumber: z.string(), state: z.string() })),
});

const body = z.object({
  token: z.string().max(4096).describe('As it is in the link after neo.authToken='),
  profile: z
    .string()
    .max(255)
    .optional()
    .describe(
      'Who got the link: e-mail address, phone number, customer id or Klaviyo profile id. Is the token theirs?',
    ),
});

type Diagnosed = LinkMistake | keyof typeof TOLD_TO_OPERATORS;

/** Tells an operator why a link does not work; the token travels in the body, never in an address. */
export const linkDiagnosisRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'POST',
    path: '/api/:tenantId/links/diagnose',
    scope: 'Operation.Read',
    summary: 'Why a personal link works or fails',
    tag: 'Links and files',
    operationId: 'diagnoseLink',
    params: z.object({ tenantId }),
    query: none,
    body: {
      description: 'The token of the link',
      schema: body,
      example: { token: "{{ person|lookup:'neostore.authenticationToken' }}", profile: 'sarah.mason@example.com' },
    },
    answers: { 200: { description: 'What the link does', schema: diagnosis } },
    async handler(ctx, { caller }) {
      const isIdentifierOf = async (customerId: string, given: string, { tenant }: Caller): Promise<boolean> => {
        const known = await listCustomerIdentifiers(deps.database.tenant(tenant.tenantId), customerId);
        const options = { defaultCountry: tenant.settings.defaultCountry, custom: tenant.settings.customIdentifiers };
        return known.some(({ kind, value }) => {
          const read = normaliseIdentifier(kind, given, options);
          return read.ok === true && read.value === value;
        });
      };
      const { token, profile } = await readJson(ctx, body);
      const tenant = caller.tenant.tenantId;
      const sql = deps.database.tenant(tenant);
      const answer = (mistake: Diagnosed | null, rest: Partial<z.output<typeof diagnosis>> = {}): void => {
        const known = mistake && { ...LINK_MISTAKES, ...TOLD_TO_OPERATORS }[mistake];
        ctx.body = {
          code: known && known.code,
          reason: mistake ?? 'works',
          cure: known && known.cure,
          expiresAt: null,
          revokedAt: null,
          profile: null,
          passes: [],
          ...rest,
        } satisfies z.output<typeof diagnosis>;
      };
      const given = readLinkToken(token);
      if (given.kind !== 'token') return answer(`token-${given.kind}`);
      const ask = { tenantId: tenant, tokenHash: hashLinkToken(given.token), purpose: 'mail', now: deps.now } as const;
      const link = await findLink(sql, ask);
      if (link.state === 'unknown') return answer('token-unknown');
      const [customer, passes] = await Promise.all([
        findCustomer(sql, link.customerId),
        listCustomerPasses(sql, link.customerId),
      ]);
      const plain = caller.scopes.includes('Customer.Read');
      const ofAnother =
        profile !== undefined &&
        customer?.klaviyo_profile_id !== profile.trim() &&
        !(await isIdentifierOf(link.customerId, profile, caller));
      const works = passes.length > 0 ? null : 'no-pass';
      const mistake = link.state === 'valid' ? works : (`token-${link.state}` as const);
      answer(ofAnother ? 'token-of-another' : mistake, {
        expiresAt: link.expiresAt.toISOString(),
        revokedAt: link.revokedAt?.toISOString() ?? null,
        profile: {
          customerId: link.customerId,
          klaviyoProfileId: customer?.klaviyo_profile_id ?? null,
          email: plain ? (customer?.email ?? null) : maskEmail(customer?.email ?? null),
          phone: plain ? (customer?.phone ?? null) : maskPhone(customer?.phone ?? null),
        },
        passes: passes.map(({ serialNumber, state }) => ({ serialNumber, state })),
      });
    },
  }),
];
