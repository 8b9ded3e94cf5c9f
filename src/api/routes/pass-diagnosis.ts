import { z } from 'zod';
import { PASS_STATES } from '../../passes/pass.js';
import { none, serialNumber } from '../parameters.js';
import { loadPassDiagnosis } from '../pass-diagnosis.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { noSuchPass } from './pass-by-serial.js';

const finding = z.object({
  code: z.string().describe('Stable word, such as `certificate-expired` or `silent-after-push`'),
  severity: z.enum(['ok', 'info', 'look', 'wrong']),
  message: z.string(),
  cure: z.string().nullable().describe('What to do; null where nothing is to be done'),
});

/** Why a pass on a phone is, or is not, what it should be. */
export const passDiagnosisRoutes = (deps: ApiDeps): Route[] => [
  route({
    method: 'GET',
    path: '/v1/passes/:serialNumber/diagnosis',
    scope: 'Pass.Read',
    summary: 'Why a phone does or does not show the newest state of a pass',
    tag: 'Passes',
    operationId: 'diagnosePass',
    params: z.object({ serialNumber }),
    query: none,
    answers: {
      200: {
        description: 'Certificate, devices, pushes and Google, each with its cure',
        schema: z.object({
          serialNumber: z.string(),
          state: z.enum(PASS_STATES),
          revision: z.int(),
          answer: finding.describe('The likeliest reason'),
          findings: z.array(finding),
        }),
      },
    },
    problems: ['not-found'],
    async handler(ctx, { params, caller }) {
      const found = await loadPassDiagnosis(deps, caller.tenant.tenantId, params);
      if (!found) throw noSuchPass();
      const { pass, answer, findings } = found;
      ctx.body = {
        serialNumber: pass.serial_number,
        state: pass.state,
        revision: pass.revision,
        answer,
        findings,
      };
    },
  }),
];
