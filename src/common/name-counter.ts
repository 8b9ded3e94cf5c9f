import { createHash, randomBytes } from 'node:crypto';

export interface NameCounter {
  /** Counts one more of a name: how many there were in this window, and when it ends. */
  add(name: string): { count: number; endsInMs: number };
}

const ROWS = 4;
/** One for each value of two bytes of a digest. */
const CELLS = 65_536;
const MOST = 65_535;

/**
 * Counts names that strangers choose, in half a megabyte whatever they choose: a count-min sketch. A name has one cell in
 * each row, and the smallest of them is its count: never too low, and too high only where all of its cells are shared.
 * Which cells those are depends on a secret of the process, so that no caller can fill another's.
 */
export function createNameCounter(options: { windowMs: number; now: () => number }): NameCounter {
  const { windowMs, now } = options;
  const secret = randomBytes(16);
  let cells: Uint16Array | undefined;
  let window = NaN;
  return {
    add(name) {
      const at = now();
      const current = Math.floor(at / windowMs);
      cells ??= new Uint16Array(ROWS * CELLS);
      if (current !== window) cells.fill(0);
      window = current;
      const digest = createHash('sha256').update(secret).update(name).digest();
      const own = Array.from({ length: ROWS }, (_, row) => row * CELLS + digest.readUInt16LE(2 * row));
      const count = Math.min(MOST, Math.min(...own.map((cell) => cells![cell]!)) + 1);
      // Raised only where it is lower: a cell that another name has filled stays as it is.
      for (const cell of own) cells[cell] = Math.max(cells[cell]!, count);
      return { count, endsInMs: (current + 1) * windowMs - at };
    },
  };
}
