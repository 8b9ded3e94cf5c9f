import { day, finding, minute, type DiagnosisFacts, type Finding } from './diagnosis-facts.js';

/** A phone that is on asks within seconds of a push. */
const POLL_EXPECTED_MS = 10 * 60_000;
/** Times of passes are whole seconds. */
const CLOCK_MS = 1_000;

/** Certificate and topic, then each device: told, asked, fetched. */
export function appleFindings({ apple, revision, modifiedAt, now }: DiagnosisFacts): Finding[] {
  if (apple === null) return [];
  const { certificateEnds: ends, passTypeIdentifier } = apple;
  const out: Finding[] = [];
  if (ends === null) {
    out.push(
      finding(
        'certificate-missing',
        'wrong',
        `No certificate signs ${passTypeIdentifier}.`,
        'List one under "certificates" in tenant.json and apply the folder.',
      ),
    );
  } else if (ends.getTime() <= now) {
    out.push(
      finding(
        'certificate-expired',
        'wrong',
        `The certificate of ${passTypeIdentifier} expired on ${day(ends)}: nothing is signed and no phone is notified.`,
        'Make a new one at developer.apple.com for the same identifier, apply the folder, then notify the pass again.',
      ),
    );
  } else if (!apple.signable) {
    out.push(
      finding(
        'secret-unreadable',
        'wrong',
        'The private key of the certificate cannot be opened.',
        'Restore the SECRETS_KEY that sealed it, and restart.',
      ),
    );
  } else {
    out.push(
      finding(
        'certificate',
        'ok',
        `The certificate of ${passTypeIdentifier}, which is the topic of its pushes, is valid until ${day(ends)}.`,
      ),
    );
  }
  for (const device of apple.devices) out.push(deviceFinding(device, { revision, modifiedAt, now }));
  return out;
}

type AppleDevice = NonNullable<DiagnosisFacts['apple']>['devices'][number];

function deviceFinding(device: AppleDevice, pass: { revision: number; modifiedAt: Date; now: number }): Finding {
  const { name, push } = device;
  // A phone that added the pass after its last change has that revision without having fetched it from us as a device.
  const addedSince = device.since.getTime() > pass.modifiedAt.getTime() + CLOCK_MS;
  // Nothing older than the first revision exists.
  const has = device.fetchedRevision ?? (addedSince || pass.revision === 1 ? pass.revision : 0);
  if (device.tokenGoneAt) {
    return finding(
      'token-gone',
      'wrong',
      `${name}: Apple said on ${minute(device.tokenGoneAt)} that the pass is not there any more, or the phone was reset.`,
      'The customer adds the pass again from its link.',
    );
  }
  if (has >= pass.revision) {
    return finding(
      'up-to-date',
      'ok',
      `${name} has revision ${has}, since ${minute(device.fetchedAt ?? device.since)}.`,
    );
  }
  if (device.dueAt && device.dueAt.getTime() > pass.now) {
    return finding(
      'push-budget',
      'info',
      `${name}: a push waits for its window and goes out at ${minute(device.dueAt)}.`,
      'Nothing to do. settings.pushWindowSeconds is the length of the window.',
    );
  }
  if (push === null || (push.at < pass.modifiedAt && !['delivered', 'covered'].includes(push.state))) {
    return finding(
      'not-told',
      'look',
      `${name} has revision ${has} of ${pass.revision} and was not notified of it.`,
      'See whether the request still runs; else POST /v1/passes/{serialNumber}/notify.',
    );
  }
  if (['refused', 'failed', 'gone'].includes(push.state)) {
    return finding(
      'push-refused',
      'wrong',
      `${name}: the push of ${minute(push.at)} was ${push.state}${push.reason ? ` (${push.reason})` : ''}.`,
      'BadCertificate or TlsClientRefused: renew the certificate. BadDeviceToken or DeviceTokenNotForTopic: check APNS_URL and the pass type identifier.',
    );
  }
  const polledAt = Math.max(device.listedAt?.getTime() ?? 0, device.fetchedAt?.getTime() ?? 0);
  if (polledAt < push.at.getTime() && pass.now - push.at.getTime() < POLL_EXPECTED_MS) {
    return finding(
      'just-told',
      'info',
      `${name} was notified ${minute(push.at)} and has not asked yet.`,
      'Give it a few minutes: a phone that is off or offline asks when it is back.',
    );
  }
  if (polledAt < push.at.getTime()) {
    return finding(
      'silent-after-push',
      'look',
      `${name} was notified ${minute(push.at)} and has not asked since: it is off or offline, or automatic updates are probably switched off for this pass.`,
      'The customer opens the pass in Wallet, taps ••• and switches Automatic Updates on, or pulls the pass down to refresh it.',
    );
  }
  return finding(
    'polled-not-fetched',
    'look',
    `${name} asked what changed ${device.listedAt ? minute(device.listedAt) : 'after the push'} and did not fetch revision ${pass.revision}.`,
    'Look at the device log on the page of the customer; a phone that could not read the pass says why there.',
  );
}
