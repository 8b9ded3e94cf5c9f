/** A fault in a design: a JSON pointer into the pass type file, what is wrong, and what to do. */
export interface DesignProblem {
  path: string;
  message: string;
  cure: string;
  /** A warning does not stop a folder from being applied: phones take the pass, and show less than its author thinks. */
  severity?: 'warning';
}

/** Reports a fault; with `warning` one that phones bear. */
export type Add = (path: string, message: string, cure: string, severity?: 'warning') => void;

/** A style in a sentence: "A coupon", "An eventTicket". */
export const aStyle = (style: string): string => `${/^[aeiou]/.test(style) ? 'An' : 'A'} ${style}`;
