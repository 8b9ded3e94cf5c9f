/** One thing that is wrong in a tenant folder, in words that its author can act on. */
export interface FolderProblem {
  /** Path relative to the folder. */
  file: string;
  /** JSON pointer (RFC 6901) into the file; empty for the file as a whole. */
  path: string;
  message: string;
  cure: string;
  /** A folder with warnings is applied all the same. */
  severity?: 'warning';
}

/** One line for a terminal: `pass-types/basic.json /fields/3/type: … Cure: …`. */
export const describeProblem = (problem: FolderProblem): string =>
  `${problem.file}${problem.path === '' ? '' : ` ${problem.path}`}: ${problem.message} Cure: ${problem.cure}`;

/** Everything that is wrong in a folder, at once. */
export class TenantFolderError extends Error {
  override readonly name = 'TenantFolderError';
  constructor(
    readonly folder: string,
    readonly problems: readonly FolderProblem[],
  ) {
    const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super(`${folder} has ${count}:\n${problems.map((problem) => `  ${describeProblem(problem)}`).join('\n')}`);
  }
}
