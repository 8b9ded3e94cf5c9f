/** Schemes that programs read and no wallet opens. */
const UNOPENED = /^(?:javascript|data|vbscript|file|blob|about):/i;
/** The scheme of a web page with the host behind it, or another one with what it leads to. */
const WHOLE = /^(?:https?:\/\/[^/\s?#][^\s]*|(?!https?:)[a-z][a-z0-9+.-]*:[^\s?][^\s]*)$/i;

/** Why a phone opens nothing for an address: not a whole one, or of a scheme for programs; undefined where it does. */
export function unopenable(address: string): 'incomplete' | 'for programs' | undefined {
  if (!WHOLE.test(address) || !URL.canParse(address)) return 'incomplete';
  return UNOPENED.test(address) ? 'for programs' : undefined;
}
