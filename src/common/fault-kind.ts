/**
 * What is wrong with a value. A caller reads message and cure; a form, which has names and words of its own, says the kind in them.
 */
export type FaultKind =
  | 'missing'
  /** Not of the form that it must have: another type, out of range, none of the choices. */
  | 'form'
  | 'length'
  /** A template tag stands in it. */
  | 'tag'
  /** A time that has passed. */
  | 'passed'
  /** A time too far ahead. */
  | 'far'
  /** A time that is not after the one where it begins. */
  | 'order'
  /** A time that is the one where it begins. */
  | 'same'
  /** A column is asked for, and there is no file. */
  | 'column';
