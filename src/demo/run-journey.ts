import type { Shutdown } from './shutdown.js';
import { journeyIssuePass } from './journey-issue-pass.js';
import { journeyPushUpdate } from './journey-push-update.js';
import type { JourneyContext, JourneyResult } from './journey.js';
import { describeUpdate, installOnPhone } from './phone.js';

function printEnding({ print, api, tenant }: JourneyContext, { operation, serialNumber, curl }: JourneyResult): void {
  print.heading('Look closer');
  if (operation.links.temporal) print.line(`Workflow  ${operation.links.temporal}`);
  print.line(`Pass      ${api.baseUrl}/p/${serialNumber}, its file ${api.baseUrl}/p/${serialNumber}/pass.pkpass`);
  print.line(`Status    curl -H 'Authorization: Bearer ${tenant.apiKeys.operations}' \\`);
  print.line(`            ${operation.links.self}`);
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
  await journeyIssuePass(context, phone);
  const result = await journeyPushUpdate(context, phone);
  printEnding(context, result);
  phone?.events.on('update', (update) => {
    print.heading('On the phone, just now');
    describeUpdate(update).forEach((text) => print.line(text));
  });
}
