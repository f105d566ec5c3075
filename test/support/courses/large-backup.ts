import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { createTarPacker } from "modern-tar";
import { backupOf } from "./moodle-backup.ts";

interface Size {
  activities: number;
  /** Bytes of random files, which no packing makes smaller. */
  noise: number;
  /** Bytes of files that pack to almost nothing. */
  empty: number;
}

/** Activities of one section. */
const EACH = 20;
/** Text of one page, characters. */
const TEXT = 8_000;
const MAX_FILE = 10_000_000;
/** Most bytes that are random at once. */
const MAX_RANDOM = 65_536;

/** Writes a Moodle backup of any size, as a gzip'd tar, without holding it. Each page waits for the one before it. */
export async function writeLargeBackup(path: string, { activities, noise, empty }: Size): Promise<void> {
  const { readable, controller } = createTarPacker();
  const add = async (name: string, body: Uint8Array): Promise<void> => {
    const writer = controller.add({ name, size: body.length, type: "file" }).getWriter();
    await writer.write(body);
    await writer.close();
  };
  const addFiles = async (bytes: number, fill: (body: Uint8Array<ArrayBuffer>) => void): Promise<void> => {
    for (let left = bytes; left > 0; left -= MAX_FILE) {
      const body = new Uint8Array(Math.min(left, MAX_FILE));
      fill(body);
      new DataView(body.buffer).setUint32(0, left);
      const hash = createHash("sha1").update(body).digest("hex");
      await add(`files/${hash.slice(0, 2)}/${hash}`, body);
    }
  };
  const fill = async (): Promise<void> => {
    for (const [name, content] of Object.entries(pages(activities))) await add(name, Buffer.from(content));
    await addFiles(noise, (body) => {
      for (let at = 0; at < body.length; at += MAX_RANDOM) crypto.getRandomValues(body.subarray(at, at + MAX_RANDOM));
    });
    await addFiles(empty, () => undefined);
    controller.finalize();
  };
  const packed = pipeline(() => pieces(readable), createGzip({ level: 1 }), createWriteStream(path));
  await Promise.all([fill(), packed]);
}

async function* pieces(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function pages(activities: number) {
  const sections = Array.from({ length: Math.ceil(activities / EACH) }, (_, i) => ({
    id: i + 1,
    number: i,
    sequence: Array.from({ length: Math.min(EACH, activities - i * EACH) }, (_, j) => i * EACH + j + 1),
  }));
  const text = `<content>${"&lt;p&gt;What is read here&lt;/p&gt; ".repeat(TEXT / 35)}</content>`;
  return backupOf(
    "4.5.6 (Build: 20250811)",
    sections,
    Array.from({ length: activities }, (_, i) => ({
      id: i + 1,
      section: Math.floor(i / EACH) + 1,
      completion: 1,
      own: text,
      ...(i === 0 ? {} : { availability: { op: "&", c: [{ type: "completion", cm: i, e: 1 }], showc: [true] } }),
    })),
  );
}
