import { z } from 'zod';

/** Trouble on request; several act in the order in which they were set, each `times` times (default once). */
export const faultSchema = z.strictObject({
  /** Only calls whose path starts so; all calls where absent. */
  path: z.string().optional(),
  method: z.string().optional(),
  times: z.int().positive().default(1),
  /** Answer with this status, without any effect. */
  status: z.int().min(300).max(599).optional(),
  retryAfter: z.string().optional(),
  /** Answer with HTML, as Klaviyo's front does in an outage. */
  html: z.boolean().optional(),
  /** Record the effect, then cut the connection before the answer. */
  dropResponse: z.boolean().optional(),
  /** Cut the connection before anything happens. */
  reset: z.boolean().optional(),
  /** Never answer. */
  hang: z.boolean().optional(),
  delayMs: z.int().nonnegative().optional(),
});
export type Fault = z.input<typeof faultSchema>;
type ActiveFault = z.output<typeof faultSchema>;

export function createFaults() {
  const active: ActiveFault[] = [];
  return {
    add: (fault: Fault) => void active.push(faultSchema.parse(fault)),
    clear: () => void active.splice(0),
    /** The fault that meets this call, used up by one; undefined where none does. */
    take(method: string, path: string): ActiveFault | undefined {
      const index = active.findIndex(
        (fault) => path.startsWith(fault.path ?? '') && (fault.method ?? method).toUpperCase() === method,
      );
      const fault = active[index];
      if (fault && --fault.times === 0) active.splice(index, 1);
      return fault;
    },
  };
}
