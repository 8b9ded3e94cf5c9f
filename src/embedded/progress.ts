/** Prints one line; the caller decides where it goes. */
export type Log = (line: string) => void;

export interface Progress {
  /** Says what is being done at the moment; shown with the next line. */
  note(text: string): void;
  /** Ends the lines; a text given is printed with the elapsed time. */
  end(text?: string): void;
}

export interface ProgressOptions {
  label: string;
  log: Log;
  /** Milliseconds between two lines; 5 s on a terminal, 15 s elsewhere, so that build logs stay short. */
  intervalMs?: number;
  now?: () => number;
}

function elapsed(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Prints a line with the elapsed time now and then while long work runs. */
export function startProgress({ label, log, intervalMs, now = Date.now }: ProgressOptions): Progress {
  const startedAt = now();
  let note = '';
  const print = () => log(`${label} … ${elapsed(now() - startedAt)}${note ? ` (${note})` : ''}`);
  const timer = setInterval(print, intervalMs ?? (process.stdout.isTTY ? 5_000 : 15_000));
  timer.unref();
  return {
    note(text) {
      note = text;
    },
    end(text) {
      clearInterval(timer);
      if (text) log(`${text} (${elapsed(now() - startedAt)})`);
    },
  };
}
