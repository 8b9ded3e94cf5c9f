import { median } from './statistics.js';

export interface Line {
  name: string;
  value: number;
  unit: string;
}

export interface Ratio {
  name: string;
  value: number;
  /** Lowest and highest of the rounds, where there were rounds. */
  range?: [number, number];
  /** A measure without a goal is there for comparison. */
  goal?: { atMost: number } | { atLeast: number };
  /** `x` unless told: the goals of issue texts are ratios, save for one in milliseconds. */
  unit?: string;
}

export interface Result {
  title: string;
  /** How it was measured, in sentences. */
  method: string;
  lines: Line[];
  ratios: Ratio[];
}

/** The median of a ratio over interleaved rounds: other load on the machine hits both sides of one round alike. */
export function ratioOfRounds(
  name: string,
  ours: readonly number[],
  theirs: readonly number[],
  goal?: Ratio['goal'],
): Ratio {
  const ratios = ours.map((value, round) => value / theirs[round]!);
  return {
    name,
    value: median(ratios),
    range: [Math.min(...ratios), Math.max(...ratios)],
    ...(goal && { goal }),
  };
}

export const isMet = ({ value, goal }: Ratio): boolean | null =>
  goal === undefined ? null : 'atMost' in goal ? value <= goal.atMost : value >= goal.atLeast;

export const goalText = ({ goal, unit = 'x' }: Ratio): string =>
  goal === undefined ? '' : 'atMost' in goal ? `at most ${goal.atMost}${unit}` : `at least ${goal.atLeast}${unit}`;

const number = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** `1.23x (1.10 to 1.31)`. */
export const ratioText = ({ value, range, unit = 'x' }: Ratio): string =>
  number(value) + unit + (range ? ` (${number(range[0])} to ${number(range[1])})` : '');

const verdict = (ratio: Ratio): string => ({ true: 'met', false: 'NOT met', null: '' })[String(isMet(ratio))]!;

/** The result as the terminal shows it. */
export function toText({ title, lines, ratios }: Result): string {
  const rows = [
    ...lines.map(({ name, value, unit }) => `  ${name.padEnd(74)} ${number(value).padStart(9)} ${unit}`),
    ...ratios.map((ratio) =>
      `  ${ratio.name.padEnd(74)} ${ratioText(ratio).padEnd(24)} ${goalText(ratio).padEnd(16)} ${verdict(ratio)}`.trimEnd(),
    ),
  ];
  return `\n${title}\n${rows.join('\n')}`;
}

/** The result as a section of docs/benchmarks.md. */
export function toMarkdown({ title, method, lines, ratios }: Result): string {
  const table = (head: string[], rows: string[][]): string =>
    [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const ratioTable = table(
    ['ratio', 'measured (lowest to highest round)', 'goal', ''],
    ratios.map((ratio) => [ratio.name, ratioText(ratio), goalText(ratio), verdict(ratio)]),
  );
  const lineTable = table(
    ['measure', 'value'],
    lines.map(({ name, value, unit }) => [name, `${number(value)} ${unit}`]),
  );
  return `## ${title}\n\n${method}\n\n${ratioTable}\n\nThe figures behind it, of this machine and this run only:\n\n${lineTable}\n`;
}
