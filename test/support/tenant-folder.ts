import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEMO_PASS_TYPE_IDENTIFIER, DEMO_TEAM_IDENTIFIER } from '../../src/tenants/demo-certificates.js';
import { createThrowawayAuthority } from '../../src/wallets/apple/throwaway-certificates.js';

const authority = createThrowawayAuthority({ commonName: 'Test WWDR', now: Date.now });

/** A certificate for the pass type of the demo's folder, as Apple would issue it. */
export const issueCertificate = (
  changes: { passTypeIdentifier?: string; teamIdentifier?: string; days?: number } = {},
) =>
  authority.issuePassTypeCertificate({
    passTypeIdentifier: DEMO_PASS_TYPE_IDENTIFIER,
    teamIdentifier: DEMO_TEAM_IDENTIFIER,
    organizationName: 'Test',
    ...changes,
  });
const good = issueCertificate();

/** The demo's folder as a merchant would have it, with PEM files of its own, in a place where a test may break it. */
export function copyTenantFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'passrelay-tenant-'));
  cpSync(new URL('../../tenants/demo', import.meta.url), root, { recursive: true });
  writeFileSync(join(root, 'pass.pem'), good.certificatePem);
  writeFileSync(join(root, 'pass-key.pem'), good.privateKeyPem);
  writeFileSync(join(root, 'wwdr.pem'), authority.certificatePem);
  editJson(root, 'tenant.json', (tenant) => {
    tenant.certificates = [{ certificateFile: 'pass.pem', privateKeyFile: 'pass-key.pem', wwdrFile: 'wwdr.pem' }];
  });
  return root;
}

/** Any JSON file: tests reach into it freely. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

export function editJson(root: string, file: string, edit: (json: Json) => void): void {
  const json: Json = JSON.parse(readFileSync(join(root, file), 'utf8'));
  edit(json);
  writeFileSync(join(root, file), JSON.stringify(json, null, 2));
}
