/** Draws the images of the demo tenant: `node --import tsx scripts/draw-demo-images.ts`. The PNGs are committed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { crc32 } from '../src/wallets/apple/crc32.js';

type Colour = readonly [red: number, green: number, blue: number, alpha: number];
/** Colour of a point; `x` and `y` in points of the @1x image. */
type Shader = (x: number, y: number) => Colour;

const SAMPLES = 3;
const hex = (text: string, alpha = 1): Colour => [
  ...([1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as [number, number, number]),
  alpha,
];
const mix = (a: Colour, b: Colour, t: number): Colour => {
  const at = Math.min(1, Math.max(0, t));
  return [0, 1, 2, 3].map((index) => a[index]! + (b[index]! - a[index]!) * at) as unknown as Colour;
};
/** `over` painted on `under` with its alpha. */
const paint = (under: Colour, over: Colour): Colour => {
  const mixed = mix(under, [over[0], over[1], over[2], 1], over[3]);
  return [mixed[0], mixed[1], mixed[2], over[3] + under[3] * (1 - over[3])];
};

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body) >>> 0, 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** PNG of the shader at a scale; the "up" filter packs vertical gradients best. */
function png(width: number, height: number, scale: number, shade: Shader): Buffer {
  const [columns, rows] = [width * scale, height * scale];
  const stride = columns * 4;
  const raw = Buffer.alloc(rows * (stride + 1));
  let above = Buffer.alloc(stride);
  for (let row = 0; row < rows; row++) {
    const line = Buffer.alloc(stride);
    for (let column = 0; column < columns; column++) {
      const sum = [0, 0, 0, 0];
      for (let sample = 0; sample < SAMPLES * SAMPLES; sample++) {
        const x = (column + ((sample % SAMPLES) + 0.5) / SAMPLES) / scale;
        const y = (row + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / scale;
        const [red, green, blue, alpha] = shade(x, y);
        sum[0]! += red * alpha;
        sum[1]! += green * alpha;
        sum[2]! += blue * alpha;
        sum[3]! += alpha;
      }
      const alpha = sum[3]! || 1;
      line.set([sum[0]! / alpha, sum[1]! / alpha, sum[2]! / alpha].map(Math.round), column * 4);
      line[column * 4 + 3] = Math.round((sum[3]! / (SAMPLES * SAMPLES)) * 255);
    }
    raw[row * (stride + 1)] = 2;
    for (let at = 0; at < stride; at++) raw[row * (stride + 1) + 1 + at] = (line[at]! - above[at]!) & 0xff;
    above = line;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(columns, 0);
  header.writeUInt32BE(rows, 4);
  header.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** 1 inside a coffee bean of this half length around a centre, 0 outside and along its curved cut. */
function bean(x: number, y: number, centreX: number, centreY: number, size: number, angle: number): boolean {
  const [dx, dy] = [x - centreX, y - centreY];
  const along = dx * Math.cos(angle) + dy * Math.sin(angle);
  const across = -dx * Math.sin(angle) + dy * Math.cos(angle);
  if ((along / size) ** 2 + (across / (size * 0.68)) ** 2 > 1) return false;
  const cut = Math.sin((along / size) * Math.PI) * size * 0.16;
  return Math.abs(across - cut) > size * 0.07;
}

interface Palette {
  sky: [top: Colour, bottom: Colour];
  sun: Colour;
  hills: Colour[];
}

/** Hills at dawn: a gradient sky, a sun with a halo, ridges that grow darker towards the viewer. */
const landscape =
  (palette: Palette): Shader =>
  (x, y) => {
    let colour = mix(palette.sky[0], palette.sky[1], y / 120);
    const distance = Math.hypot(x - 292, y - 56);
    colour = paint(colour, [...(palette.sun.slice(0, 3) as [number, number, number]), 0.5 * Math.exp(-distance / 46)]);
    if (distance < 25) colour = palette.sun;
    palette.hills.forEach((hill, index) => {
      const ridge =
        70 +
        index * 18 +
        Math.sin(x / (74 - index * 9) + index * 2.3) * (15 - index * 2) +
        Math.sin(x / 29 + index * 4.1) * 3.4;
      if (y > ridge) colour = mix(hill, palette.hills[index + 1] ?? hill, ((y - ridge) / 60) * 0.35);
    });
    return colour;
  };

const PALETTES: Record<string, Palette> = {
  bronze: {
    sky: [hex('#7d4f35'), hex('#e8b183')],
    sun: hex('#ffe6c4'),
    hills: [hex('#b87a52'), hex('#94593a'), hex('#754329'), hex('#5b3a29')],
  },
  silver: {
    sky: [hex('#55646d'), hex('#cfdae0')],
    sun: hex('#ffffff'),
    hills: [hex('#93a5ae'), hex('#748790'), hex('#58696f'), hex('#424d54')],
  },
  gold: {
    sky: [hex('#1c1a17'), hex('#8a6a2c')],
    sun: hex('#f6d98e'),
    hills: [hex('#6b5122'), hex('#4d3b1c'), hex('#332a1a'), hex('#1c1a17')],
  },
  platinum: {
    sky: [hex('#141a26'), hex('#61769e')],
    sun: hex('#eaf1ff'),
    hills: [hex('#4a5d83'), hex('#354463'), hex('#232e45'), hex('#141a26')],
  },
};

const CLEAR: Colour = [255, 255, 255, 0];
const mark =
  (size: number, background: (x: number, y: number) => Colour, ink: Colour): Shader =>
  (x, y) =>
    bean(x, y, size * 0.5, size * 0.52, size * 0.34, -0.9) ? ink : background(x, y);

/** A square with rounded corners in a diagonal gradient. */
const tile =
  (size: number, radius: number, from: Colour, to: Colour): Shader =>
  (x, y) => {
    const [dx, dy] = [x, y].map((at) => Math.max(0, Math.abs(at - size / 2) - (size / 2 - radius))) as [number, number];
    return Math.hypot(dx, dy) > radius ? CLEAR : mix(from, to, (x + y) / (2 * size));
  };

const TYPES = {
  basic: { strips: ['bronze', 'silver'], from: hex('#a4683f'), to: hex('#5b3a29'), ink: hex('#fff3e2') },
  premium: { strips: ['gold', 'platinum'], from: hex('#3a3226'), to: hex('#14120f'), ink: hex('#e7c474') },
};

for (const [type, { strips, from, to, ink }] of Object.entries(TYPES)) {
  const folder = join('tenants/demo/pass-types', type);
  mkdirSync(folder, { recursive: true });
  for (const scale of [1, 2, 3]) {
    const write = (name: string, bytes: Buffer): void =>
      writeFileSync(join(folder, `${name}${scale === 1 ? '' : `@${scale}x`}.png`), bytes);
    write('icon', png(29, 29, scale, mark(29, tile(29, 6, from, to), ink)));
    write('logo', png(50, 50, scale, mark(50, tile(50, 25, from, to), ink)));
    for (const tier of strips) write(`strip-${tier}`, png(375, 144, scale, landscape(PALETTES[tier]!)));
  }
}
