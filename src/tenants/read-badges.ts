import { pngSize } from './check-images.js';
import type { FolderProblem } from './folder-problem.js';
import { listEntries, readEntry } from './read-entries.js';

export interface BadgeFile {
  /** `apple`, `google.de` */
  name: string;
  type: 'svg' | 'png';
  bytes: Buffer;
}

const NAME = /^(apple|google)(\.[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})?)?\.(svg|png)$/;
const LIMIT = {
  bytes: 200_000,
  tooLarge: (size: number) => ({ message: `the badge has ${size} bytes.`, cure: 'keep it below 200000 bytes.' }),
};
/** What an image needs none of, and a page that opens it alone would run or fetch. */
const ACTIVE = ['<script', '<foreignobject', 'javascript:', ' on', '<!entity'];

/** The files of `badges/`: the wallets' own artwork for their buttons. A folder without it has none. */
export async function readBadges(root: string): Promise<{ badges: BadgeFile[]; problems: FolderProblem[] }> {
  const badges: BadgeFile[] = [];
  const problems: FolderProblem[] = [];
  const note = (problem: FolderProblem): void => void problems.push(problem);
  const names = await listEntries(root, 'badges', note);
  for (const name of names.filter((one) => !one.startsWith('.'))) {
    const file = `badges/${name}`;
    const add = (message: string, cure: string): void => note({ file, path: '', message, cure });
    const [, wallet, language = '', type] = NAME.exec(name) ?? [];
    if (wallet === undefined) {
      add('the name says no wallet.', 'name it apple.svg, google.svg or, for a language, apple.de.svg.');
      continue;
    }
    const bytes = await readEntry(root, file, note, LIMIT);
    if (!bytes) continue;
    if (type === 'png' && !pngSize(bytes)) add('the file is not a PNG image.', 'export the badge as PNG again.');
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
