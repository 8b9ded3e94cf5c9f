import { pointer } from '../common/clean-text.js';
import { languageTag } from '../common/language-tag.js';
import type { FolderProblem } from './folder-problem.js';
import type { TenantFolder } from './read-folder.js';

const REGIONS = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
const isCountry = (code: string): boolean => code !== 'ZZ' && REGIONS.of(code) !== undefined;

/** Settings with the right form and no meaning: a language that nobody writes, a country that is none. */
export function checkSettings({ tenant }: Pick<TenantFolder, 'tenant'>): FolderProblem[] {
  if (!tenant) return [];
  const { language, defaultCountry, consentTexts } = tenant.settings;
  const languages: [path: string, tag: string][] = [
    [pointer('settings', 'language'), language],
    ...consentTexts.flatMap(({ text }, index) =>
      Object.keys(text).map((tag): [string, string] => [pointer('settings', 'consentTexts', index, 'text', tag), tag]),
    ),
  ];
  const problems = languages.flatMap(([path, tag]): FolderProblem[] => {
    const right = languageTag(tag);
    if (right === tag) return [];
    const cure = right ? `write "${right}".` : 'write one such as "en" or "pt-BR".';
    return [{ file: 'tenant.json', path, message: `"${tag}" is no language tag.`, cure }];
  });
  if (!isCountry(defaultCountry)) {
    const cure = 'write the two capitals of a country, such as "DE".';
    const path = pointer('settings', 'defaultCountry');
    problems.push({ file: 'tenant.json', path, message: `"${defaultCountry}" is no country.`, cure });
  }
  return problems;
}

/** Settings that name what the folder does not have: nothing of them ever happens. */
export function settingNotes({ tenant, passTypes, mendedPassTypes }: TenantFolder): FolderProblem[] {
  if (!tenant) return [];
  const { links, messages, consentTexts, pages } = tenant.settings;
  const file = 'tenant.json';
  const notes: FolderProblem[] = [];
  const names = [...passTypes, ...mendedPassTypes].map(({ design }) => design.name);
  if (links.passType !== null && !names.includes(links.passType)) {
    const message = `the folder has no pass type "${links.passType}": unless it was applied before, nobody can enrol.`;
    const cure = `use one of ${names.join(', ')}.`;
    notes.push({ file, path: pointer('settings', 'links', 'passType'), message, cure });
  }
  const channel = messages.requireConsent;
  if (channel !== null && consentTexts.length > 0 && !consentTexts.some((text) => text.channel === channel)) {
    const message = `no text of consentTexts asks for the channel "${channel}", without which no message is sent.`;
    const cure = `use one of ${consentTexts.map((text) => text.channel).join(', ')}, or add its text.`;
    notes.push({ file, path: pointer('settings', 'messages', 'requireConsent'), message, cure });
  }
  const unnamed = (['privacyUrl', 'imprintUrl'] as const).filter((name) => pages[name] === null);
  if (consentTexts.length > 0 && unnamed.length > 0) {
    const message = `the enrolment page asks for consents, and its foot lacks ${unnamed.join(' and ')}.`;
    const cure = 'name their addresses: many countries want a privacy notice and an imprint there.';
    notes.push({ file, path: pointer('settings', 'pages'), message, cure });
  }
  return notes;
}
