/** A fault with its offset in the text; the caller turns the offset into line and column. */
export class JsonFault extends Error {
  constructor(
    message: string,
    readonly cure: string,
    readonly at: number,
  ) {
    super(message);
  }
}

export interface Cursor {
  readonly text: string;
  at: number;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};
/** Escapes that a Python repr has beyond those of JSON. */
const PYTHON_HEX: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function readEscape(cursor: Cursor, quote: string): string {
  const char = cursor.text[cursor.at + 1] ?? '';
  if (quote === "'" && char === "'") {
    cursor.at += 2;
    return "'";
  }
  if (Object.hasOwn(ESCAPES, char)) {
    cursor.at += 2;
    return ESCAPES[char]!;
  }
  const digits = char === 'u' ? 4 : quote === "'" && Object.hasOwn(PYTHON_HEX, char) ? PYTHON_HEX[char]! : 0;
  const hex = cursor.text.slice(cursor.at + 2, cursor.at + 2 + digits);
  if (digits > 0 && hex.length === digits && /^[0-9a-fA-F]+$/.test(hex) && parseInt(hex, 16) <= 0x10ffff) {
    cursor.at += 2 + digits;
    return digits === 4 ? String.fromCharCode(parseInt(hex, 16)) : String.fromCodePoint(parseInt(hex, 16));
  }
  throw new JsonFault(
    'a backslash is in a text where JSON does not allow it',
    'the profile value holds a backslash: remove it there, or leave this property out',
    cursor.at,
  );
}

/** Reads the quoted text at the cursor; single quotes follow Python's rules, double quotes those of JSON. */
export function readString(cursor: Cursor, name: string): string {
  const quote = cursor.text[cursor.at]!;
  const start = cursor.at++;
  let out = '';
  for (;;) {
    const char = cursor.text[cursor.at];
    if (char === undefined) {
      throw new JsonFault(
        `the body ends at character ${cursor.text.length}, in the middle of the text of ${name}`,
        'send the whole of it if it was cut off; otherwise close the quote that is opened here',
        start,
      );
    }
    if (char === quote) {
      cursor.at++;
      return out;
    }
    if (char === '\\') out += readEscape(cursor, quote);
    else if (char < ' ') {
      throw new JsonFault(
        'a line break or tab is inside a text between quotes',
        'the profile value has several lines: remove the breaks there, or leave this property out',
        cursor.at,
      );
    } else {
      out += char;
      cursor.at++;
    }
  }
}
