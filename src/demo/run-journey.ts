import type { Shutdown } from './shutdown.js';
import { journeyCampaign } from './journey-campaign.js';
import { journeyMessage } from './journey-message.js';
import { journeyIssuePass } from './journey-issue-pass.js';
import { journeyProfileSync } from './journey-profile-sync.js';
import { journeyPushUpdate } from './journey-push-update.js';
import type { JourneyContext, JourneyResult } from './journey.js';
import { describeUpdate, installOnPhone } from './phone.js';

/** Prints what the journey left to look into. */
function printEnding({ print, api, tenant }: JourneyContext, { operation }: JourneyResult): void {
  if (!operation.links.temporal && tenant.mailToken === null) return;
  print.heading('Look closer');
  if (operation.links.temporal) print.line(`Workflow  ${operation.links.temporal}`);
  if (tenant.mailToken !== null) {
    print.line(`Mail link ${api.baseUrl}/${tenant.tenantId}/mail?neo.authToken=${tenant.mailToken}`);
  }
}

/** The last lines of a start: what a newcomer can do now. */
export function printNext({ print, api, tenant }: JourneyContext, result: JourneyResult): void {
  const { baseUrl } = api;
  print.heading('Your turn');
  print.line(`Pass      ${baseUrl}/p/${result.serialNumber}`);
  print.line(`Operator  ${baseUrl}/ops/${tenant.tenantId}, sign in with ${tenant.apiKeys.operations}`);
  print.line(`Status    ${baseUrl}/ops/${tenant.tenantId}/operations/${result.operation.correlationId}`);
  print.line(`Docs      ${baseUrl}/docs`);
  print.line(`Change it ${result.curl}`);
}

/** Installs the pass on a phone, walks the journey, and shows from then on what reaches the phone. */
export async function runJourney(context: JourneyContext, shutdown: Shutdown): Promise<JourneyResult> {
  const { print } = context;
  const phone = await print.step(
    'iPhone',
    () => installOnPhone(context),
    (one) => (one ? 'downloaded the pass and registered for updates' : 'none: APNS_URL is set'),
  );
  if (phone) shutdown.add(null, () => phone.stop());
  const member = await journeyIssuePass(context);
  if (member?.phone) shutdown.add(null, () => member.phone!.stop());
  const result = await journeyPushUpdate(context, phone);
  await journeyMessage(context, phone);
  if (member) await journeyProfileSync(context, member);
  await journeyCampaign(context);
  printEnding(context, result);
  for (const one of [phone, member?.phone]) {
    one?.events.on('update', (update) => {
      print.heading('On the phone, just now');
      describeUpdate(update).forEach((text) => print.line(text));
    });
  }
  return result;
}
