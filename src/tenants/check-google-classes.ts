import type { Sql } from '../database/connect.js';
import { listClasses, listClassHolders } from '../database/devices/google-classes.js';
import { googleClassId } from '../wallets/google/resource-ids.js';
import type { FolderProblem } from './folder-problem.js';
import type { PassTypeFile, TenantFolder } from './read-folder.js';

const PATH = '/google/classSuffix';

const shared = (file: string, suffix: string, holder: string): FolderProblem => ({
  file,
  path: PATH,
  message: `"${suffix}" is also the class suffix of ${holder}: both would write the same class at Google, each over the other.`,
  cure: 'give each pass type a classSuffix of its own.',
});

/** Pass types of one folder that would share a class at Google: its id follows from tenant and suffix alone. */
export function checkClassSuffixes(passTypes: readonly PassTypeFile[]): FolderProblem[] {
  const first = new Map<string, string>();
  return passTypes.flatMap(({ file, design }) => {
    const suffix = design.google?.classSuffix;
    if (suffix === undefined) return [];
    const holder = first.get(suffix);
    if (holder === undefined) first.set(suffix, file);
    return holder === undefined ? [] : [shared(file, suffix, holder)];
  });
}

/**
 * The same against what is stored: pass types that are gone from the folder keep their class, and a class that Google
 * has cannot change its type. Call it once the folder's pass types are published.
 */
export async function checkStoredClasses(sql: Sql, folder: TenantFolder): Promise<FolderProblem[]> {
  const { tenantId, settings } = folder.tenant!;
  const { issuerId } = settings.google;
  const [holders, classes] = await Promise.all([listClassHolders(sql), listClasses(sql)]);
  return folder.passTypes.flatMap(({ file, design }): FolderProblem[] => {
    if (!design.google) return [];
    const { classSuffix, type } = design.google;
    const other = holders.find((holder) => holder.classSuffix === classSuffix && holder.passTypeId !== design.id);
    if (other) return [shared(file, classSuffix, `the pass type "${other.name}" that was applied before`)];
    const known = issuerId !== null && classes.get(googleClassId(issuerId, tenantId, classSuffix));
    if (!known || known === type) return [];
    return [
      {
        file,
        path: PATH,
        message: `Google has the class of "${classSuffix}" as ${known}, and the design says ${type}: a class cannot change its type.`,
        cure: 'choose another classSuffix; passes that are there already move to a new object.',
      },
    ];
  });
}
