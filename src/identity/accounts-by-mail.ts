import { sql } from "drizzle-orm";
import { jsonSet, oneBatch } from "../platform/database/batches.ts";
import type { Database } from "../platform/database/counted.ts";

/** Addresses looked for by one statement. */
const PAGE = 1_000;

/** An account that has an address, and whether its owner has shown that they read what is sent there. */
export interface AddressOwner {
  id: string;
  isVerified: boolean;
}

/** Accounts by their e-mail addresses. @param emails in lower case. */
export async function accountsByMail(db: Database, emails: readonly string[]): Promise<Map<string, AddressOwner>> {
  const found = new Map<string, AddressOwner>();
  for (let at = 0; at < emails.length; at += PAGE) {
    const set = jsonSet(oneBatch(emails.slice(at, at + PAGE)));
    const rows = await db.all<{ id: string; email: string; email_verified: number }>(
      sql`SELECT id, email, email_verified FROM users WHERE email IN (SELECT value FROM ${set})`,
    );
    for (const { id, email, email_verified } of rows) found.set(email, { id, isVerified: email_verified === 1 });
  }
  return found;
}
