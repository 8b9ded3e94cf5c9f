import { z } from 'zod';
import { findPassView } from '../../database/passes/pass-view.js';
import { getPassTypeVersion, listPassTypes } from '../../database/tenants/pass-types.js';
import { parseUpdatePass, type Parsed, type UpdatePassCommand } from '../requests/index.js';
import { convertData } from '../../passes/conversion.js';
import { coerceFields } from '../../passes/field-values.js';
import { nearest } from '../../common/nearest-name.js';
import type { PushUpdateInput } from '../../passes/operation-input.js';
import type { JsonValue } from '../../common/json.js';
import type { PassTypeVersion } from '../../passes/pass-type.js';
import { acceptOperation } from '../accept-operation.js';
import { IDEMPOTENCY_KEY_HEADER } from '../requests/delivery-description.js';
import { UPDATE_PASS } from '../requests/update-pass.js';
import { withinDeadline } from '../deadline.js';
import { ACCOUNT_ID_HEADER, none, serialNumber } from '../parameters.js';
import { checkListener, readDelivery } from '../requests/read-delivery.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { statusUrl } from '../status-url.js';
import { noSuchPass } from './pass-by-serial.js';

const accepted = z.object({
  id: z.uuid(),
  serialNumber: z.string(),
  operationId: z.uuid().describe('Correlation id: leads to the status of the change'),
  links: z.object({ operation: z.url(), pass: z.url() }),
});

/** Reads the change against the type that the pass has, or is to have: what cannot be applied is refused now. */
function checkUpdate(
  given: Readonly<Record<string, JsonValue>>,
  current: PassTypeVersion,
  types: readonly PassTypeVersion[],
  data: Readonly<Record<string, JsonValue>>,
): Parsed<UpdatePassCommand> {
  const parsed = parseUpdatePass(given);
  if (!parsed.ok) return parsed;
  const { command } = parsed;
  const wanted = command.passTemplate;
  const target =
    wanted === null ? current : types.find((type) => type.passTypeId === wanted || type.design.name === wanted);
  const warnings = [...parsed.warnings];
  if (!target) {
    const names = types.map(({ design }) => design.name);
    const near = nearest(wanted ?? '', [...types.map(({ passTypeId }) => passTypeId), ...names]);
    const cure = `${near ? `did you mean "${near}"? ` : ''}The templates are ${names.join(', ')}`;
    const message = `there is no template "${String(wanted).slice(0, 100)}"`;
    return { ok: false, problems: [{ pointer: '/passTemplate', message, cure }], warnings };
  }
  const coerced = coerceFields(target.design.fields, command.data, {
    mode: 'update',
    allowCustom: true,
    base: '/pass',
  });
  warnings.push(...coerced.warnings);
  const converts = target.passTypeId !== current.passTypeId;
  const conversion = converts ? convertData(target.design, data, command.data).problems : coerced.problems;
  const problems = conversion.map((problem) => ({
    ...problem,
    pointer: problem.pointer.replace(/^\/additionalData/, '/pass'),
    cure: problem.cure.replace('additionalData', 'pass'),
  }));
  return problems.length > 0 ? { ok: false, problems, warnings } : { ok: true, command, warnings };
}

const updateRoute = (deps: ApiDeps, method: 'PATCH' | 'POST'): Route =>
  route({
    method,
    path: '/v1/passes/:serialNumber',
    scope: 'Pass.Write',
    summary: method === 'PATCH' ? 'Change a pass' : 'Change a pass, for senders that can only POST, like Klaviyo',
    tag: 'Passes',
    operationId: method === 'PATCH' ? 'updatePass' : 'updatePassByPost',
    params: z.object({ serialNumber }),
    query: none,
    headers: [ACCOUNT_ID_HEADER, IDEMPOTENCY_KEY_HEADER],
    body: {
      description: 'JSON in any content type; a listed set of template accidents is repaired',
      schema: UPDATE_PASS.schema,
      example: UPDATE_PASS.example,
    },
    answers: {
      202: { description: 'Accepted and durable, in the same order as every other change', schema: accepted },
    },
    problems: ['not-found', 'listener-closed', 'flow-not-allowed', 'idempotency-key-reused'],
    async handler(ctx, { params, caller, correlationId }) {
      checkListener(ctx, caller, 'pushUpdate');
      const { tenantId } = caller.tenant;
      const sql = deps.database.tenant(tenantId);
      const pass = await withinDeadline(findPassView(sql, params.serialNumber));
      if (!pass || pass.state === 'deleted') {
        throw noSuchPass();
      }
      const [current, types] = await withinDeadline(
        Promise.all([getPassTypeVersion(sql, pass.pass_type_id, pass.pass_type_version), listPassTypes(sql)]),
      );
      const { command, repairs } = await readDelivery(ctx, caller, (given) =>
        checkUpdate(given, current!, types, pass.data),
      );
      const input: PushUpdateInput = {
        identifiers: [{ kind: 'serialNumber', value: pass.serial_number }],
        passType: command.passTemplate,
        data: command.data,
        updateMetadata: command.updateMetadata,
        version: command.version,
      };
      const { operationId } = await acceptOperation(deps, ctx, {
        caller,
        kind: 'push-update',
        origin: ctx.get('X-Klaviyo-Flow-ID') ? 'klaviyo' : 'api',
        correlationId,
        input,
        idempotencyKey: command.idempotencyKey,
        repairs,
      });
      const answer: z.output<typeof accepted> = {
        id: pass.pass_id,
        serialNumber: pass.serial_number,
        operationId,
        links: {
          operation: statusUrl(deps, tenantId, operationId),
          pass: `${deps.publicUrl}/v1/passes/${encodeURIComponent(pass.serial_number)}`,
        },
      };
      ctx.status = 202;
      ctx.body = answer;
    },
  });

/** Change one pass by its serial number: the same path as pushUpdate, with an answer that names the operation. */
export const updatePassRoutes = (deps: ApiDeps): Route[] => [updateRoute(deps, 'PATCH'), updateRoute(deps, 'POST')];
