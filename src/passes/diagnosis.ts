import { appleFindings } from './diagnose-apple.js';
import { googleFindings, removed } from './diagnose-google.js';
import { finding, minute, type DiagnosisFacts, type Finding } from './diagnosis-facts.js';

export type { Finding } from './diagnosis-facts.js';

/** Looks at everything between a change and the phone; the first `wrong` or `look` is the likeliest reason. */
export function diagnosePass(facts: DiagnosisFacts): Finding[] {
  const findings = [stateFinding(facts), ...appleFindings(facts), ...googleFindings(facts), ...shownFindings(facts)];
  if (facts.apple === null && facts.google === null) {
    findings.push(
      finding(
        'no-wallet',
        'wrong',
        'The pass type has no design for a wallet.',
        'Add "apple" or "google" to it and apply the folder.',
      ),
    );
  }
  const places =
    (facts.apple?.devices.length ?? 0) + (facts.google?.object?.savedAt && !removed(facts.google.object) ? 1 : 0);
  if (places === 0) {
    findings.push(
      finding(
        'on-no-phone',
        'look',
        'The pass is on no phone: nothing can be pushed.',
        'Send the customer the link of the pass; it has to be added first.',
      ),
    );
  }
  return findings;
}

function stateFinding({ state, revision, modifiedAt }: DiagnosisFacts): Finding {
  return state === 'active'
    ? finding('active', 'ok', `The pass is active, at revision ${revision} since ${minute(modifiedAt)}.`)
    : finding(
        `state-${state}`,
        'look',
        `The pass is ${state}: wallets show it as no longer valid.`,
        state === 'deleted'
          ? 'Issue a new pass.'
          : 'To make it valid again: “Restore this pass” on the page of its customer, or POST /v1/passes/{serialNumber}/restore.',
      );
}

/** What lies over the data of the pass: it explains why a phone shows another value than the pass has. */
const shownFindings = ({ offers, messages }: DiagnosisFacts): Finding[] => [
  ...offers.map(({ covers, until }) =>
    finding(
      'offer-active',
      'info',
      `An offer covers ${covers.join(', ')} until ${minute(until)}: wallets show its values, and the pass's own again afterwards.`,
      'To end it now: “End now” under “Messages and offers” of the pass, or DELETE /v1/passes/{serialNumber}/offers/{offerId}.',
    ),
  ),
  ...(messages.length === 0
    ? []
    : [
        finding(
          'messages-shown',
          'ok',
          `The pass shows ${messages.length} ${messages.length === 1 ? 'message' : 'messages'}, the newest since ${minute(messages.at(-1)!)}.`,
        ),
      ]),
];

/** The finding that answers the question, and how bad it is. */
export function answerOf(findings: readonly Finding[]): Finding {
  return (
    findings.find(({ severity }) => severity === 'wrong') ??
    findings.find(({ severity }) => severity === 'look') ??
    findings.find(
      ({ severity, code }) => severity === 'info' && code !== 'google-absent' && code !== 'google-not-saved',
    ) ??
    finding('in-order', 'ok', 'Everything is in order: every place has the newest revision.')
  );
}
