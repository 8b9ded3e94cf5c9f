/** One message of PostgreSQL's protocol. */
export interface Frame {
  /** Its type letter; empty for the first message of a client, which has none. */
  readonly type: string;
  readonly body: Buffer;
  /** As it came. */
  readonly bytes: Buffer;
}

/** Cuts a stream into messages; what is incomplete waits for the next chunk. */
export function createFrameReader(side: 'client' | 'server'): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  let untyped = side === 'client';
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const head = untyped ? 0 : 1;
      if (rest.length < head + 4) return frames;
      const length = head + rest.readUInt32BE(head);
      if (rest.length < length) return frames;
      const bytes = rest.subarray(0, length);
      frames.push({ type: untyped ? '' : String.fromCharCode(bytes[0]!), body: bytes.subarray(head + 4), bytes });
      rest = rest.subarray(length);
      untyped = false;
    }
  };
}
