import type { Log } from '../embedded/progress.js';

/** What a terminal, or a pipe, offers to a printer. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
  hasColors?(): boolean;
}

export interface Printer {
  heading(text: string): void;
  /** A plain line, indented under its heading. */
  line(text?: string): void;
  /** Something that happened: a tick, a label, what came of it, and how long it took. */
  tick(label: string, detail?: string, ms?: number): void;
  /** Something that should not have happened. */
  cross(label: string, detail?: string): void;
  /** Runs `work` under a label; ends in a tick with what `describe` says, or in a cross. */
  step<T>(label: string, work: (log: Log) => Promise<T>, describe?: (result: T) => string): Promise<T>;
  bold(text: string): string;
  dim(text: string): string;
}

const LABEL_WIDTH = 22;
const DETAIL_WIDTH = 62;

const milliseconds = (ms: number): string => (ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** Prints for people. Colours and lines that are written over appear on a terminal only. */
export function createPrinter(output: Output, now: () => number = () => performance.now()): Printer {
  const colours = output.isTTY === true && (output.hasColors?.() ?? false);
  const paint = (code: string) => (text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  const bold = paint('1');
  const dim = paint('2');
  const green = paint('32');
  const red = paint('31');
  const cyan = paint('1;36');
  const write = (text: string): void => void output.write(`${text}\n`);

  const row = (mark: string, label: string, detail = '', ms?: number): void => {
    const text = ms === undefined ? detail : detail.padEnd(DETAIL_WIDTH);
    write(`  ${mark} ${label.padEnd(LABEL_WIDTH)} ${text}${ms === undefined ? '' : dim(milliseconds(ms).padStart(9))}`);
  };
  const tick = (label: string, detail?: string, ms?: number): void => row(green('✔'), label, detail, ms);
  const cross = (label: string, detail?: string): void => row(red('✘'), label, detail);

  return {
    heading: (text) => write(`\n${cyan(text)}`),
    line: (text = '') => write(text === '' ? '' : `    ${text}`),
    tick,
    cross,
    async step(label, work, describe) {
      const startedAt = now();
      const waiting = output.isTTY === true;
      const clear = (): void => void (waiting && output.write('\r\u001b[2K'));
      const pending = (): void => void (waiting && output.write(`  … ${label}`));
      pending();
      try {
        const result = await work((text) => {
          clear();
          write(`    ${dim(text)}`);
          pending();
        });
        clear();
        tick(label, describe?.(result) ?? '', now() - startedAt);
        return result;
      } catch (error) {
        clear();
        cross(label);
        throw error;
      }
    },
    bold,
    dim,
  };
}
