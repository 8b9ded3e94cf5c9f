import { PNG } from 'pngjs';

const SIDE = 32;
const CARD = { left: 2, top: 6, right: 29, bottom: 25, stripeBottom: 15 };
const CARD_COLOUR = [0x4a, 0x55, 0x68, 0xff];
const STRIPE_COLOUR = [0xcb, 0xd5, 0xe0, 0xff];

function drawCard(): Buffer {
  const png = new PNG({ width: SIDE, height: SIDE });
  for (let y = CARD.top; y <= CARD.bottom; y += 1) {
    const colour = y >= CARD.top + 5 && y < CARD.stripeBottom ? STRIPE_COLOUR : CARD_COLOUR;
    const isEdge = y === CARD.top || y === CARD.bottom;
    for (let x = CARD.left + (isEdge ? 1 : 0); x <= CARD.right - (isEdge ? 1 : 0); x += 1)
      png.data.set(colour, (y * SIDE + x) * 4);
  }
  return PNG.sync.write(png);
}

/** An icon of no brand, a card, as an ICO file that holds one PNG. Every browser asks for it. */
export function drawFavicon(): Buffer {
  const png = drawCard();
  const header = Buffer.alloc(22);
  header.writeUInt16LE(1, 2); // An icon.
  header.writeUInt16LE(1, 4); // One image.
  header.writeUInt8(SIDE, 6);
  header.writeUInt8(SIDE, 7);
  header.writeUInt16LE(1, 10); // Planes.
  header.writeUInt16LE(32, 12); // Bits of a pixel.
  header.writeUInt32LE(png.length, 14);
  header.writeUInt32LE(header.length, 18);
  return Buffer.concat([header, png]);
}
