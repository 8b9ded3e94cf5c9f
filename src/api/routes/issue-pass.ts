import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import { z } from 'zod';
import { issuePass, type IssuedPass, type StoredAnswer } from '../../database/passes/create-pass.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import type { IssuePassInput } from '../../passes/operation-input.js';
import { timesOfPass, viewOfPass } from '../../passes/pass-view.js';
import { computeVisuals } from '../../passes/visuals.js';
import { leftOutByApple } from '../../wallets/apple/left-out.js';
import { PASS_STATES } from '../../passes/pass.js';
import { flowIdOf } from '../requests/flow-id.js';
import { hashMeaning, headerKey } from '../accept-operation.js';
import type { Caller } from '../access/credentials.js';
import { deliveryBody, FLOW_ID_HEADER } from '../requests/delivery-description.js';
import { withinDeadline } from '../deadline.js';
import { ISSUE_PASS } from '../requests/issue-pass.js';
import { checkIssue, type CheckedIssue } from '../requests/issue-order.js';
import { ACCOUNT_ID_HEADER, none } from '../parameters.js';
import { noteAccepted } from '../metrics.js';
import { ApiError } from '../problems.js';
import { checkListener, readDelivery } from '../requests/read-delivery.js';
import { route, type ApiDeps, type Route } from '../route.js';

/** 144 random bits: the serial number opens the pass's page, so it must not be guessable. */
const newSerialNumber = (): string => randomBytes(18).toString('base64url');

const person = z.object({ email: z.string().nullable(), name: z.string().nullable(), phone: z.string().nullable() });

const issued = z.object({
  id: z.uuid(),
  serialNumber: z.string(),
  externalId: z.string().nullable(),
  passTemplate: z.string(),
  state: z.enum(PASS_STATES),
  operationId: z.uuid().describe('Correlation id: leads to the status of everything that follows'),
  urls: z.object({
    landing: z.url().describe('The page to send to the customer'),
    apple: z.url().nullable(),
    google: z.url().nullable(),
  }),
  recipient: person,
  createdAt: z.iso.datetime(),
});

function present(deps: ApiDeps, caller: Caller, { command, type }: CheckedIssue, pass: IssuedPass) {
  const landing = `${deps.publicUrl}/p/${encodeURIComponent(pass.serialNumber)}`;
  const google = type.design.google && caller.tenant.settings.google.issuerId !== null;
  return {
    id: pass.passId,
    serialNumber: pass.serialNumber,
    externalId: pass.externalId,
    passTemplate: pass.passTypeId,
    state: pass.state,
    operationId: pass.operationId,
    urls: {
      landing,
      apple: type.design.apple ? `${landing}/pass.pkpass` : null,
      google: google ? `${landing}/google` : null,
    },
    recipient: command.recipient,
    createdAt: pass.createdAt.toISOString(),
  } satisfies z.output<typeof issued>;
}

/** Accepts a checked request to issue; throws `idempotency-key-reused` or `conflict`. Sets X-Correlation-Id. */
export async function issueChecked(
  deps: ApiDeps,
  ctx: Koa.Context,
  order: {
    caller: Caller;
    correlationId: string;
    checked: CheckedIssue;
    repairs: object[];
    origin: 'api' | 'klaviyo';
  },
): Promise<{ operationId: string; answer: StoredAnswer }> {
  const { caller, checked } = order;
  const { tenantId, settings } = caller.tenant;
  const { command, type } = checked;
  const idempotencyKey = command.idempotencyKey ?? headerKey(ctx);
  const meaning = {
    passTypeId: type.passTypeId,
    data: checked.values,
    recipient: command.recipient,
    identifiers: command.identifiers,
    externalId: command.externalId,
    customerId: command.customerId,
  };
  const input: IssuePassInput = { ...meaning, serialNumber: newSerialNumber() };
  const visuals = computeVisuals(type.design, checked.data, timesOfPass(type.design, checked.data, settings));
  const view = viewOfPass({
    design: type.design,
    data: checked.data,
    visuals,
    serialNumber: input.serialNumber,
    externalId: input.externalId,
    publicUrl: deps.publicUrl,
    locale: settings,
  });
  const leftOut = leftOutByApple(type, view).map((part) => ({ type: 'warning', ...part }));
  const result = await withinDeadline(
    issuePass(deps.database.tenant(tenantId), {
      operation: {
        operationId: order.correlationId,
        kind: 'issue-pass',
        origin: order.origin,
        idempotencyKey,
        bodyHash: idempotencyKey === null ? null : hashMeaning({ issue: meaning }),
        input,
        repairs: [...order.repairs, ...leftOut],
        flowId: flowIdOf(ctx),
        test: caller.test,
      },
      type,
      data: checked.data,
      visuals,
      settings,
      answer: (pass, created) => ({ status: created ? 201 : 200, body: present(deps, caller, checked, pass) }),
    }),
  );
  if (result.outcome === 'key-reused') {
    throw new ApiError(
      'idempotency-key-reused',
      'Another request was accepted under this idempotency key before; this one was not carried out. Use one key for each event, such as the id of the event.',
    );
  }
  if (result.outcome === 'identifiers-clash') {
    throw new ApiError(
      'conflict',
      `These identifiers belong to different customers: ${result.kinds.join(', ')}. No pass was made. Send identifiers of one person only; where they are one person, merge the two customers.`,
    );
  }
  if (result.outcome === 'nobody-named') {
    throw new ApiError(
      'identifier-missing',
      `Nobody is named: this tenant identifies people by ${['customerId', ...settings.identifyBy, ...settings.customIdentifiers].join(', ')} (settings.identifyBy). Send one of these.`,
    );
  }
  if (!result.repeated) noteAccepted(ctx, { kind: 'issue-pass', test: caller.test });
  deps.notifyAccepted();
  ctx.set('X-Correlation-Id', result.operationId);
  return { operationId: result.operationId, answer: result.answer };
}

/** Issue a pass from a Klaviyo flow or by another caller: the pass is live when the answer is given. */
export const issuePassRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'POST',
    path: '/v1/passes',
    scope: 'Pass.Write',
    summary: 'Issue a pass; a recipient who holds one of this template has it updated',
    tag: 'Passes',
    operationId: 'issuePass',
    listener: 'issuePass',
    params: none,
    query: none,
    headers: [
      ACCOUNT_ID_HEADER,
      { name: 'Idempotency-Key', description: 'The same key and body again gives the same answer; another body: 422' },
      FLOW_ID_HEADER,
    ],
    body: deliveryBody(ISSUE_PASS.schema, ISSUE_PASS.example),
    answers: {
      200: { description: 'The recipient already holds such a pass: it is updated', schema: issued },
      201: { description: 'The pass is live, its link works', schema: issued },
    },
    problems: ['listener-closed', 'flow-not-allowed', 'identifier-missing', 'idempotency-key-reused', 'conflict'],
    async handler(ctx, { caller, correlationId }) {
      checkListener(ctx, caller, 'issuePass');
      const { tenantId } = caller.tenant;
      const types = await withinDeadline(listPassTypes(deps.database.tenant(tenantId)));
      const { command: checked, repairs } = await readDelivery(ctx, caller, (given, options) =>
        checkIssue(given, options, types),
      );
      const { answer } = await issueChecked(deps, ctx, {
        caller,
        correlationId,
        checked,
        repairs,
        origin: flowIdOf(ctx) === null ? 'api' : 'klaviyo',
      });
      ctx.set('Location', `${deps.publicUrl}/v1/passes/${String(answer.body['serialNumber'])}`);
      ctx.status = answer.status;
      ctx.body = answer.body;
    },
  }),
];
