import { zipSync } from "fflate";
import { packTar } from "modern-tar";

/** Files by path; text is written as UTF-8. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

const bytesOf = (content: string | Uint8Array) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

/** Bytes as a Blob takes them in every runtime. */
type Bytes = Uint8Array<ArrayBuffer>;

export function zipOf(files: Files): Bytes {
  const packed = zipSync(Object.fromEntries(Object.entries(files).map(([path, content]) => [path, bytesOf(content)])));
  return new Uint8Array(packed);
}

export function tarOf(files: Files): Promise<Bytes> {
  return packTar(
    Object.entries(files).map(([name, content]) => {
      const body = bytesOf(content);
      return { header: { name, size: body.length, type: "file" as const }, body };
    }),
  );
}

export async function tgzOf(files: Files): Promise<Bytes> {
  return gzipOf(await tarOf(files));
}

export async function gzipOf(bytes: Bytes): Promise<Bytes> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Text in UTF-16 with its mark. */
export function utf16(text: string, isLittle: boolean): Bytes {
  const view = new DataView(new ArrayBuffer(2 * text.length + 2));
  view.setUint16(0, 0xfeff, isLittle);
  for (let i = 0; i < text.length; i += 1) view.setUint16(2 * i + 2, text.charCodeAt(i), isLittle);
  return new Uint8Array(view.buffer);
}
