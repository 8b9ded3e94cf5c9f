const PAIR = /"((?:[^"\\]|\\[\s\S])*)"\s*=\s*"((?:[^"\\]|\\[\s\S])*)"\s*;/g;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unescape = (text: string): string =>
  text.replace(/\\(U[0-9a-fA-F]{4}|[\s\S])/g, (_, what: string) =>
    what.length === 5 ? String.fromCharCode(parseInt(what.slice(1), 16)) : (ESCAPES[what] ?? what),
  );

/** UTF-16 with a byte order mark, as older tools write it, or UTF-8. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(bytes.subarray(2)).swap16().toString('utf16le');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** A `pass.strings` file: source text to translation. Comments and what is no pair are passed over. */
export function readStrings(bytes: Buffer): Record<string, string> {
  const text = decode(bytes).replace(/^\s*\/\*[\s\S]*?\*\//gm, '');
  return Object.fromEntries([...text.matchAll(PAIR)].map(([, from, to]) => [unescape(from!), unescape(to!)]));
}
