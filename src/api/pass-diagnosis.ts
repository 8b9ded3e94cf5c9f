import {
  findDiagnosedPass,
  findGoogleFacts,
  listDiagnosedDevices,
  type DiagnosedPass,
} from '../database/devices/pass-diagnosis.js';
import { findOffer } from '../database/offers/offers.js';
import { listCertificateExpiries } from '../database/tenants/certificates.js';
import { getPassTypeVersion } from '../database/tenants/pass-types.js';
import { answerOf, diagnosePass, type Finding } from '../passes/diagnosis.js';
import type { ApiDeps } from './route.js';

export interface PassDiagnosis {
  pass: DiagnosedPass;
  answer: Finding;
  findings: Finding[];
}

/** Gathers what is known of a pass and judges it; undefined where the tenant has no such pass. */
export async function loadPassDiagnosis(
  deps: Pick<ApiDeps, 'database' | 'passSigner' | 'google' | 'now'>,
  tenantId: string,
  which: { passId: string } | { serialNumber: string },
): Promise<PassDiagnosis | undefined> {
  const sql = deps.database.tenant(tenantId);
  const pass = await findDiagnosedPass(sql, which);
  if (!pass) return undefined;
  const identifier = pass.apple_pass_type_identifier;
  const version = await getPassTypeVersion(sql, pass.pass_type_id, pass.pass_type_version);
  const hasGoogle = version?.design.google !== undefined;
  const [offers, devices, google, expiries, signable, canSave] = await Promise.all([
    Promise.all(pass.offers.map(({ id }) => findOffer(sql, id))),
    listDiagnosedDevices(sql, pass.pass_id),
    findGoogleFacts(sql, pass.pass_id),
    listCertificateExpiries(sql),
    identifier !== null && deps.passSigner.canSign(tenantId, identifier),
    hasGoogle && deps.google.canSave(tenantId),
  ]);
  const certificate = expiries.find((one) => one.tenantId === tenantId && one.passTypeIdentifier === identifier);
  const findings = diagnosePass({
    now: deps.now(),
    state: pass.state,
    revision: pass.revision,
    modifiedAt: pass.modified_at,
    offers: offers.flatMap((row) =>
      row === undefined
        ? []
        : [
            {
              covers: [...(row.pass_type_id === null ? [] : ['the type']), ...Object.keys(row.fields)],
              until: row.ends_at,
            },
          ],
    ),
    messages: pass.messages.map(({ at }) => new Date(at)),
    apple:
      identifier === null
        ? null
        : {
            passTypeIdentifier: identifier,
            certificateEnds: certificate?.notAfter ?? null,
            signable,
            devices: devices.map((row) => ({
              name: `Apple device ${row.device_id.slice(0, 8)}`,
              since: row.since,
              tokenGoneAt: row.token_gone_at,
              listedAt: row.listed_at,
              fetchedAt: row.fetched_at,
              fetchedRevision: row.fetched_revision,
              push:
                row.push_state === null ? null : { state: row.push_state, reason: row.push_reason, at: row.push_at! },
              dueAt: row.due_at,
            })),
          },
    google: !hasGoogle
      ? null
      : {
          signable: canSave,
          calledBack: google.calledBack,
          object: google.object && {
            state: google.object.state,
            savedAt: google.object.saved_at,
            removedAt: google.object.removed_at,
            syncedRevision: google.object.synced_revision,
            notifiedAt: google.object.notified_at,
            createdAt: google.object.created_at,
          },
        },
  });
  return { pass, answer: answerOf(findings), findings };
}
