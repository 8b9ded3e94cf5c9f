import { X509Certificate } from 'node:crypto';
import { PermanentError } from '../../common/errors.js';
import type { Sql } from '../connect.js';
import type { SecretBox } from '../secret-box.js';
import { getSecret, putSecret } from '../secrets.js';
import { sql } from '../sql.js';

/** A Pass Type ID certificate as kept; its private key is a secret of the tenant. */
export interface AppleCertificate {
  tenantId: string;
  /** SHA-256 of the certificate, lower-case hex. */
  fingerprint: string;
  passTypeIdentifier: string;
  teamIdentifier: string;
  certificatePem: string;
  wwdrPem: string;
  notBefore: Date;
  notAfter: Date;
  active: boolean;
}

/** A certificate with what it needs to sign. */
export interface SigningMaterial extends AppleCertificate {
  privateKeyPem: string;
}

interface CertificateRow {
  tenant_id: string;
  fingerprint: string;
  pass_type_identifier: string;
  team_identifier: string;
  certificate_pem: string;
  wwdr_pem: string;
  private_key_secret: string;
  not_before: Date;
  not_after: Date;
  active: boolean;
}

const toCertificate = (row: CertificateRow): AppleCertificate => ({
  tenantId: row.tenant_id,
  fingerprint: row.fingerprint,
  passTypeIdentifier: row.pass_type_identifier,
  teamIdentifier: row.team_identifier,
  certificatePem: row.certificate_pem,
  wwdrPem: row.wwdr_pem,
  notBefore: row.not_before,
  notAfter: row.not_after,
  active: row.active,
});

const keySecretName = (fingerprint: string): string => `apple-private-key:${fingerprint}`;

/** Keeps a certificate and its key, and makes it active; false where it was there already. */
export async function putCertificate(
  db: Sql,
  certificate: Omit<SigningMaterial, 'active'>,
  box: SecretBox,
): Promise<boolean> {
  const secretName = keySecretName(certificate.fingerprint);
  const keyChanged = await putSecret(db, secretName, certificate.privateKeyPem, box);
  const changed = await db.query(
    sql`
      insert into apple_certificates (
          tenant_id,
          fingerprint,
          pass_type_identifier,
          team_identifier,
          certificate_pem,
          wwdr_pem,
          private_key_secret,
          not_before,
          not_after
        )
      values (${certificate.tenantId}, ${certificate.fingerprint}, ${certificate.passTypeIdentifier}, ${certificate.teamIdentifier}, ${certificate.certificatePem}, ${certificate.wwdrPem}, ${secretName}, ${certificate.notBefore}, ${certificate.notAfter})
      on conflict (tenant_id, fingerprint) do update
      set wwdr_pem = excluded.wwdr_pem, active = true
      where not apple_certificates.active
        or apple_certificates.wwdr_pem <> excluded.wwdr_pem
      returning fingerprint`,
  );
  return keyChanged || changed.length > 0;
}

/** Takes all other certificates of the tenant out of use; they stay on record. Returns how many. */
export async function retireOtherCertificates(db: Sql, keepFingerprints: readonly string[]): Promise<number> {
  const retired = await db.query(
    sql`
      update apple_certificates
      set active = false
      where tenant_id = ${db.tenantId}
        and active
        and not (fingerprint = any (${keepFingerprints}::text[]))
      returning fingerprint`,
  );
  return retired.length;
}

/** All certificates of a tenant, active ones first, newest first; no private keys. */
export async function listCertificates(db: Sql): Promise<AppleCertificate[]> {
  const rows = await db.query<CertificateRow>(
    sql`
      select *
      from apple_certificates
      where tenant_id = ${db.tenantId}
      order by active desc, not_before desc, fingerprint`,
  );
  return rows.map(toCertificate);
}

const DAY_MS = 86_400_000;

/** Whole days that are left; below zero as soon as it is over. */
export function daysUntil(end: Date, now: number): number {
  const days = (end.getTime() - now) / DAY_MS;
  return days < 0 ? Math.min(-1, Math.ceil(days)) : Math.floor(days);
}

