import { env } from "cloudflare:workers";
import { z } from "zod";
import { runDetail, runView, sourceView } from "../../../src/people/rosters/views.ts";
import type { Role } from "../../../src/platform/roles.ts";
import { zipOf } from "../../support/courses/archives.ts";
import { AUTHOR, deliver } from "../../support/worker/courses.ts";
import { API, call, read, tokenOf } from "../../support/worker/http.ts";
import { sendBytes } from "../files/support.ts";

export const run = z.strictObject(runView.shape);
export const detail = z.strictObject(runDetail.shape);
export const source = z.strictObject(sourceView.shape);
export type Detail = z.output<typeof detail>;

export interface Place {
  id: string;
  person: string;
  class?: string;
  role?: string;
  status?: string;
}

/** A OneRoster archive of the people who are named in its places, with their addresses. */
export function oneRoster(
  places: readonly Place[],
  {
    mode = "bulk",
    agents = {},
    guardians = [],
  }: { mode?: string; agents?: Record<string, string>; guardians?: string[] } = {},
): Uint8Array<ArrayBuffer> {
  const people = [...new Set([...places.map(({ person }) => person), ...guardians])];
  const stamp = mode === "delta" ? "2026-11-30T00:00:00Z" : "";
  const user = (id: string) => {
    const role = guardians.includes(id) ? "guardian" : "student";
    return `${id},${mode === "delta" ? "active" : ""},${stamp},true,${role},${id}@example.org,${agents[id] ?? ""}`;
  };
  const place = ({
    id,
    person,
    class: group = "k-1",
    role = "student",
    status = mode === "delta" ? "active" : "",
  }: Place) => `${id},${status},${stamp},${group},${person},${role}`;
  const lines = (...rows: readonly string[]) => `${rows.join("\r\n")}\r\n`;
  return zipOf({
    "manifest.csv": lines(
      "propertyName,value",
      "manifest.version,1.0",
      "oneroster.version,1.1",
      `file.users,${mode}`,
      `file.enrollments,${mode}`,
      `file.classes,${mode === "delta" ? "absent" : "bulk"}`,
      "file.demographics,bulk",
    ),
    "users.csv": lines("sourcedId,status,dateLastModified,enabledUser,role,email,agentSourcedIds", ...people.map(user)),
    "enrollments.csv": lines(
      "sourcedId,status,dateLastModified,classSourcedId,userSourcedId,role",
      ...places.map(place),
    ),
    "demographics.csv": lines("sourcedId,birthDate", "x,2012-01-01"),
    ...(mode === "delta" ? {} : { "classes.csv": lines("sourcedId,title", "k-1,Class 1", "k-2,Class 2") }),
  });
}

export async function setSource(slug: string, name: string, body: object, user = AUTHOR, role: Role = "author") {
  return call("PUT", `/courses/${slug}/roster/sources/${name}`, { token: await tokenOf(user, role), body });
}

export async function sent(slug: string, name: string, bytes: Uint8Array, type = "application/zip", user = AUTHOR) {
  return sendBytes("POST", `${API}/courses/${slug}/roster/sources/${name}/files`, bytes, {
    authorization: `Bearer ${await tokenOf(user, "author")}`,
    "content-type": type,
    "content-length": String(bytes.byteLength),
  });
}

/** Does what is next of a run, and what follows from it at once. */
export const workOn = (id: string) => deliver("latchkey-imports", [{ type: "roster", id }]);

export async function seen(slug: string, id: string): Promise<Detail> {
  return read(
    await call("GET", `/courses/${slug}/roster/runs/${id}`, { token: await tokenOf(AUTHOR, "author") }),
    200,
    detail,
  );
}

/** Sends a file and has it read. */
export async function planned(slug: string, name: string, bytes: Uint8Array, type?: string): Promise<Detail> {
  const { id } = await read(await sent(slug, name, bytes, type), 202, run);
  await workOn(id);
  return seen(slug, id);
}

export async function confirm(slug: string, id: string, body: object = {}) {
  return call("POST", `/courses/${slug}/roster/runs/${id}/confirm`, { token: await tokenOf(AUTHOR, "author"), body });
}

/** Confirms a run and has it carried out. */
export async function applied(slug: string, id: string, body?: object): Promise<Detail> {
  await read(await confirm(slug, id, body), 202, run);
  await workOn(id);
  return seen(slug, id);
}

export async function account(id: string, isVerified: boolean): Promise<void> {
  await env.DB.prepare(
    "INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES (?, ?, ?, ?, 1, 1)",
  )
    .bind(id, `Name of ${id}`, `${id}@example.org`, isVerified ? 1 : 0)
    .run();
}

/** Active learners of a course with their cohorts, as D1 has them. */
export async function learnersOf(slug: string): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const database of [env.DB, env.DB_SHARD_2]) {
    const { results } = await database
      .prepare("SELECT user_id, policy FROM enrollments WHERE course_slug = ? AND status = 'active' ORDER BY user_id")
      .bind(slug)
      .all<{ user_id: string; policy: string }>();
    for (const { user_id, policy } of results) {
      const { cohorts } = z.looseObject({ cohorts: z.array(z.string()).default([]) }).parse(JSON.parse(policy || "{}"));
      rows[user_id] = cohorts;
    }
  }
  return rows;
}
