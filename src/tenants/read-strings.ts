const PAIR = /"((?:[^"\\]|\\[\s\S])*)"\s*=\s*"((?:[^"\\]|\\[\s\S])*)"\s*;/g;

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
const unescape = (text: string): string =>
  text.replace(/\\(U[0-9a-fA-F]{4}|[\s\S])/g, (_, what: string) =>
    what.length === 5 ? String.fromCharCode(parseInt(what.slice(1), 16)) : (ESCAPES[what] ?? what),
  );

/** UTF-16, as older tools write it, with a byte order mark or without one, or UTF-8. */
function decode(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(bytes.subarray(2)).swap16().toString('utf16le');
  if (bytes.length % 2 === 0 && bytes[0] !== 0 && bytes[1] === 0) return bytes.toString('utf16le');
  if (bytes.length % 2 === 0 && bytes[0] === 0) return Buffer.from(bytes).swap16().toString('utf16le');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

function withoutComments(text: string): string {
  const kept: string[] = [];
  let from = 0;
  for (;;) {
    const start = text.indexOf('/*', from);
    const end = start === -1 ? -1 : text.indexOf('*/', start + 2);
    // A comment marker inside a text ("http://*") opens nothing unless it begins a line.
    if (start === -1 || end === -1) return kept.join('') + text.slice(from);
    const lineStart = text.lastIndexOf('\n', start) + 1;
    const opens = text.slice(lineStart, start).trim() === '';
    kept.push(text.slice(from, opens ? start : start + 2));
    from = opens ? end + 2 : start + 2;
  }
}

/** A `pass.strings` file: source text to translation, and what is neither a pair nor a comment. */
export function readStrings(bytes: Buffer): { strings: Record<string, string>; unread: string } {
  const text = withoutComments(decode(bytes));
  const pairs = [...text.matchAll(PAIR)].map(([, from, to]) => [unescape(from!), unescape(to!)] as const);
  const lines = text.replace(PAIR, '').split('\n');
  const rest = lines.filter((line) => !line.trimStart().startsWith('//')).join('\n');
  return { strings: Object.fromEntries(pairs), unread: rest.trim() };
}
