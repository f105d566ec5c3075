import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { ImportedPeople } from "../../../src/courses/importers/format.ts";
import { mapPeopleTo, type RosterRow } from "../../../src/courses/importers/people.ts";
import { Insistence } from "./insistence.ts";
import { sendFacts } from "./learners.ts";
import { Progress } from "./progress.ts";
import { ImportError, reason, refused, say } from "./report.ts";
import { clientFor, type Server } from "./server.ts";

/** Rows of one call. */
const ROWS_PER_CALL = 1_000;
/** Time between two lines of progress, milliseconds. */
const EVERY_MS = 2_000;
/** Most names printed that nobody has. */
const MAX_SHOWN = 10;

const mappingSchema = z.record(z.string(), z.string());
const enrolledSchema = z.looseObject({ results: z.array(z.looseObject({ outcome: z.string() })) });

/**
 * Reads whom an author has named: a JSON object, or lines of `name,user`, by which the source's user names or e-mail
 * addresses become ids of users here.
 * @throws ImportError
 */
export async function readMapping(file: string): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(file, "utf8").catch((fault: unknown) => {
    throw new ImportError(`${file} cannot be read: ${reason(fault)}.`);
  });
  if (text.trimStart().startsWith("{")) {
    const parsed = z.string().transform(jsonOrNull).pipe(mappingSchema).safeParse(text);
    if (!parsed.success) throw new ImportError(`${file} is no JSON object of names and user ids.`);
    return new Map(Object.entries(parsed.data));
  }
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return new Map(
    lines.map((line, at) => {
      const [name = "", user = "", ...rest] = line.split(",").map((part) => part.trim());
      if (name === "" || user === "" || rest.length > 0) {
        throw new ImportError(`${file}: line ${at + 1} is not a name and a user id.`);
      }
      return [name, user];
    }),
  );
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Says whom a mapping takes along, and sends them where `server` is given. */
export async function sendPeople(
  people: ImportedPeople,
  mapping: ReadonlyMap<string, string>,
  course: string,
  server: Server | null,
): Promise<void> {
  const { roster, facts, unnamed, unknown } = mapPeopleTo(people, mapping);
  say(`people   ${roster.length} learners are named; ${unnamed} are not named and not imported; ${facts.length} facts`);
  for (const name of unknown.slice(0, MAX_SHOWN)) say(`  ! nobody in the source is called ${name}`);
  if (unknown.length > MAX_SHOWN) say(`  ! and ${unknown.length - MAX_SHOWN} more`);
  if (server === null) return;
  const author = new Insistence(await clientFor(server, "admin"), server.url, "");
  const service = new Insistence(await clientFor(server, "service"), server.url, "");
  const outcomes = new Map<string, number>();
  for (let at = 0; at < roster.length; at += ROWS_PER_CALL) {
    for (const outcome of await enroll(author, course, roster.slice(at, at + ROWS_PER_CALL))) {
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  }
  say(`enroll   ${counted(outcomes)}`);
  const progress = new Progress("facts", facts.length, EVERY_MS);
  // Its timer would keep the command running for ever.
  const sent = await sendFacts(service, facts, progress).finally(() => progress.end());
  say(`facts    ${counted(Object.entries(sent.outcomes))}`);
}

async function enroll(author: Insistence, course: string, enrollments: readonly RosterRow[]): Promise<string[]> {
  const answer = await author.post(`/api/v1/courses/${course}/enrollments/batch`, { enrollments });
  if (answer.status >= 300) throw refused("Enrolling", answer);
  return enrolledSchema.parse(answer.body).results.map(({ outcome }) => outcome);
}

function counted(outcomes: Iterable<readonly [string, number]>): string {
  return [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(", ") || "nothing";
}
