/** Statuses from which a workflow never comes back; a new one that we do not know is left alone. */
const CLOSED: ReadonlySet<string> = new Set(['COMPLETED', 'FAILED', 'CANCELLED', 'TERMINATED', 'TIMED_OUT']);

/** Whether a workflow of this status has ended for good. */
export const isClosed = (status: string): boolean => CLOSED.has(status);
