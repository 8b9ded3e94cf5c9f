import { day, finding, type DiagnosisFacts, type Finding } from './diagnosis-facts.js';

const DAY = 86_400_000;
const CALLBACK_EXPECTED_MS = 7 * DAY;
const NOTIFICATIONS_A_DAY = 3;

type GoogleObject = NonNullable<NonNullable<DiagnosisFacts['google']>['object']>;
/** Whether the holder took it out of Google Wallet again. */
export const removed = ({ savedAt, removedAt }: GoogleObject): boolean =>
  removedAt !== null && (savedAt === null || removedAt >= savedAt);

/** Service account, object, saves and notifications. */
export function googleFindings({ google, revision, now }: DiagnosisFacts): Finding[] {
  if (google === null) return [];
  const { object } = google;
  const out: Finding[] = [];
  if (!google.signable) {
    out.push(
      finding(
        'google-account',
        'wrong',
        'The service account for Google is missing or cannot be opened: no link to save can be made.',
        'Name googleServiceAccountFile in tenant.json and apply the folder, or restore SECRETS_KEY.',
      ),
    );
  }
  if (object === null) {
    out.push(
      finding('google-absent', 'info', 'The pass was not written to Google yet; it is when the customer asks for it.'),
    );
    return out;
  }
  if (removed(object)) {
    out.push(
      finding(
        'google-removed',
        'look',
        `The customer removed it from Google Wallet on ${day(object.removedAt!)}.`,
        'They can save it again from the link.',
      ),
    );
  } else if (object.savedAt === null) {
    const silent = !google.calledBack && now - object.createdAt.getTime() > CALLBACK_EXPECTED_MS;
    out.push(
      silent
        ? finding(
            'google-no-callbacks',
            'look',
            'Google has never reported a save for this tenant, so saves are not known here.',
            'PUBLIC_URL must be reachable from the internet, and the class must carry our callback address: apply the folder again.',
          )
        : finding('google-not-saved', 'info', 'The pass is at Google, and nobody has saved it to a wallet.'),
    );
  }
  const behind = (object.syncedRevision ?? 0) < revision;
  out.push(
    behind
      ? finding(
          'google-behind',
          'look',
          `Google's object (${object.state}) holds revision ${object.syncedRevision ?? 0} of ${revision}.`,
          'See the step update-google-object of the newest request.',
        )
      : finding('google-current', 'ok', `Google's object (${object.state}) holds revision ${object.syncedRevision}.`),
  );
  const today = object.notifiedAt.filter((at) => now - at.getTime() < DAY).length;
  if (today >= NOTIFICATIONS_A_DAY) {
    out.push(
      finding(
        'google-quiet',
        'info',
        `${today} notifications went out within a day: Google shows no more of them, the pass itself still changes.`,
      ),
    );
  }
  return out;
}
