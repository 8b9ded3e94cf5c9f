import { percentile } from '../statistics.js';
import { isSuccess, type JournalLine } from './journal.js';
import type { Fault } from './judge.js';
import type { Stack } from './stack.js';

/** When a run's fault began and ended, by this machine's clock. */
export interface Phases {
  begunMs: number;
  harmedMs: number;
  wellMs: number;
  settledMs: number;
}

export interface RunResult {
  readonly name: string;
  /** Requests with a first 2xx. */
  readonly acknowledged: number;
  readonly attempts: number;
  readonly unavailable: number;
  readonly broken: number;
  /** Seconds from acceptance to the end, median, 99th percentile and longest, of what was accepted before, during and after. */
  readonly before: string;
  readonly during: string;
  readonly after: string;
  /** Seconds from the end of the fault to the last end of what was accepted before it was over. */
  readonly recovered: number;
  readonly faults: readonly Fault[];
}

function spread(seconds: readonly number[]): string {
  if (seconds.length === 0) return '-';
  return [0.5, 0.99, 1].map((share) => percentile(seconds, share).toFixed(1)).join('/');
}

/** The figures of one run, from the lines that it added to the journal and from the operations of its time. */
export async function measure(
  { query }: Stack,
  name: string,
  lines: readonly JournalLine[],
  phases: Phases,
  faults: readonly Fault[],
): Promise<RunResult> {
  const rows = await query<{ accepted: string; ended: string }>(
    `select extract(epoch from accepted_at) * 1000 as accepted, extract(epoch from ended_at) * 1000 as ended
       from operations
      where origin in ('klaviyo', 'api') and ended_at is not null
        and accepted_at between to_timestamp($1 / 1000.0) and to_timestamp($2 / 1000.0)`,
    [phases.begunMs, phases.settledMs],
  );
  const operations = rows.map(({ accepted, ended }) => ({ accepted: Number(accepted), ended: Number(ended) }));
  const within = (from: number, to: number): string =>
    spread(
      operations
        .filter(({ accepted }) => accepted >= from && accepted < to)
        .map(({ accepted, ended }) => (ended - accepted) / 1000),
    );
  const answers = lines.flatMap((line) => (line.event === 'answered' ? [line] : []));
  const lastEnd = Math.max(
    phases.wellMs,
    ...operations.filter(({ accepted }) => accepted < phases.wellMs).map(({ ended }) => ended),
  );
  return {
    name,
    acknowledged: new Set(answers.filter(({ status }) => isSuccess(status)).map(({ key }) => key)).size,
    attempts: answers.length,
    unavailable: answers.filter(({ status }) => status === 503).length,
    broken: answers.filter(({ status }) => status === null).length,
    before: within(phases.begunMs, phases.harmedMs),
    during: within(phases.harmedMs, phases.wellMs),
    after: within(phases.wellMs, phases.settledMs),
    recovered: (lastEnd - phases.wellMs) / 1000,
    faults,
  };
}

const COLUMNS: readonly (readonly [title: string, width: number, value: (result: RunResult) => string])[] = [
  ['run', -26, ({ name }) => name],
  ['requests', 8, ({ attempts }) => String(attempts)],
  ['acks', 5, ({ acknowledged }) => String(acknowledged)],
  ['503', 5, ({ unavailable }) => String(unavailable)],
  ['broken', 6, ({ broken }) => String(broken)],
  ['before', 15, ({ before }) => before],
  ['during', 15, ({ during }) => during],
  ['after', 15, ({ after }) => after],
  ['recovered', 9, ({ recovered }) => recovered.toFixed(0)],
  ['verdict', -1, ({ faults }) => verdict(faults)],
];

function verdict(faults: readonly Fault[]): string {
  if (faults.length === 0) return 'holds';
  const harms = [...new Set(faults.map(({ harm }) => harm))];
  return harms.map((harm) => `${faults.filter((fault) => fault.harm === harm).length} ${harm}`).join(', ');
}

const pad = (text: string, width: number): string => (width < 0 ? text.padEnd(-width) : text.padStart(width));

export const headLine = (): string => COLUMNS.map(([title, width]) => pad(title, width)).join('  ');
export const resultLine = (result: RunResult): string =>
  COLUMNS.map(([, width, value]) => pad(value(result), width)).join('  ');
