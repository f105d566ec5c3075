import type { SignedHead, SignedPurge } from "./contract.ts";

/** Digits of a number in an object's name, so that names sort as numbers do. */
const DIGITS = 10;

/**
 * The place of heads and purge records. An operator can lock this prefix of the bucket, so that nobody changes them.
 */
const prefixOf = (kind: "heads" | "purges", chain: string) => `audit/${chain}/${kind}/`;

/**
 * Stores a signed statement, but never replaces another one.
 * @returns false when another statement has this number already.
 */
export async function storeStatement(
  bucket: R2Bucket,
  kind: "heads" | "purges",
  statement: SignedHead | SignedPurge,
): Promise<boolean> {
  const key = `${prefixOf(kind, statement.chain)}${String(statement.number).padStart(DIGITS, "0")}.json`;
  const body = JSON.stringify(statement);
  const stored = await bucket.put(key, body, {
    onlyIf: new Headers({ "if-none-match": "*" }),
    httpMetadata: { contentType: "application/json" },
    // The statement is stored a second time as metadata of its object: one listing then reads a thousand of them.
    customMetadata: { statement: body },
  });
  if (stored !== null) return true;
  const existing = await bucket.get(key);
  // It was stored by an earlier try whose answer was lost.
  return (await existing?.text()) === body;
}

/** Every statement of a kind after a number, in order. What cannot be read is null. */
export async function listStatements(
  bucket: R2Bucket,
  kind: "heads" | "purges",
  chain: string,
  after: number,
): Promise<{ number: number; body: unknown }[]> {
  const prefix = prefixOf(kind, chain);
  const found: { number: number; body: unknown }[] = [];
  let startAfter = `${prefix}${String(after).padStart(DIGITS, "0")}.json`;
  for (;;) {
    const page = await bucket.list({ prefix, startAfter, include: ["customMetadata"] });
    for (const { key, customMetadata } of page.objects) {
      startAfter = key;
      found.push({ number: Number.parseInt(key.slice(prefix.length), 10), body: parse(customMetadata?.statement) });
    }
    if (!page.truncated || page.objects.length === 0) return found;
  }
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null; // whoever reads it finds that it is no statement
  }
}