/**
 * Until when each tenant's pass type identifiers can be signed for: the active certificate that serves longest, which
 * ends with its intermediate at the latest. Health and metrics ask for all tenants, as the system.
 */
export async function listCertificateExpiries(
  db: Sql,
): Promise<{ tenantId: string; passTypeIdentifier: string; notAfter: Date }[]> {
  const [rows, intermediates] = await Promise.all([
    db.query<{ tenant_id: string; pass_type_identifier: string; not_after: Date; wwdr: string }>(
      sql`select tenant_id, pass_type_identifier, not_after, md5(wwdr_pem) as wwdr from apple_certificates
        where active order by tenant_id, pass_type_identifier`,
    ),
    // Nearly all tenants have the same few.
    db.query<{ pem: string; wwdr: string }>(
      sql`select distinct wwdr_pem as pem, md5(wwdr_pem) as wwdr from apple_certificates where active`,
    ),
  ]);
  const ends = new Map(intermediates.map(({ wwdr, pem }) => [wwdr, intermediateEnd(pem)]));
  const found = new Map<string, { tenantId: string; passTypeIdentifier: string; notAfter: Date }>();
  for (const { tenant_id: tenantId, pass_type_identifier: passTypeIdentifier, not_after: end, wwdr } of rows) {
    const notAfter = new Date(Math.min(end.getTime(), ends.get(wwdr) ?? Infinity));
    const key = `${tenantId}\n${passTypeIdentifier}`;
    const known = found.get(key);
    if (!known || known.notAfter < notAfter) found.set(key, { tenantId, passTypeIdentifier, notAfter });
  }
  return [...found.values()].sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
}

/** Infinity for what cannot be read: `tenant apply` takes no such file, so it is not the intermediate that ends. */
function intermediateEnd(pem: string): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo);
  } catch {
    return Infinity;
  }
}

/**
 * The certificates that sign and push for a pass type identifier: the active and valid ones, newest first; several while
 * one replaces the other. PermanentError `certificate-missing` or `certificate-expired` where there is none.
 */
export async function listSigningMaterial(
  db: Sql,
  passTypeIdentifier: string,
  box: SecretBox,
  now: () => number,
): Promise<[SigningMaterial, ...SigningMaterial[]]> {
  const rows = await db.query<CertificateRow>(
    sql`
      select *
      from apple_certificates
      where tenant_id = ${db.tenantId} and pass_type_identifier = ${passTypeIdentifier} and active
      order by not_before desc, not_after desc, fingerprint`,
  );
  const at = now();
  const valid = rows.filter(({ not_before, not_after }) => not_before.getTime() <= at && at < not_after.getTime());
  const withKeys = await Promise.all(
    valid.map(async (row): Promise<SigningMaterial> => {
      const key = await getSecret(db, row.private_key_secret, box);
      if (key) return { ...toCertificate(row), privateKeyPem: key.toString('utf8') };
      throw new PermanentError(
        'certificate-key-missing',
        `the private key of the certificate of ${passTypeIdentifier} is gone: apply the tenant folder again`,
      );
    }),
  );
  const [newest, ...older] = withKeys;
  if (newest) return [newest, ...older];
  throw rows.length === 0
    ? new PermanentError(
        'certificate-missing',
        `no certificate signs ${passTypeIdentifier}: list one under "certificates" in tenant.json and apply the folder`,
      )
    : new PermanentError(
        'certificate-expired',
        `every certificate of ${passTypeIdentifier} is outside its dates: make a new one at developer.apple.com and apply the folder`,
      );
}

/** The newest of them. */
export async function getSigningMaterial(
  db: Sql,
  passTypeIdentifier: string,
  box: SecretBox,
  now: () => number,
): Promise<SigningMaterial> {
  return (await listSigningMaterial(db, passTypeIdentifier, box, now))[0];
}
