/** A fault to order; `count` (default 1) says how many pushes it meets. `outage` and `throttle` without count last until lifted. */
export type ApnsFault =
  | {
      readonly kind: 'status';
      readonly status: 500 | 503;
      readonly count?: number;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: 'slow'; readonly delayMs: number; readonly count?: number }
  | { readonly kind: 'silent'; readonly count?: number }
  | { readonly kind: 'go-away'; readonly count?: number }
  | {
      readonly kind: 'drop-connection';
      readonly count?: number;
      /** True: the push reaches the device and only the answer is lost. */
      readonly delivered?: boolean;
    }
  | {
      readonly kind: 'throttle';
      readonly token: string;
      readonly count?: number;
      readonly on?: boolean;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: 'outage'; readonly on: boolean }
  | { readonly kind: 'clear' };

type CountedFault = Exclude<ApnsFault, { kind: 'throttle' | 'outage' | 'clear' }>;
type Throttle = Extract<ApnsFault, { kind: 'throttle' }>;

/** The faults in force: a queue of those that meet the next pushes, tokens being throttled, and whether everything is down. */
export interface Faults {
  readonly outage: boolean;
  /** Throws an Error naming the problem when the order makes no sense. */
  order(fault: ApnsFault): void;
  /** Takes the fault that the next push meets, if any. */
  next(): CountedFault | undefined;
  /** Takes one throttled answer for this token, if it is throttled. */
  throttled(token: string): Throttle | undefined;
}

const KINDS = ['status', 'slow', 'silent', 'go-away', 'drop-connection', 'throttle', 'outage', 'clear'];

/** Faults in the order they were ordered; `onOutage` is called whenever an outage begins. */
export function createFaults(onOutage: () => void): Faults {
  let queue: { fault: CountedFault; left: number }[] = [];
  const throttles = new Map<string, { fault: Throttle; left: number }>();
  let outage = false;

  return {
    get outage() {
      return outage;
    },
    order(fault) {
      requireSense(fault);
      if (fault.kind === 'clear') {
        queue = [];
        throttles.clear();
        outage = false;
      } else if (fault.kind === 'outage') {
        outage = fault.on;
        if (outage) onOutage();
      } else if (fault.kind === 'throttle') {
        const token = fault.token.toLowerCase();
        if (fault.on === false) throttles.delete(token);
        else throttles.set(token, { fault, left: fault.count ?? Infinity });
      } else {
        queue.push({ fault, left: fault.count ?? 1 });
      }
    },
    next() {
      const head = queue[0];
      if (head === undefined) return undefined;
      head.left -= 1;
      if (head.left <= 0) queue.shift();
      return head.fault;
    },
    throttled(token) {
      const entry = throttles.get(token);
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) throttles.delete(token);
      return entry.fault;
    },
  };
}

function requireSense(fault: ApnsFault): void {
  if (!KINDS.includes(fault?.kind)) throw new Error(`kind must be one of: ${KINDS.join(', ')}`);
  if ('count' in fault && fault.count !== undefined && !(Number.isInteger(fault.count) && fault.count > 0))
    throw new Error('count must be a whole number above 0');
  if (fault.kind === 'status' && fault.status !== 500 && fault.status !== 503)
    throw new Error('status must be 500 or 503');
  if (fault.kind === 'slow' && !(fault.delayMs >= 0)) throw new Error('delayMs must be a number of milliseconds');
  if (fault.kind === 'throttle' && typeof fault.token !== 'string') throw new Error('token must be a string');
  if (fault.kind === 'outage' && typeof fault.on !== 'boolean') throw new Error('on must be true or false');
}
