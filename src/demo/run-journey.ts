import type { Shutdown } from './shutdown.js';
import { journeyIssuePass } from './journey-issue-pass.js';
import { journeyProfileSync } from './journey-profile-sync.js';
import { journeyPushUpdate } from './journey-push-update.js';
import type { JourneyContext, JourneyResult } from './journey.js';
import { describeUpdate, installOnPhone } from './phone.js';

function printEnding({ print, api, tenant }: JourneyContext, { operation, serialNumber, curl }: JourneyResult): void {
  print.heading('Look closer');
  if (operation.links.temporal) print.line(`Workflow  ${operation.links.temporal}`);
  print.line(`Pass      ${api.baseUrl}/p/${serialNumber} (the file: /pass.pkpass behind it)`);
  if (tenant.mailToken !== null) {
    print.line(`Mail link ${api.baseUrl}/${tenant.tenantId}/mail?neo.authToken=${tenant.mailToken}`);
  }
  print.line(`Operator  ${api.baseUrl}/ops/${tenant.tenantId}, sign in with ${tenant.apiKeys.operations}`);
  print.line(`Status    curl -H 'Authorization: Bearer ${tenant.apiKeys.operations}' \\`);
  print.line(`            ${operation.links.self}`);
  print.line(`Calls     ${api.baseUrl}/docs`);
  print.heading('Change it yourself');
  print.line(curl);
}

/** Installs the pass on a phone, walks the journey, and shows from then on what reaches the phone. */
export async function runJourney(context: JourneyContext, shutdown: Shutdown): Promise<void> {
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
  if (member) await journeyProfileSync(context, member);
  printEnding(context, result);
  for (const one of [phone, member?.phone]) {
    one?.events.on('update', (update) => {
      print.heading('On the phone, just now');
      describeUpdate(update).forEach((text) => print.line(text));
    });
  }
}
