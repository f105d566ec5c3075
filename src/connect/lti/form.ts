import type { AppContext } from "../../platform/http/context.ts";

/** Bytes of a form of a launch: its token may carry a tool's whole settings. */
const MAX_FORM = 100_000;

/** The fields of a form that a browser sends; null for what is too large or no such form. Of a name that stands twice, the last. */
export async function formOf(c: AppContext): Promise<Record<string, string> | null> {
  const fields = await fieldsOf(c);
  return fields === null ? null : Object.fromEntries(fields);
}

/** The same with every value of a name. */
export async function fieldsOf(c: AppContext): Promise<URLSearchParams | null> {
  if (c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase() !== "application/x-www-form-urlencoded") {
    return null;
  }
  let text = "";
  let size = 0;
  const decoder = new TextDecoder();
  for await (const part of c.req.raw.body ?? []) {
    size += part.byteLength;
    if (size > MAX_FORM) return null;
    text += decoder.decode(part, { stream: true });
  }
  return new URLSearchParams(text + decoder.decode());
}
