const ENTRY = /\s*(?:\/\*[\s\S]*?\*\/|\/\/[^\n]*|"((?:[^"\\]|\\[\s\S])*)"\s*=\s*"((?:[^"\\]|\\[\s\S])*)"\s*;)/y;

/** Reads a pass.strings file (UTF-8, or UTF-16 with a byte order mark): `"key" = "value";`. Throws an Error with the line at fault. */
export function parseStrings(bytes: Buffer): Map<string, string> {
  const text = decode(bytes);
  const entries = new Map<string, string>();
  ENTRY.lastIndex = 0;
  while (text.slice(ENTRY.lastIndex).trim() !== '') {
    const at = ENTRY.lastIndex;
    const match = ENTRY.exec(text);
    if (match === null)
      throw new Error(`pass.strings: line ${text.slice(0, at).trimEnd().split('\n').length} is not understood`);
    if (match[1] !== undefined) entries.set(unescape(match[1]), unescape(match[2] ?? ''));
  }
  return entries;
}

function decode(bytes: Buffer): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding, { fatal: true }).decode(bytes);
}

const unescape = (text: string): string =>
  text.replace(/\\([\s\S])/g, (_, character: string) => ({ n: '\n', t: '\t', r: '\r' })[character] ?? character);
