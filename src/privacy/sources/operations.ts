import { directory } from "../../platform/database/shards.ts";
import { wholeUserId } from "../../platform/ids.ts";
import { NOBODY, type PersonalDataSource } from "../source.ts";
import { answersPage, dropAnswer, dropLetter, lettersPage } from "../statements/operations.ts";

/** Rows read by one statement. */
const PAGE = 1_000;

/**
 * Copies made while the service runs: answers kept for repeated requests, and dead letters. They repeat data of other
 * sources, so nothing is exported from here.
 */
export const operationsSource: PersonalDataSource = {
  name: "operations",
  async holds(env, user) {
    const names = naming(user);
    // An answer that refuses another user's request about an id holds nothing about anybody.
    const isHeld = ({ scope, body, status }: Answer) =>
      scope.startsWith(`${user} `) || (status !== null && status < 400 && names.test(body ?? ""));
    for await (const answer of answersNaming(directory(env), user, names)) if (isHeld(answer)) return true;
    for await (const _letter of lettersNaming(directory(env), user, names)) return true;
    return false;
  },
  // The same people are where these rows were copied from, or on their way there.
  people: async () => NOBODY,
  async *export() {},
  async erase(env, user) {
    const names = naming(user);
    for await (const { scope, key } of answersNaming(directory(env), user, names)) {
      await dropAnswer(directory(env), scope, key).run();
    }
    for await (const id of lettersNaming(directory(env), user, names)) {
      await dropLetter(directory(env), id).run();
    }
    return "done";
  },
};

interface Answer {
  scope: string;
  key: string;
  status: number | null;
  body: string | null;
}

type Naming = Pick<RegExp, "test">;

/** Finds an id as a whole, not as a part of a longer id; in an address it may be percent-encoded. */
function naming(user: string): Naming {
  const [plain, encoded] = [wholeUserId(user), wholeUserId(encodeURIComponent(user))];
  return { test: (text) => plain.test(text) || encoded.test(text) };
}

// Both tables are read by their keys, a page at a time: no index has the users that their rows name.

/** Stored answers that name a user, in the order of their keys. The caller may remove them meanwhile. */
async function* answersNaming(db: D1Database, user: string, names: Naming): AsyncIterable<Answer> {
  let after = { scope: "", key: "" };
  for (;;) {
    const { results } = await answersPage(
      db,
      user,
      after.scope,
      after.key,
      PAGE,
      encodeURIComponent(user),
    ).all<Answer>();
    for (const answer of results) {
      if (answer.body !== null && names.test(`${answer.scope} ${answer.body}`)) yield answer;
    }
    const last = results.at(-1);
    if (last === undefined || results.length < PAGE) return;
    after = last;
  }
}

/** Ids of the dead letters that name a user. */
async function* lettersNaming(db: D1Database, user: string, names: Naming): AsyncIterable<string> {
  let after = "";
  for (;;) {
    const { results } = await lettersPage(db, user, after, PAGE).all<{ id: string; text: string | null }>();
    for (const { id, text } of results) if (text !== null && names.test(text)) yield id;
    const last = results.at(-1);
    if (last === undefined || results.length < PAGE) return;
    after = last.id;
  }
}
