import { existsSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { didYouMean } from '../common/nearest-name.js';
import { findPassView } from '../database/passes/pass-view.js';
import { findPassType, getImage, listPassTypes } from '../database/tenants/pass-types.js';
import { getTenant } from '../database/tenants/tenants.js';
import { sampleCustomers, type SampleCustomer } from '../passes/sample-customers.js';
import { coerceFields } from '../passes/field-values.js';
import type { PassTypeDesign } from '../passes/pass-type.js';
import { languagesOf, previewDesign } from '../previews/design-preview.js';
import { sampleOfPass } from '../previews/sample-of-pass.js';
import { previewPage } from '../previews/preview-page.js';
import type { PreviewFiles } from '../previews/preview-server.js';
import { readTenantFolder } from '../tenants/read-folder.js';
import { readAssignments } from './assignments.js';
import type { CliContext } from './context.js';

/** Placeholder in links of a preview, which are never opened. */
const PUBLIC_URL = 'https://cards.example';

export interface PreviewOptions {
  type?: string;
  customer: string[];
  pass: string[];
  set?: string[];
  language: string[];
  output?: string;
  watch: boolean;
  port: number;
}

/** One design with what a preview needs beside it. */
interface Loaded {
  design: PassTypeDesign;
  images: Map<string, Buffer>;
  ownLanguage: string;
  timeZone: string | null;
  brand: string;
  customers: SampleCustomer[];
}

export const isFolder = (source: string): boolean => existsSync(source) && statSync(source).isDirectory();

async function designsOfFolder(folder: string, options: PreviewOptions): Promise<Loaded[]> {
  if (options.pass.length > 0) throw new Error('--pass needs a tenant of the database; a folder has no passes.');
  const read = await readTenantFolder(folder, {});
  const ofDesigns = read.problems.filter(({ file }) => file.startsWith('pass-types'));
  if (ofDesigns.length > 0) {
    throw new Error(ofDesigns.map(({ file, path, message, cure }) => `${file}${path}: ${message} ${cure}`).join('\n'));
  }
  const { tenant, passTypes } = read.folder;
  const chosen = passTypes.filter(({ design }) => options.type === undefined || design.name === options.type);
  if (chosen.length === 0) {
    const names = passTypes.map(({ design }) => design.name);
    if (names.length === 0) throw new Error(`${folder} has no pass-types/<name>.json.`);
    throw new Error(`There is no pass type "${options.type}" in ${folder}. ${didYouMean(options.type!, names)}`);
  }
  return chosen.map(({ design, images }) => ({
    design,
    images,
    ownLanguage: tenant?.settings.language ?? 'en',
    timeZone: tenant?.settings.timeZone ?? null,
    brand: tenant?.name ?? design.organizationName,
    customers: sampleCustomers(design),
  }));
}

async function designsOfTenant(context: CliContext, tenantId: string, options: PreviewOptions): Promise<Loaded[]> {
  const sql = context.database().tenant(tenantId);
  const tenant = await getTenant(sql);
  if (!tenant) throw new Error(`"${tenantId}" is neither a folder nor a tenant.`);
  const names = (await listPassTypes(sql)).map(({ design }) => design.name);
  const wanted = options.type === undefined ? names : [options.type];
  return Promise.all(
    wanted.map(async (name): Promise<Loaded> => {
      const version = await findPassType(sql, name);
      if (!version) throw new Error(`There is no pass type "${name}". ${didYouMean(name, names)}`);
      const images = new Map<string, Buffer>();
      for (const [file, sha256] of Object.entries(version.images)) {
        const bytes = await getImage(sql, sha256);
        if (bytes) images.set(file, bytes);
      }
      const passes = await Promise.all(
        options.pass.map(async (serialNumber) => {
          const pass = await findPassView(sql, serialNumber);
          if (!pass) throw new Error(`There is no pass with the serial number ${serialNumber}.`);
          return sampleOfPass(pass, version.passTypeId);
        }),
      );
      const customers = passes.length > 0 ? passes : sampleCustomers(version.design);
      return {
        design: version.design,
        images,
        ownLanguage: tenant.settings.language,
        timeZone: tenant.settings.timeZone,
        brand: tenant.name,
        customers,
      };
    }),
  );
}

function chooseCustomers(loaded: Loaded, wanted: readonly string[]): SampleCustomer[] {
  return wanted.map((name) => {
    const found = loaded.customers.find((customer) => customer.name === name);
    if (found) return found;
    const names = loaded.customers.map((customer) => customer.name);
    throw new Error(`There is no sample customer "${name}". ${didYouMean(name, names)}`);
  });
}

/** The chosen customers, or the first one where none is chosen, with values of the caller's own. */
function withValues(
  design: PassTypeDesign,
  customers: readonly SampleCustomer[],
  set: readonly string[],
): SampleCustomer[] {
  const { values, problems, warnings } = coerceFields(design.fields, readAssignments([...set]), { mode: 'update' });
  const wrong = [...problems, ...warnings].map(({ pointer, message }) => `${pointer}: ${message}`);
  if (wrong.length > 0) throw new Error(`--set: ${wrong.join('; ')}`);
  const own = ({ name, data, atGoogle }: SampleCustomer): SampleCustomer => ({
    name: `${name}, ${set.join(', ')}`,
    data: apply(data),
    ...(atGoogle && { atGoogle: apply(atGoogle) }),
  });
  const apply = (data: SampleCustomer['data']): SampleCustomer['data'] =>
    Object.fromEntries(Object.entries({ ...data, ...values }).filter(([, value]) => value !== null));
  return customers.map(own);
}

/** The page of the chosen designs, and the images that it names by their address beside it. */
export async function makePreview(
  context: () => CliContext,
  source: string,
  options: PreviewOptions,
): Promise<PreviewFiles> {
  const now = new Date();
  const loaded = isFolder(source)
    ? await designsOfFolder(resolve(source), options)
    : await designsOfTenant(context(), source, options);
  const files = new Map<string, Buffer>();
  const sheets = loaded.flatMap((one) => {
    const { design, images } = one;
    const customers = options.customer.length > 0 ? chooseCustomers(one, options.customer) : one.customers;
    const chosen = options.customer.length + options.pass.length > 0;
    const shown =
      (options.set ?? []).length > 0
        ? withValues(design, chosen ? customers : customers.slice(0, 1), options.set!)
        : customers;
    const languages = options.language.length > 0 ? options.language : languagesOf(design, one.ownLanguage);
    const imageUrl = (name: string): string | undefined => {
      const bytes = images.get(name);
      if (!bytes) return undefined;
      const address = `images/${design.name}/${name}`;
      files.set(address, bytes);
      return encodeURI(address);
    };
    const made = previewDesign(
      { design, imageUrl, now, publicUrl: PUBLIC_URL, timeZone: one.timeZone, ownLanguage: one.ownLanguage },
      shown,
      languages,
    );
    return made.map((sheet) => ({ ...sheet, customer: `${design.name}: ${sheet.customer}` }));
  });
  const names = loaded.map(({ design }) => design.name).join(', ');
  const { html } = previewPage({ heading: `Preview of ${names}`, brand: loaded[0]!.brand, sheets });
  return { html, files };
}

/** Writes index.html and the images; returns the path of the page. */
export async function writePreview(folder: string, { html, files }: PreviewFiles): Promise<string> {
  for (const [address, bytes] of files) {
    const file = join(folder, address);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  await mkdir(folder, { recursive: true });
  const index = join(folder, 'index.html');
  await writeFile(index, html);
  return index;
}
