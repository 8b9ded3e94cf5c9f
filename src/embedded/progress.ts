/** Prints one line; the caller decides where it goes. */
export type Log = (line: string) => void;

export interface Progress {
  /** Says how far the work is; shown with the next line. */
  note(text: string): void;
  /** Ends the lines; a text given is printed with the elapsed time. */
  end(text?: string): void;
}

export interface ProgressOptions {
  /** What is being done, with its size where that is known. */
  label: string;
  log: Log;
  /** Milliseconds between two lines; 5 s on a terminal, 15 s elsewhere, so that build logs stay short. */
  intervalMs?: number;
  /** Milliseconds until the first line: shorter work says nothing. */
  firstMs?: number;
  now?: () => number;
}

/** From here on something is worth a line. */
export const NOTICEABLE_MS = 2_000;

function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Says what takes long: the label after two seconds, then how far it is, now and then. A line that would only repeat
 * the last one is left out.
 */
export function startProgress(options: ProgressOptions): Progress {
  const { label, log, intervalMs = process.stdout.isTTY ? 5_000 : 15_000, firstMs = NOTICEABLE_MS } = options;
  const { now = Date.now } = options;
  const startedAt = now();
  let note = '';
  let printed: string | undefined;
  const print = () => {
    if (note !== printed) log(`${label}${note ? `: ${note}` : ''} … ${elapsed(now() - startedAt)}`);
    printed = note;
  };
  let timer = setTimeout(() => {
    print();
    timer = setInterval(print, intervalMs);
    timer.unref();
  }, firstMs);
  timer.unref();
  return {
    note(text) {
      note = text;
    },
    end(text) {
      clearTimeout(timer);
      const ms = now() - startedAt;
      if (text && ms >= firstMs) log(`${text} (${elapsed(ms)})`);
    },
  };
}
