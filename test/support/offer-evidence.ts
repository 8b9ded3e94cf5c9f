import type { TestDatabase } from './database.js';
import type { SeededTenant } from './tenant.js';

type Row = Record<string, unknown>;

/** All that is left of a tenant's offers; ids by their place, as they differ from tenant to tenant. */
export async function offerEvidence(
  db: TestDatabase,
  { tenantId, passTypes }: SeededTenant,
  ids: readonly string[],
): Promise<Record<string, Row[]>> {
  const place = 'array_position($2::uuid[], operation_id) as place';
  const of = (text: string) => db.owner<Row>(text, [tenantId, ids]);
  const state = {
    operations: await of(
      `select ${place}, acceptance_sequence::text as sequence, status, outcome, matched, changed_fields, revision
         from operations where tenant_id = $1 order by 1`,
    ),
    steps: await of(
      `select ${place}, step, state, attempts, detail from operation_steps
        where tenant_id = $1 and operation_id = any($2) order by 1, 2`,
    ),
    passes: await of(
      `select c.email, p.pass_type_id, p.data, p.field_sequences, p.visuals, p.offers, p.revision, $2::uuid[] is null as none
         from passes p join customers c using (customer_id) where p.tenant_id = $1 and c.email like 'c%' order by 1`,
    ),
    revisions: await of(
      `select c.email, r.revision, ${place}, r.change, r.changed
         from pass_revisions r join passes p using (pass_id) join customers c using (customer_id)
        where r.tenant_id = $1 order by 1, 2`,
    ),
    offers: await of(
      `select array_position($2::uuid[], offer_id) as place, pass_type_id, fields, priority, notify_at_end, state, asked,
              started_at is not null as started, ended_at is not null as ended, ends_at
         from offers where tenant_id = $1 order by 1`,
    ),
    events: await of(
      `select ${place}, type, payload - array['passTemplate', 'revision'] as payload from events
        where tenant_id = $1 order by 1`,
    ),
  };
  let text = JSON.stringify(state);
  for (const [index, id] of ids.entries()) {
    const sequence = String(state.operations[index]!['sequence']);
    text = text
      .replaceAll(id, `op-${index}`)
      .replaceAll(new RegExp(`(["=])${sequence}(?=[;"\\\\])`, 'g'), `$1s-${index}`);
  }
  const plain = JSON.parse(
    text.replaceAll(passTypes.basic, 'basic').replaceAll(passTypes.premium, 'premium'),
  ) as Record<string, Row[]>;
  for (const step of plain['steps'] as { step: string; detail: Record<string, number> }[]) {
    if (step.step !== 'notify-devices') continue;
    // Alone each operation pushes; in a burst the newest does, and the others are covered by it.
    const { devices, delivered = 0, covered = 0 } = step.detail;
    step.detail = { devices: devices!, told: delivered + covered };
  }
  return plain;
}
