import type { Sql, TenantSql } from '../database/connect.js';
import { findFirstPassOf, seedGuests, seedPass, type SeededPass } from '../database/passes/seed-pass.js';
import { findPassType } from '../database/tenants/pass-types.js';
import { lockTenant } from '../database/tenants/tenants.js';
import { computeVisuals } from '../passes/visuals.js';
import { DEMO_PASS_TYPE_IDENTIFIER } from './demo-certificates.js';

const CUSTOMER = {
  email: 'sarah.mason@example.com',
  phone: '+15005550006',
  customerId: 'C-1001',
  firstName: 'Sarah',
  lastName: 'Mason',
};

const DATA = {
  'member-name': 'Sarah Mason',
  'member-email': CUSTOMER.email,
  tier: 'silver',
  points: 120,
  offer: '10% off whole beans',
  'member-since': '2024-03-18',
};

export interface DemoPass {
  passId: string;
  serialNumber: string;
  passTypeIdentifier: string;
  identifiers: { email: string; phone: string; customerId: string };
}

/** The demo's one customer and her one pass, made once; later starts find them as they are by then. */
export async function ensureDemoPass(database: TenantSql): Promise<DemoPass> {
  return database.transaction(async (db) => {
    // Two first starts at once must not make two passes.
    await lockTenant(db);
    const existing = await findFirstPassOf(db, 'email', CUSTOMER.email);
    const pass = existing ?? (await makePass(db));
    const { email, phone, customerId } = CUSTOMER;
    return { ...pass, passTypeIdentifier: DEMO_PASS_TYPE_IDENTIFIER, identifiers: { email, phone, customerId } };
  });
}

/** How many guests the demo's campaign reaches. */
const GUESTS = 500;
const GUEST_DATA = { 'member-name': 'Guest', tier: 'bronze', points: 10, offer: 'A coffee on us' };

export interface DemoGuest {
  serialNumber: string;
  pushToken: string;
}

/** Cards that were handed out without a name: whom the demo's campaign reaches. */
export async function ensureDemoGuests(db: Sql, phones: boolean): Promise<DemoGuest[]> {
  const type = await findPassType(db, 'basic');
  if (!type) throw new Error('the demo tenant has no pass type "basic": was its folder applied?');
  return seedGuests(db, {
    count: GUESTS,
    phones,
    passTypeId: type.passTypeId,
    passTypeVersion: type.version,
    passTypeIdentifier: DEMO_PASS_TYPE_IDENTIFIER,
    data: GUEST_DATA,
    visuals: computeVisuals(type.design, GUEST_DATA),
  });
}

async function makePass(db: Sql): Promise<SeededPass> {
  const type = await findPassType(db, 'basic');
  if (!type) throw new Error('the demo tenant has no pass type "basic": was its folder applied?');
  return seedPass(db, {
    customer: CUSTOMER,
    passTypeId: type.passTypeId,
    passTypeVersion: type.version,
    passTypeIdentifier: DEMO_PASS_TYPE_IDENTIFIER,
    data: DATA,
    visuals: computeVisuals(type.design, DATA),
  });
}
