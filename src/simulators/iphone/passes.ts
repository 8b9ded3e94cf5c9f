import { judgeBundle, type BundleRules, type JudgedBundle } from './bundle.js';
import { changedFields, lockScreenOf, type DeviceLanguage, type FieldChange, type LockScreen } from './lock-screen.js';
import type { FetchedPass, PassAddress } from './web-service.js';

/** A pass on the phone. */
export interface InstalledPass {
  readonly serialNumber: string;
  readonly passTypeIdentifier: string;
  bundle: JudgedBundle;
  /** As the web service sent it, to be sent back verbatim. */
  lastModified: string | undefined;
  registered: boolean;
}

/** What one fetched update changed on the phone. `at` is in milliseconds. */
export interface PassUpdate {
  readonly serialNumber: string;
  readonly passTypeIdentifier: string;
  readonly at: number;
  readonly changes: readonly FieldChange[];
  readonly lockScreen: LockScreen;
  /** The pass style before and after: a conversion changes it. */
  readonly style: { readonly before: string; readonly after: string };
  readonly voided: boolean;
}

/** The address of a pass that can be updated; undefined for one without a web service. */
export function addressOf({ bundle: { content } }: InstalledPass): PassAddress | undefined {
  const { webServiceURL, authenticationToken, passTypeIdentifier, serialNumber } = content;
  if (webServiceURL === undefined || authenticationToken === undefined) return undefined;
  return { webServiceURL, authenticationToken, passTypeIdentifier, serialNumber };
}

/** A freshly checked pass, not yet registered. Throws BundleRefused. */
export function newPass(pkpass: Buffer, rules: BundleRules): InstalledPass {
  const bundle = judgeBundle(pkpass, rules);
  const { serialNumber, passTypeIdentifier } = bundle.content;
  return { serialNumber, passTypeIdentifier, bundle, lastModified: undefined, registered: false };
}

/**
 * Takes what a fetch brought into the installed pass. Undefined when nothing changed or the update is refused; `complain` hears why.
 * `announced`: a push and a newer tag had promised a change.
 */
export function takeUpdate(
  pass: InstalledPass,
  fetched: FetchedPass,
  announced: boolean,
  rules: BundleRules & DeviceLanguage,
  complain: (text: string) => void,
): PassUpdate | undefined {
  const { serialNumber, passTypeIdentifier } = pass;
  const named = `serial number '${serialNumber}'`;
  if (fetched.lastModified === undefined) complain(`Response for ${named} has no Last-Modified header.`);
  if (fetched.contentType?.split(';')[0]?.trim() !== 'application/vnd.apple.pkpass')
    complain(`Response for ${named} has the content type ${fetched.contentType ?? '(null)'}.`);
  let next: JudgedBundle;
  try {
    next = judgeBundle(fetched.bytes, rules);
  } catch (error) {
    return void complain(`Update of ${named} refused: ${(error as Error).message}`);
  }
  const { bundle: before } = pass;
  for (const key of ['serialNumber', 'passTypeIdentifier', 'authenticationToken'] as const)
    if (next.content[key] !== before.content[key])
      return void complain(`Update of ${named} refused: it changes ${key}.`);

  const sentBack = pass.lastModified;
  pass.lastModified = fetched.lastModified;
  if (next.manifestDigest === before.manifestDigest) {
    if (sentBack !== undefined)
      complain(
        `Server ignored the 'if-modified-since' header (${sentBack}) and returned the full unchanged pass data for ${named}.`,
      );
    else if (announced) complain(`Server requested update to ${named}, but the pass was unchanged.`);
    return undefined;
  }
  pass.bundle = next;
  return {
    serialNumber,
    passTypeIdentifier,
    at: rules.now,
    changes: changedFields(before.content.fields, next.content.fields),
    lockScreen: lockScreenOf(before, next, rules),
    style: { before: before.content.style, after: next.content.style },
    voided: next.content.voided,
  };
}
