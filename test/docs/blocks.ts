import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a document, with the words above it. */
export interface Block {
  place: string;
  language: string;
  text: string;
  /** What stands between the block before and this one. */
  above: string;
}

export function fencedBlocks(root: string, file: string): Block[] {
  const blocks: Block[] = [];
  let above: string[] = [];
  let open: { language: string; indent: number; line: number; text: string[] } | null = null;
  for (const [index, line] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
    const fence = /^( *)```(\w*)$/.exec(line);
    if (fence && open) {
      const { indent } = open;
      const text = open.text.map((inside) => inside.slice(indent)).join('\n');
      blocks.push({ place: `${file}:${open.line}`, language: open.language, text, above: above.join('\n') });
      open = null;
      above = [];
    } else if (fence) open = { language: fence[2]!, indent: fence[1]!.length, line: index + 1, text: [] };
    else (open?.text ?? above).push(line);
  }
  return blocks;
}

export interface ShellCommand {
  env: Record<string, string>;
  words: string[];
}

const WORD = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\$([A-Z_]+)|([^\s'"$]+)/y;

/** The commands of a block for a shell: quotes, variables before a command, lines that go on, comments. */
export function shellCommands(text: string, variables: Readonly<Record<string, string>>): ShellCommand[] {
  const lines = text.replace(/\\\n\s*/g, ' ').split('\n');
  return lines.flatMap((line) => {
    const words = shellWords(line, variables);
    const env: Record<string, string> = {};
    while (words[0] !== undefined && /^[A-Z_0-9]+=/.test(words[0])) {
      const [name, ...value] = words.shift()!.split('=');
      env[name!] = value.join('=');
    }
    return words.length === 0 ? [] : [{ env, words }];
  });
}

function shellWords(line: string, variables: Readonly<Record<string, string>>): string[] {
  const words: string[] = [];
  let at = 0;
  const valueOf = (name: string): string => {
    const value = variables[name];
    if (value === undefined) throw new Error(`nothing is known of $${name} in: ${line}`);
    return value;
  };
  while (at < line.length) {
    if (/\s/.test(line[at]!)) {
      at++;
      continue;
    }
    if (line[at] === '#') break;
    let word = '';
    while (at < line.length && !/\s/.test(line[at]!)) {
      WORD.lastIndex = at;
      const found = WORD.exec(line);
      if (!found) throw new Error(`cannot be read as a shell does, from ${line.slice(at)}`);
      const [all, single, double, variable, plain] = found;
      at += all.length;
      word +=
        single ??
        (double === undefined ? undefined : double.replace(/\$([A-Z_]+)/g, (_, name: string) => valueOf(name))) ??
        (variable === undefined ? undefined : valueOf(variable)) ??
        plain!;
    }
    words.push(word);
  }
  return words;
}
