import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

export const HISTORIES = fileURLToPath(new URL('./histories/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PER_WORKFLOW_TYPE = 8;

interface HistoryEvent {
  eventType: string;
  activityTaskScheduledEventAttributes?: { activityType?: { name?: string } };
  markerRecordedEventAttributes?: { details?: Record<string, { payloads?: { data?: string }[] }> };
}

/** What a history does, without ids and times: two runs of the same shape prove the same thing. */
function shapeOf(events: HistoryEvent[]): string {
  return events
    .map((event) => {
      const marker = event.markerRecordedEventAttributes?.details?.['data']?.payloads?.[0]?.data;
      const local =
        marker &&
        (JSON.parse(Buffer.from(marker, 'base64').toString('utf8')) as { activity_type?: string }).activity_type;
      return `${event.eventType}:${event.activityTaskScheduledEventAttributes?.activityType?.name ?? local ?? ''}`;
    })
    .filter((name) => !name.includes('WORKFLOW_TASK'))
    .join('>');
}

/** The visibility query for every run that has ended. */
export const ENDED = `ExecutionStatus = 'Completed' OR ExecutionStatus = 'Failed' OR ExecutionStatus = 'Canceled'`;

/** Keeps one history of each shape of every workflow type that a server has seen: `RECORD_HISTORIES=1 npm test`. */
export async function recordHistories(address: string): Promise<number> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  rmSync(HISTORIES, { recursive: true, force: true });
  mkdirSync(HISTORIES, { recursive: true });
  const kept = new Map<string, Set<string>>();
  const listed = client.workflow.list({ query: ENDED });
  for await (const execution of listed) {
    const shapes = kept.get(execution.type) ?? new Set();
    kept.set(execution.type, shapes);
    if (shapes.size >= PER_WORKFLOW_TYPE) continue;
    const history = await client.workflow.getHandle(execution.workflowId, execution.runId).fetchHistory();
    const text = historyToJSON(history) as unknown;
    const json = (typeof text === 'string' ? JSON.parse(text) : text) as { events: HistoryEvent[] };
    if (json.events.length > 300) continue;
    const shape = shapeOf(json.events);
    if (shapes.has(shape)) continue;
    shapes.add(shape);
    // Who ran it, and where, is of no interest and names a machine.
    const plain = JSON.stringify(json, (key, value: unknown) => (key === 'identity' ? 'worker' : value))
      .replaceAll(ROOT, '/app/')
      // A bundle from the cache may name the folder of another checkout.
      .replaceAll(/\(\/[^\s():]*?\/(?=(?:node_modules|src)\/)/g, '(/app/')
      .replaceAll(/\b\d+@[\w.-]+/g, 'worker');
    writeFileSync(join(HISTORIES, `${execution.type}-${shapes.size}.json`), `${plain}\n`);
  }
  await connection.close();
  return readdirSync(HISTORIES).length;
}
