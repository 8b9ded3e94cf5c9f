/** A fault that the next matching requests meet. */
export interface Fault {
  /** HTTP status to answer; absent: only the delay, or the lost answer. */
  status?: number;
  /** Google's reason word (`quotaExceeded`, `backendError`). */
  reason?: string;
  /** How many requests meet it; absent: one. */
  times?: number;
  delayMs?: number;
  /** Part of the path, such as `loyaltyObject` or `/token`; absent: any. */
  path?: string;
  method?: string;
  retryAfterSeconds?: number;
  /** The request takes effect, but its answer is never sent: the connection breaks. */
  loseAnswer?: boolean;
}

export interface Faults {
  add(fault: Fault): void;
  clear(): void;
  /** Takes the first fault that matches, and counts it. */
  take(method: string, path: string): Fault | undefined;
}

const FIELDS: Readonly<Record<string, string>> = {
  status: 'number',
  reason: 'string',
  times: 'number',
  delayMs: 'number',
  path: 'string',
  method: 'string',
  retryAfterSeconds: 'number',
  loseAnswer: 'boolean',
};

export function createFaults(): Faults {
  let waiting: { fault: Fault; left: number }[] = [];
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1 }),
    clear: () => void (waiting = []),
    take(method, path) {
      const found = waiting.find(
        ({ fault }) => (!fault.path || path.includes(fault.path)) && (!fault.method || fault.method === method),
      );
      if (found && --found.left <= 0) waiting = waiting.filter((f) => f !== found);
      return found?.fault;
    },
  };
}

/** Reads a fault sent over HTTP, or says what is wrong with it. */
export function readFault(body: unknown): Fault | string {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return 'a JSON object is expected';
  for (const [field, value] of Object.entries(body)) {
    if (FIELDS[field] !== typeof value) return `${field} is not a field of a fault, or of the wrong type`;
  }
  const { status } = body as Fault;
  if (status !== undefined && !(Number.isInteger(status) && status >= 400 && status <= 599))
    return 'status must be 400 to 599';
  return body as Fault;
}
