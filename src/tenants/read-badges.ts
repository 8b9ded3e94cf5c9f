import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pngSize } from './check-images.js';
import type { FolderProblem } from './folder-problem.js';

export interface BadgeFile {
  /** `apple`, `google.de` */
  name: string;
  type: 'svg' | 'png';
  bytes: Buffer;
}

const NAME = /^(apple|google)(\.[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)?\.(svg|png)$/;
const MAX_BYTES = 200_000;
/** What an image needs none of, and a page that opens it alone would run or fetch. */
const ACTIVE = ['<script', '<foreignobject', 'javascript:', ' on', '<!entity'];

/** The files of `badges/`: the wallets' own artwork for their buttons. A folder without it has none. */
export async function readBadges(root: string): Promise<{ badges: BadgeFile[]; problems: FolderProblem[] }> {
  const badges: BadgeFile[] = [];
  const problems: FolderProblem[] = [];
  const names = await readdir(join(root, 'badges')).catch(() => [] as string[]);
  for (const name of names.filter((one) => !one.startsWith('.')).sort()) {
    const file = `badges/${name}`;
    const add = (message: string, cure: string) => void problems.push({ file, path: '', message, cure });
    const [, wallet, language = '', type] = NAME.exec(name) ?? [];
    if (wallet === undefined) {
      add('the name says no wallet.', 'name it apple.svg, google.svg or, for a language, apple.de.svg.');
      continue;
    }
    const bytes = await readFile(join(root, file));
    if (bytes.length > MAX_BYTES) add(`the badge has ${bytes.length} bytes.`, `keep it below ${MAX_BYTES} bytes.`);
    else if (type === 'png' && !pngSize(bytes)) add('the file is not a PNG image.', 'export the badge as PNG again.');
    else if (type === 'svg' && !isPlainSvg(bytes)) {
      add('the file is no plain SVG image.', 'take the file as the wallet\u2019s makers publish it, without scripts.');
    } else badges.push({ name: `${wallet}${language}`, type: type as BadgeFile['type'], bytes });
  }
  return { badges, problems };
}

function isPlainSvg(bytes: Buffer): boolean {
  const text = bytes.toString('utf8').toLowerCase();
  return text.includes('<svg') && !ACTIVE.some((part) => text.replace(/\s/g, ' ').includes(part));
}
