import { randomBytes } from 'node:crypto';
import path from 'node:path';

/** The drill has a network of its own: these ports are always free. */
export const PORTS = {
  postgres: 5432,
  temporal: 7233,
  codec: 8088,
  apis: [8080, 8081],
  apiMetrics: [9464, 9465],
  workerMetrics: [9470, 9471, 9472, 9473, 9474, 9475],
  prometheus: 9090,
} as const;

/** Names that the drill's own hosts file knows; the merchant's address is a public one, so that the product's guard against internal addresses stays on. */
export const HOSTS = { api: 'passes.example.com', merchant: 'merchant.example.com' } as const;
export const MERCHANT_ADDRESS = '11.22.33.44';

/** One authority and one server certificate for everything, for these names, too. */
export const certificatesFolder = (folder: string): string => path.join(folder, 'certificates');

export const PUBLIC_URL = `https://${HOSTS.api}`;

const password = (): string => randomBytes(24).toString('hex');
export const PASSWORDS = { superuser: password(), passrelay: password(), temporal: password() };
export const CODEC_KEY = password();
export const SECRETS_KEY = randomBytes(32).toString('base64');
